// Programs that change a model's weights without training it.
// Knows no data: what they draw is fed.

import type { Graph } from '../../spec/graph/graph.js'
import { adapterNames } from '../../spec/plan/adapters.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder } from '../graph/builder.js'
import { simplify } from '../graph/simplify.js'

/** Feeds `noise/NAME` of each weight's shape; sets every weight to shrink · w + perturb · noise (arXiv 1910.08475). */
export function shrinkPerturbProgram(model: ModelPlan, { shrink, perturb }: { readonly shrink: number; readonly perturb: number }): Graph {
  const b = new GraphBuilder('shrink_perturb')
  for (const { name, shape } of model.weights) {
    const w = b.input(`w/${name}`, 'f32', shape, 'state')
    b.assign(w, b.add(b.mul(shrink, w), b.mul(perturb, b.input(`noise/${name}`, 'f32', shape))))
  }
  return simplify(b.build())
}

/** Sets every matrix beside which an adapter stands to W + scale · B A: without the adapter the model then computes the same. */
export function mergeAdapterProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('merge_adapter')
  const state = ({ name, shape }: ModelPlan['weights'][number]) => b.input(`w/${name}`, 'f32', shape, 'state')
  const plans = new Map(model.weights.map((plan) => [plan.name, plan]))
  for (const plan of model.weights) {
    const [down, up] = adapterNames(plan.name.replace(/\.weight$/, '')).map((name) => plans.get(name))
    if (!down || !up || !model.adapter) continue
    const w = state(plan)
    b.assign(w, b.add(w, b.mul(b.matmul(state(up), state(down)), model.adapter.scale)))
  }
  return simplify(b.build())
}
