// How many updates a stage makes whose length may be in epochs.
// Stages that draw experience count in steps and do not come here.

import { failure } from '../../codes.js'
import { number, unit, written } from './attributes.js'
import type { StageRun } from './stage.js'

/** Length of the stage in updates; epochs need a dataset with an end. */
export async function stepsOf(run: StageRun, batch: number): Promise<number> {
  const length = number(run.stage, 'length')
  if (unit(run.stage, 'length') !== 'epochs') return length
  const data = run.stage.inputs['data'] ?? null
  const size = (await run.openDataset(data)).size
  if (size === Infinity) throw failure('RLP8007', `\`${written(data)}\` has no end, so an epoch of ${run.stage.address} has no length`, 'give `length` in steps, or cut the data with `take`')
  return Math.max(1, Math.round((length * size) / batch))
}
