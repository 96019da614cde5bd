// How strongly rows pull at the weights of a classifier: the norm of the gradient of their mean loss.
// Nothing is learned; the gradient goes where an optimiser would read it.

import { grid, take, VECTORS } from './batching.js'
import { vectorExamples } from './examples.js'
import { Model } from './model.js'
import { declareStates, graphsOf } from './programs.js'
import { everyRow } from './prompts.js'
import type { StageKind } from './stage.js'
import { vectorOf } from './vectors.js'

export const gradientNorm: StageKind = async (run) => {
  const at = await run.openModel(run.stage.inputs['model'] ?? null)
  const vectors = (await everyRow(run, 'rows')).map((drawn) => vectorOf(at.model, drawn))
  const model = await Model.open(run.executor, at, graphsOf(run.plan, run.stage))
  const { programs } = model
  for (const role of ['gradient', 'norm']) declareStates(programs.session, programs.graph(role), {})
  // The mean of −logp: each row weighs as much as any other.
  const slope = grid(vectors.length, 1)
  slope.values.fill(-1 / vectors.length)
  const temperature = Float32Array.of(1)
  for (const micro of vectorExamples(vectors, Math.min(VECTORS, vectors.length)).cut([...vectors.keys()])) {
    await programs.run('gradient', micro.sizes, { ...micro.feeds, temperature, dlogp: take(slope, micro) })
  }
  const norm = Number((await programs.run('norm', {}, {}))['norm']?.[0])
  model.close()
  run.step(1, 1, { norm, rows: vectors.length })
  return { metrics: { norm } }
}
