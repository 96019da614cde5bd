// A transformer with one number for each text, read behind its last token: reward models.
// Norm and apply are those of every model (`programs.ts`); objectives arrive as the weights `dscore` of each text.

import type { Graph } from '../../spec/graph/graph.js'
import { VALUE_HEAD } from '../../spec/plan/heads.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import type { Chain } from '../graph/recompute.js'
import { simplify } from '../graph/simplify.js'
import { finalNorm, layerChain, Weights } from './forward.js'
import { accumulate, trainedOf } from './programs.js'
import { wholeRows } from './rows.js'
import { sizesOf } from './sizes.js'

/** Feeds tokens and positions i32 [B,T] (padded on the right), last i32 [B], the index of each text's last token; fetches score [B]. */
export function scorerProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('score')
  b.fetch('score', b.label(scores(b, model, new Weights(b, model)).score, 'score'))
  return simplify(b.build())
}

/** Feeds as `scorerProgram`, and dscore [B]; adds the gradient of Σ dscore·score to `g/*` and fetches score. */
export function scorerGradientProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('gradient')
  const weights = trainedOf(b, model)
  const { score, chain } = scores(b, model, weights)
  accumulate(b, model, weights, [score], [b.input('dscore', 'f32', score.shape)], sizesOf(model).recompute ? chain : undefined)
  b.fetch('score', b.label(score, 'score'))
  return simplify(b.build())
}

function scores(b: GraphBuilder, model: ModelPlan, weights: Weights): { readonly score: Value; readonly chain: Chain } {
  const sizes = sizesOf(model)
  const [tokens, positions] = ['tokens', 'positions'].map((name) => b.input(name, 'i32', ['B', 'T'])) as [Value, Value]
  const last = b.input('last', 'i32', ['B'])
  const rows = wholeRows(b, model, tokens, positions)
  const chain = layerChain(b, sizes, weights, tokens, rows.positions, rows.mix)
  // The row of the last token, as a product: only that one goes through the head.
  const chosen = b.squeeze(b.matmul(b.expandDims(b.oneHot(last, 'T'), 1), chain.points.at(-1) as Value), 1)
  const score = b.matmul(finalNorm(b, sizes, weights, chosen), weights.get(VALUE_HEAD), { transposeB: true })
  return { score: b.squeeze(score, 1), chain }
}
