// The same weights under a model whose programs are others: paths that do not see each other, other attention.

import { trainedWeights } from '../../../spec/plan/adapters.js'
import { lineage } from '../../../spec/plan/lineage.js'
import type { StageKind } from './stage.js'

export const sameWeights: StageKind = async (run) => {
  const { plan, stage } = run
  const before = await run.openModel(stage.inputs['policy'] ?? null)
  const model = lineage(plan)({ stage: stage.address, output: 'policy' })?.model
  if (!model) throw new RangeError(`the plan has no model for ${stage.address}`)
  // Under an adapter nothing changes, so it alone is handed on.
  const kept = new Set(trainedWeights(model).map(({ name }) => name))
  run.step(1, 1, {})
  return { metrics: {}, policies: { policy: { at: { ...before, model }, weights: before.weights.filter(({ name }) => kept.has(name)) } } }
}
