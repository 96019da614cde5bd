// Shrink and perturb (arXiv 1910.08475): weights scaled down, and noise added. The sum is the stage's program; here the noise is drawn.

import { freshWeights } from '../../checkpoint/initialise.js'
import { randomKey, threefry } from '../../random.js'
import { attribute } from './attributes.js'
import { Model } from './model.js'
import { graphsOf } from './programs.js'
import type { StageKind } from './stage.js'

export const shrinkPerturb: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const at = await run.openModel(stage.inputs['model'] ?? null)
  const model = await Model.open(executor, at, graphsOf(plan, stage))
  const { weights } = at.model
  const drawn = attribute(stage, 'noise') === 'fresh' ? weights : weights.map((weight) => ({ ...weight, init: 'normal' as const, std: 1 }))
  // Of the stage, not of the seed alone: a model and its noise often have the same seed, and must not be the same numbers.
  const [seed] = threefry(randomKey(stage.seed, stage.fingerprint, 'noise'), 0, 0)
  const before = await norm(model)
  const noise = freshWeights({ ...at.model, weights: drawn }, seed)
  await model.programs.run('shrink_perturb', {}, Object.fromEntries(noise.map(({ name, data }) => [`noise/${name}`, data])))
  run.step(1, 1, { norm_before: before, norm: await norm(model) })
  const result = { metrics: {}, policies: { model: { at, weights: await model.weights() } } }
  model.close()
  return result
}

/** L2 norm of all weights. */
async function norm(model: Model): Promise<number> {
  let sum = 0
  for (const { data } of await model.weights()) for (const x of data) sum += x * x
  return Math.sqrt(sum)
}
