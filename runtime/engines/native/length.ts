// How many updates a stage makes whose length may be in epochs.
// Stages that draw experience count in steps and do not come here.

import { failure } from '../../codes.js'
import { number, optionalNumber, unit, written } from './attributes.js'
import type { StageRun } from './stage.js'
import type { StagePlan } from '../../../spec/plan/plan.js'
import type { HostError } from '../../host.js'

/** Where a stage of so many updates stops: at its end, or at `until`, as an earlier checkpoint of the same run. */
export const endOf = (stage: StagePlan, steps: number): number => Math.min(steps, optionalNumber(stage, 'until') ?? steps)

/** Length of the stage in updates; epochs need a dataset with an end. */
export async function stepsOf(run: StageRun, batch: number): Promise<number> {
  const length = number(run.stage, 'length')
  if (!countsEpochs(run.stage)) return length
  const data = run.stage.inputs['data'] ?? null
  const size = (await run.openDataset(data)).size
  if (size === Infinity) throw withoutEpoch(run.stage, written(data))
  return Math.max(1, Math.round((length * size) / batch))
}

/** Whether the length of a stage depends on how many rows there are. */
export const countsEpochs = (stage: StagePlan): boolean => stage.attributes['length'] !== undefined && unit(stage, 'length') === 'epochs'

/** RLP8007: `source` has no end. */
export function withoutEpoch({ address }: StagePlan, source: string): HostError {
  return failure('RLP8007', `\`${source}\` has no end, so an epoch of ${address} has no length`, 'give `length` in steps, or cut the data with `take`')
}
