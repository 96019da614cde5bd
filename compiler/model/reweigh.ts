// Attention changed without training (AVAR, arXiv 2603.03825): scores of the tokens of a role, before the soft-max, times a factor.
// A score is a product with a key, so the keys are multiplied: nothing else of the model knows of it. Whole rows, and one decoded token after the other.

import type { Dim } from '../../spec/graph/graph.js'
import type { AttentionPlan } from '../../spec/plan/reweighed.js'
import type { GraphBuilder, Value } from '../graph/builder.js'

/** Whether a token stands in a role is known from those before it: of each role 1 behind a token when the next goes on in it, [B,R]. */
const INSIDE = 'cache.roles'

/** The keys [B,T,KV,Dh] of a layer as attention is to see them. */
export type KeysOf = (layer: number, k: Value) => Value

export interface ReweighedRows {
  readonly keys: KeysOf
  /** Of each token, whether the next goes on in the role, f32 [B,T,R]. */
  readonly goesOn: Value
}

/** tokens and index i32 [B,T]; `index` counts the tokens of a text from 0 and begins again with each text of a packed row. */
export function reweighedRows(b: GraphBuilder, plan: AttentionPlan, tokens: Value, index: Value): ReweighedRows {
  const T = tokens.shape[1] as Dim
  const before = (x: Value): Value => b.narrow(b.padAxis(x, 1, 1, 0), 1, 0, T)
  const going = b.cast(b.lt(0, index), 'f32')
  const found = plan.roles.map(({ open, close }) => {
    const [opens, closes] = [open, close].map((token) => b.cast(b.eq(tokens, token), 'f32')) as [Value, Value]
    const inside = b.min(b.linearScan(b.mul(b.mul(going, b.sub(1, opens)), b.sub(1, before(closes))), opens), 1)
    return { inside, goesOn: b.mul(inside, b.sub(1, closes)) }
  })
  return { keys: keysOf(b, plan, found.map(({ inside }) => inside)), goesOn: stacked(b, found.map(({ goesOn }) => goesOn)) }
}

/** Keeps how prompts [B,P] stand behind the token at `last` i32 [B]. */
export function keepRoles(b: GraphBuilder, { goesOn }: ReweighedRows, last: Value): void {
  const [, P, R] = goesOn.shape as [Dim, Dim, number]
  b.assign(INSIDE, b.reshape(b.matmul(b.expandDims(b.oneHot(last, P), 1), goesOn), ['B', R]))
}

/** One decoded token: tokens i32 [B] → the keys [B,1,KV,Dh] of its layers. */
export function reweighedToken(b: GraphBuilder, plan: AttentionPlan, tokens: Value): KeysOf {
  const state = b.input(INSIDE, 'f32', ['B', plan.roles.length], 'state')
  const found = plan.roles.map(({ open, close }, role) => {
    const [opens, closes] = [open, close].map((token) => b.cast(b.eq(tokens, token), 'f32')) as [Value, Value]
    const inside = b.max(opens, b.squeeze(b.narrow(state, 1, role, 1), 1))
    return { inside, goesOn: b.mul(inside, b.sub(1, closes)) }
  })
  b.assign(INSIDE, stacked(b, found.map(({ goesOn }) => goesOn)))
  return keysOf(b, plan, found.map(({ inside }) => b.expandDims(inside, 1)))
}

/** `inside`: of each role, [B,T]. */
function keysOf(b: GraphBuilder, { roles, layers }: AttentionPlan, inside: readonly Value[]): KeysOf {
  const factor = roles.map((role, i) => b.add(1, b.mul(inside[i] as Value, role.factor - 1))).reduce((product, each) => b.mul(product, each))
  return (layer, k) => (layers && (layer < layers[0] || layer > layers[1]) ? k : b.mul(k, b.spread(factor, k.shape, [2, 3])))
}

/** Along a new last axis. */
const stacked = (b: GraphBuilder, parts: readonly Value[]): Value => b.concat(parts.map((part) => b.expandDims(part, -1)), -1)
