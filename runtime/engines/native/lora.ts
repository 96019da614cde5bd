// An adapter put on a policy: fresh matrices, or those of a folder in PEFT's format. Training it is training as ever: what stands still is in the model's plan.

import { resolve } from 'node:path'
import { lineage } from '../../../spec/plan/lineage.js'
import { trainedWeights } from '../../../spec/plan/adapters.js'
import { readForeignAdapter } from '../../checkpoint/adapter.js'
import { freshWeights } from '../../checkpoint/initialise.js'
import { threefry, randomKey } from '../../random.js'
import type { StageKind } from './stage.js'

export const lora: StageKind = async (run) => {
  const { plan, stage, root } = run
  const under = await run.openModel(stage.inputs['policy'] ?? null)
  const behind = lineage(plan)({ stage: stage.address, output: 'policy' })
  const model = behind?.model
  if (!model?.adapter) throw new RangeError(`the plan has no adapter for ${stage.address}`)
  const { start } = model.adapter
  // Of the stage, not of the seed alone: a model and its adapter often have the same seed.
  const [seed] = threefry(randomKey(stage.seed, stage.fingerprint, 'adapter'), 0, 0)
  const weights = start === null ? freshWeights({ ...model, weights: trainedWeights(model) }, seed) : readForeignAdapter(resolve(root, start), { ...model, adapter: model.adapter })
  run.step(1, 1, { trained: weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0) })
  return { metrics: {}, policies: { policy: { at: { ...under, model }, weights } } }
}
