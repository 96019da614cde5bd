// A transformer with one number at every token in the place of a vocabulary: critics of policy optimisation.
// Norm and apply are those of every model (`programs.ts`); objectives arrive as the weights `dvalue` of each token.

import type { Graph } from '../../spec/graph/graph.js'
import { VALUE_HEAD } from '../../spec/plan/heads.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { simplify } from '../graph/simplify.js'
import { finalNorm, hiddenStates, Weights } from './forward.js'
import { accumulate } from './programs.js'
import { wholeRows } from './rows.js'
import { sizesOf } from './sizes.js'

/** Feeds tokens and positions i32 [B,T]; fetches value [B,T], what the model expects at each token. */
export function valueProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('value')
  b.fetch('value', values(b, model, new Weights(b, model)))
  return simplify(b.build())
}

/** Feeds as `valueProgram`, and dvalue [B,T]; adds the gradient of Σ dvalue·value to `g/*` and fetches value. */
export function valueGradientProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('value_gradient')
  const weights = new Weights(b, model)
  const value = values(b, model, weights)
  accumulate(b, model, weights, [value], [b.input('dvalue', 'f32', value.shape)])
  b.fetch('value', value)
  return simplify(b.build())
}

function values(b: GraphBuilder, model: ModelPlan, weights: Weights): Value {
  const sizes = sizesOf(model)
  const [tokens, positions] = ['tokens', 'positions'].map((name) => b.input(name, 'i32', ['B', 'T'])) as [Value, Value]
  const rows = wholeRows(b, model, tokens, positions)
  const hidden = finalNorm(b, sizes, weights, hiddenStates(b, sizes, weights, tokens, rows.positions, rows.mix))
  const flat = b.matmul(b.mergeAxes(hidden, 0, -2), weights.get(VALUE_HEAD), { transposeB: true })
  return b.reshape(flat, ['B', 'T'])
}
