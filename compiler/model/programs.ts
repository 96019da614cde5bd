// The training programs of a transformer: score, gradient, norm, apply (`spec/plan/README.md` says what each reads and writes).
// Does not know objectives: they arrive as the weights `dlogp` and `dentropy` of each token.

import type { Graph } from '../../spec/graph/graph.js'
import { trainedWeights } from '../../spec/plan/adapters.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { adamw, sgd, tokenLogprob, type AdamW, type Sgd, type TokenLogprob } from '../graph/composites.js'
import { gradient } from '../graph/gradient.js'
import { recomputedGradient, type Chain } from '../graph/recompute.js'
import { simplify } from '../graph/simplify.js'
import { finalNorm, headMatrix, layerChain, Weights, type Dropout, type Mix } from './forward.js'
import { wholeRows } from './rows.js'
import { sizesOf } from './sizes.js'

/** `packed`: rows hold several samples, told apart by `segments`. */
export interface RowOptions {
  readonly packed: boolean
}

/** Feeds tokens, targets, positions (and segments) i32 [B,T], temperature []; fetches logp and entropy [B,T] of each target. */
export function scoreProgram(model: ModelPlan, options: RowOptions): Graph {
  const b = new GraphBuilder('score')
  fetchScores(b, scores(b, model, new Weights(b, model), options))
  return simplify(b.build())
}

/**
 * Feeds as `score`, and dlogp [B,T] (and dentropy); adds the gradient of Σ dlogp·logp + dentropy·entropy to `g/*`.
 * Fetches logp and entropy as well, which cost nothing more.
 */
export function gradientProgram(model: ModelPlan, options: RowOptions & { readonly entropy: boolean }): Graph {
  const b = new GraphBuilder('gradient')
  const weights = trainedOf(b, model)
  const { chain, ...found } = scores(b, model, weights, options)
  addGradients(b, model, weights, { ...found, chain: sizesOf(model).recompute ? chain : undefined }, options.entropy)
  fetchScores(b, found)
  return simplify(b.build())
}

/** The weights of a model as training sees them: an adapter with its dropout. */
export const trainedOf = (b: GraphBuilder, model: ModelPlan): Weights => new Weights(b, model, model.adapter && model.adapter.dropout > 0 ? dropout(b, model.adapter.dropout) : undefined)

/**
 * Leaves out a share of the inputs of each adapter and scales the rest up. Feeds dropout0 and dropout1 u32 [], the key of one micro-batch;
 * the adapter's number and the place in its input decide the rest.
 */
function dropout(b: GraphBuilder, share: number): Dropout {
  const key = ['dropout0', 'dropout1'].map((name) => b.input(name, 'u32', [])) as [Value, Value]
  const numbers = new Map<string, number>()
  return (_, name, rows) => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    const [row, column] = [0, 1].map((axis) => b.cast(b.iota(rows.shape, axis), 'u32')) as [Value, Value]
    const place = b.add(column, b.constant(number * 2 ** 20, 'u32'))
    return b.where(b.lt(b.uniform(b.randomBits(...key, row, place)), share), 0, b.mul(rows, 1 / (1 - share)))
  }
}

/** Adds the gradient of Σ dlogp·logp (+ dentropy·entropy), fed in the shape of `logp`, to the states `g/*` of a model. */
export function addGradients(b: GraphBuilder, model: ModelPlan, weights: Weights, { logp, entropy, chain }: TokenLogprob & { readonly chain?: Chain | undefined }, withEntropy: boolean): void {
  const seeds = [b.input('dlogp', 'f32', logp.shape), ...(withEntropy ? [b.input('dentropy', 'f32', entropy.shape)] : [])]
  accumulate(b, model, weights, withEntropy ? [logp, entropy] : [logp], seeds, chain)
}

