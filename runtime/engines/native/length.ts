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
  const [problem] = withoutBatch(run.stage, size, written(data))
  if (problem) throw problem
  return Math.max(1, Math.round((length * size) / batch))
}

/** Whether the length of a stage depends on how many rows there are. */
export const countsEpochs = (stage: StagePlan): boolean => stage.attributes['length'] !== undefined && unit(stage, 'length') === 'epochs'

/** RLP8016: epochs of data that is smaller than one batch. Each update would read rows several times, and an epoch be part of an update. */
export function withoutBatch(stage: StagePlan, size: number, source: string): HostError[] {
  if (!countsEpochs(stage)) return []
  const batch = number(stage, 'batch')
  if (batch <= size) return []
  return [failure('RLP8016', `a batch of ${stage.address} has ${batch} rows, and \`${source}\` only ${size}`, `write a \`batch\` of at most ${size}, or give \`length\` in steps`)]
}

/** RLP8007: `source` has no end. */
export function withoutEpoch({ address }: StagePlan, source: string): HostError {
  return failure('RLP8007', `\`${source}\` has no end, so an epoch of ${address} has no length`, 'give `length` in steps, or cut the data with `take`')
}
