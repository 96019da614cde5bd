// Where a model looks: how much attention some tokens pay to tokens of two roles, in every head of every layer (AVAR, arXiv 2603.03825).
// Attention is linear in its values, so with marks of the roles in their place it gives the mass on each: the same kernels, the same gradient.

import type { Graph } from '../../spec/graph/graph.js'
import { ROLES } from '../../spec/plan/looks.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { simplify } from '../graph/simplify.js'
import { layerChain, Weights, type Mix } from './forward.js'
import { accumulate, fetchScores, scores, trainedOf } from './programs.js'
import { wholeRows } from './rows.js'
import { sizesOf, type TransformerSizes } from './sizes.js'

/** Below this mass on system tokens a ratio says nothing. */
const LEAST = 1e-6

/** Feeds `image`, `system` (1 at tokens of the role) and `queries` (1 at tokens that look), f32 [B,T]. */
class Looking {
  private readonly marks: readonly Value[]
  private readonly queries: Value
  /** Of each layer, [B,T,H,2]. */
  private readonly masses: Value[] = []

  constructor(
    private readonly b: GraphBuilder,
    private readonly sizes: TransformerSizes,
  ) {
    this.marks = ROLES.map((role) => b.input(role, 'f32', ['B', 'T']))
    const queries = b.input('queries', 'f32', ['B', 'T'])
    this.queries = b.div(queries, b.spread(b.max(b.reduceSum(queries, 1), 1), queries.shape, 1))
  }

  /** The same mixing of tokens, looked at. */
  watch(mix: Mix): Mix {
    const { b, sizes: { kvHeads, headSize } } = this
    const pair = b.concat(this.marks.map((mark) => b.expandDims(mark, 2)), 2)
    const values = b.spread(b.padAxis(pair, 2, 0, headSize - 2), ['B', 'T', kvHeads, headSize], 2)
    return (layer, q, k, v) => {
      this.masses[layer] = b.narrow(mix(layer, q, k, values), 3, 0, 2)
      return mix(layer, q, k, v)
    }
  }

  /** Mean attention from the looking tokens to those of each role, [B, heads of all layers]. */
  means(): Value[] {
    const { b, sizes: { heads } } = this
    const looked = this.masses.map((mass) => this.overQueries(b.mergeAxes(mass, 2, 3), 2 * heads)).map((sums) => b.splitAxis(sums, 1, heads))
    return this.marks.map((mark, role) => {
      const sums = b.concat(looked.map((layer) => b.squeeze(b.narrow(layer, 2, role, 1), 2)), 1)
      return b.div(sums, b.spread(b.max(b.reduceSum(mark, 1), 1), sums.shape, 1))
    })
  }

  /** Attention mass on image tokens over that on system tokens, in the mean over looking tokens and heads, [B, layers]. */
  ratios(): Value {
    const { b } = this
    const ratio = (mass: Value): Value => {
      const [image, system] = ROLES.map((_, role) => b.squeeze(b.narrow(mass, 3, role, 1), 3)) as [Value, Value]
      return this.overQueries(b.expandDims(b.mean(b.div(image, b.max(system, LEAST)), 2), 2), 1)
    }
    return b.concat(this.masses.map(ratio), 1)
  }

  /** x [B,T,n] → [B,n]. */
  private overQueries(x: Value, n: number): Value {
    return this.b.reshape(this.b.matmul(this.b.expandDims(this.queries, 1), x), ['B', n])
  }
}

/** Feeds tokens and positions i32 [B,T] and what `Looking` feeds; fetches image and system [B,HEAD], and ratio [B,LAYER]. */
export function lookProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('look')
  const sizes = sizesOf(model)
  const [tokens, positions] = ['tokens', 'positions'].map((name) => b.input(name, 'i32', ['B', 'T'])) as [Value, Value]
  const rows = wholeRows(b, model, tokens, positions)
  const looking = new Looking(b, sizes)
  layerChain(b, sizes, new Weights(b, model), tokens, rows.positions, looking.watch(rows.mix))
  looking.means().forEach((mean, role) => b.fetch(ROLES[role] as string, mean))
  b.fetch('ratio', looking.ratios())
  return simplify(b.build())
}

/** As `gradientProgram`, with the marks, and dimage and dsystem [B,HEAD]: adds the gradient of Σ dimage·image + dsystem·system as well. Holds the activations of all layers. */
export function lookingGradientProgram(model: ModelPlan, { entropy: withEntropy }: { readonly entropy: boolean }): Graph {
  const b = new GraphBuilder('gradient')
  const weights = trainedOf(b, model)
  const looking = new Looking(b, sizesOf(model))
  const found = scores(b, model, weights, { packed: false }, (mix) => looking.watch(mix))
  const { logp, entropy } = found
  const means = looking.means()
  const seeds = [b.input('dlogp', 'f32', logp.shape), ...(withEntropy ? [b.input('dentropy', 'f32', entropy.shape)] : []), ...means.map((mean, role) => b.input(`d${ROLES[role]}`, 'f32', mean.shape))]
  accumulate(b, model, weights, [logp, ...(withEntropy ? [entropy] : []), ...means], seeds)
  fetchScores(b, found)
  return simplify(b.build())
}
