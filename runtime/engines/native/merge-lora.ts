// A policy with its adapter worked into its weights: the sum is the stage's program.

import { withoutAdapter } from '../../../spec/plan/adapters.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import { Model } from './model.js'
import { graphsOf } from './programs.js'
import type { StageKind } from './stage.js'

export const mergeLora: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const at = await run.openModel(stage.inputs['policy'] ?? null)
  const merged = withoutAdapter(at.model)
  if ('fault' in merged) throw new RangeError(`${stage.address}: ${merged.fault}`)
  const model = await Model.open(executor, at, graphsOf(plan, stage))
  await model.programs.run('merge_adapter', {}, {})
  const weights: StoredTensor[] = []
  for (const { name, shape } of merged.model.weights) weights.push({ name, shape, data: Float32Array.from(await model.programs.session.read(`w/${name}`)) })
  model.close()
  run.step(1, 1, { merged: at.model.weights.length - merged.model.weights.length })
  return { metrics: {}, policies: { policy: { at: { ...at, model: merged.model, weights: [] }, weights } } }
}
