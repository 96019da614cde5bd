// The programs of a rollout: prefill fills the key/value caches from prompts, decode adds one token, sample draws the next.
// Does not loop: the runtime does, and it drops finished rows.

import { subtractDims } from '../../spec/graph/dims.js'
import type { Graph, Shape } from '../../spec/graph/graph.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { attentionDecode, cacheWrite, maskedDecode, sample, type Sampling } from '../graph/composites.js'
import { simplify } from '../graph/simplify.js'
import { attentionScale, finalNorm, headMatrix, hiddenStates, Weights, type Mix } from './forward.js'
import { decodePaths, keepPaths } from './paths.js'
import { keepRoles, reweighedToken } from './reweigh.js'
import { wholeRows } from './rows.js'
import { sizesOf, type TransformerSizes } from './sizes.js'

/** State of layer `layer`'s cache, `[B, S, KV, Dh]`; entry t of a row is its token t. */
const cacheName = (part: 'k' | 'v', layer: number): string => `cache.${part}/${layer}`
const cacheShape = (sizes: TransformerSizes): Shape => ['B', 'S', sizes.kvHeads, sizes.headSize]

/**
 * Feeds tokens and positions i32 [B,P] (prompts padded on the right, positions 0, 1, …) and last i32 [B], the index of
 * each prompt's last token; fills the caches and fetches the logits [B,V] of the first new token.
 */
export function prefillProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('prefill')
  const sizes = sizesOf(model)
  const weights = new Weights(b, model)
  const [tokens, positions] = ['tokens', 'positions'].map((name) => b.input(name, 'i32', ['B', 'P'])) as [Value, Value]
  const last = b.input('last', 'i32', ['B'])
  // Entries behind a prompt hold its padding: decoding overwrites each before a query can see it.
  const keep = (part: 'k' | 'v', layer: number, entries: Value): void => b.assign(cacheName(part, layer), b.padAxis(entries, 1, 0, subtractDims('S', 'P')))
  const rows = wholeRows(b, model, tokens, positions)
  if (rows.paths) keepPaths(b, rows.paths, last)
  if (rows.reweighed) keepRoles(b, rows.reweighed, last)
  const mix: Mix = (layer, q, k, v) => {
    keep('k', layer, rows.reweighed?.keys(layer, k) ?? k)
    keep('v', layer, v)
    return rows.mix(layer, q, k, v)
  }
  // The row of the last token, as a product: only that one leaves the last layer and goes through the head.
  const pick = b.expandDims(b.oneHot(last, 'P'), 1)
  const hidden = hiddenStates(b, sizes, weights, tokens, rows.positions, mix, (x) => b.matmul(pick, x))
  fetchLogits(b, sizes, weights, b.squeeze(hidden, 1))
  return simplify(b.build())
}

/** Feeds tokens and positions i32 [B]: appends each row's token to the caches and fetches the logits [B,V] of the next. */
export function decodeProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('decode')
  const sizes = sizesOf(model)
  const weights = new Weights(b, model)
  const [tokens, positions] = ['tokens', 'positions'].map((name) => b.input(name, 'i32', ['B'])) as [Value, Value]
  const append = (part: 'k' | 'v', layer: number, entry: Value): Value => {
    const cache = b.input(cacheName(part, layer), 'f32', cacheShape(sizes), 'state')
    const written = cacheWrite(b, cache, b.squeeze(entry, 1), positions)
    b.assign(cache, written)
    return written
  }
  const scale = attentionScale(sizes)
  const paths = model.paths && decodePaths(b, model.paths, tokens, positions)
  const keysOf = model.attention && reweighedToken(b, model.attention, tokens)
  const hidden = hiddenStates(b, sizes, weights, b.expandDims(tokens, 1), b.expandDims(paths?.positions ?? positions, 1), (layer, q, k, v) => {
    const [query, keys, values] = [b.squeeze(q, 1), append('k', layer, keysOf?.(layer, k) ?? k), append('v', layer, v)] as const
    return b.expandDims(paths ? maskedDecode(b, query, keys, values, { scale, visible: paths.visible }) : attentionDecode(b, query, keys, values, positions, { scale }), 1)
  })
  fetchLogits(b, sizes, weights, b.squeeze(hidden, 1))
  return simplify(b.build())
}

/**
 * Feeds logits [B,V], temperature [], key0 and key1 u32 [], row u32 [B], position u32 []; fetches token i32 [B] and its
 * logp [B]. The draw depends on key, row and position alone. Greedy sampling needs only the logits.
 */
export function sampleProgram(model: ModelPlan, sampling: Sampling): Graph {
  const b = new GraphBuilder('sample')
  const logits = b.input('logits', 'f32', ['B', sizesOf(model).vocabulary])
  const { token, logp } = sampling.greedy
    ? sample(b, logits, b.constant(1), b.full(0, ['B']), { topK: 0, topP: 1, greedy: true })
    : sample(b, logits, b.input('temperature', 'f32', []), draws(b), sampling)
  b.fetch('token', token)
  b.fetch('logp', logp)
  return simplify(b.build())
}

function draws(b: GraphBuilder): Value {
  const word = (name: string, shape: Shape): Value => b.input(name, 'u32', shape)
  return b.uniform(b.randomBits(word('key0', []), word('key1', []), word('row', ['B']), word('position', [])))
}

/** hidden [B,D] → logits [B,V]. */
function fetchLogits(b: GraphBuilder, sizes: TransformerSizes, weights: Weights, hidden: Value): void {
  b.fetch('logits', b.matmul(finalNorm(b, sizes, weights, hidden), headMatrix(sizes, weights), { transposeB: true }))
}