/** Adds the gradient of Σ seeds·outputs to the states `g/*` of a model. */
export function accumulate(b: GraphBuilder, model: ModelPlan, weights: Weights, outputs: readonly Value[], seeds: readonly Value[], chain?: Chain): void {
  const trained = trainedWeights(model)
  const wrt = trained.map(({ name }) => weights.get(name))
  const grads = chain ? recomputedGradient(b, outputs, seeds, wrt, chain) : gradient(b, outputs, seeds, wrt)
  trained.forEach(({ name, shape }, i) => {
    const sum = b.input(`g/${name}`, 'f32', shape, 'state')
    b.assign(sum, b.add(sum, grads[i] as Value))
  })
}

/** Fetches norm [], the L2 norm of the whole accumulated gradient. */
export function normProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('norm')
  const squares = trainedWeights(model).map(({ name, shape }) => b.reduceSum(b.square(b.input(`g/${name}`, 'f32', shape, 'state'))))
  b.fetch('norm', b.sqrt(squares.reduce((sum, square) => b.add(sum, square))))
  return simplify(b.build())
}

/** Feeds lr, clip_scale, bias1, bias2 []; one AdamW update of `w/*`, `m/*`, `v/*`; sets `g/*` to zero. Norms and biases do not decay. */
export function applyProgram(model: ModelPlan, optimizer: AdamW): Graph {
  const b = new GraphBuilder('apply')
  const scalar = (name: string): Value => b.input(name, 'f32', [])
  const step = { lr: scalar('lr'), clipScale: scalar('clip_scale'), bias1: scalar('bias1'), bias2: scalar('bias2') }
  for (const { name, shape, decay } of trainedWeights(model)) {
    const [w, g, m, v] = ['w', 'g', 'm', 'v'].map((state) => b.input(`${state}/${name}`, 'f32', shape, 'state')) as [Value, Value, Value, Value]
    const next = adamw(b, w, g, m, v, step, { ...optimizer, decay: decay ? optimizer.decay : 0 })
    b.assign(w, next.w)
    b.assign(m, next.m)
    b.assign(v, next.v)
    b.assign(g, b.zerosLike(g))
  }
  return simplify(b.build())
}

/** Feeds lr and clip_scale []; one update of `w/*` and the momentum `m/*` by gradient descent; sets `g/*` to zero. Norms and biases do not decay. */
export function descentProgram(model: ModelPlan, optimizer: Sgd): Graph {
  const b = new GraphBuilder('apply')
  const step = { lr: b.input('lr', 'f32', []), clipScale: b.input('clip_scale', 'f32', []) }
  for (const { name, shape, decay } of trainedWeights(model)) {
    const [w, g, m] = ['w', 'g', 'm'].map((state) => b.input(`${state}/${name}`, 'f32', shape, 'state')) as [Value, Value, Value]
    const next = sgd(b, w, g, m, step, { ...optimizer, decay: decay ? optimizer.decay : 0 })
    b.assign(w, next.w)
    b.assign(m, next.m)
    b.assign(g, b.zerosLike(g))
  }
  return simplify(b.build())
}

/** `around` sees, and may change, how tokens are mixed. */
export function scores(b: GraphBuilder, model: ModelPlan, weights: Weights, { packed }: RowOptions, around: (mix: Mix) => Mix = (mix) => mix): TokenLogprob & { readonly chain: Chain } {
  const sizes = sizesOf(model)
  const [tokens, targets, positions] = ['tokens', 'targets', 'positions'].map((name) => b.input(name, 'i32', ['B', 'T'])) as [Value, Value, Value]
  const rows = wholeRows(b, model, tokens, positions, packed ? b.input('segments', 'i32', ['B', 'T']) : undefined)
  const chain = layerChain(b, sizes, weights, tokens, rows.positions, around(rows.mix))
  const hidden = finalNorm(b, sizes, weights, chain.points.at(-1) as Value)
  return { ...tokenLogprob(b, hidden, headMatrix(sizes, weights), targets, b.input('temperature', 'f32', [])), chain }
}

export function fetchScores(b: GraphBuilder, { logp, entropy }: TokenLogprob): void {
  b.fetch('logp', b.label(logp, 'logp'))
  b.fetch('entropy', b.label(entropy, 'entropy'))
}
