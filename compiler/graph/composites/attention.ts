// Causal attention with grouped queries (arXiv 2305.13245), whole sequences and one decoded token, and the cache write.
// Layouts: B rows, T tokens, H query heads, KV key/value heads (H = KV · G), Dh head size, S cache length.

import { divideDims, multiplyDims } from '../../../spec/graph/dims.js'
import type { Dim } from '../../../spec/graph/graph.js'
import type { GraphBuilder, Value } from '../builder.js'
import { gradient } from '../gradient.js'

/**
 * q [B,T,H,Dh], k and v [B,T,KV,Dh] → [B,T,H,Dh]: softmax(scale · q·kᵀ)·v over positions not later than the query's,
 * and of the same segment where `segments` (i32 [B,T]) is given, as in packed rows.
 */
export function attention(b: GraphBuilder, q: Value, k: Value, v: Value, { scale, segments }: { scale: number; segments?: Value }): Value {
  const [o] = b.composite('attention', { scale }, [q, k, v, ...(segments ? [segments] : [])], (body, ...args) => [expand(body, args, scale)], (g, { inputs, grads }) => [
    ...attentionGrad(g, inputs[0] as Value, inputs[1] as Value, inputs[2] as Value, grads[0] as Value, { scale, ...(inputs[3] ? { segments: inputs[3] } : {}) }),
    undefined,
  ])
  return o as Value
}

/** As `attention`, over what `visible` (bool [B,T,T]: query, key) says. No kernel computes it: all scores are held at once. */
export function maskedAttention(b: GraphBuilder, q: Value, k: Value, v: Value, { scale, visible }: { scale: number; visible: Value }): Value {
  return mixture(b, q, k, v, scale, () => visible)
}

/** Gradients of q, k and v. */
export function attentionGrad(b: GraphBuilder, q: Value, k: Value, v: Value, dOut: Value, { scale, segments }: { scale: number; segments?: Value }): [Value, Value, Value] {
  const grads = b.composite('attention_grad', { scale }, [q, k, v, ...(segments ? [segments] : []), dOut], (body, ...args) =>
    gradient(body, [expand(body, args.slice(0, -1), scale)], [args.at(-1) as Value], args.slice(0, 3)),
  )
  return grads as [Value, Value, Value]
}

function expand(b: GraphBuilder, inputs: readonly Value[], scale: number): Value {
  const [q, k, v, segments] = inputs as [Value, Value, Value, Value | undefined]
  const [B, T] = q.shape as [Dim, Dim]
  return mixture(b, q, k, v, scale, () => {
    const causal = b.le(b.iota([T, T], 1), b.iota([T, T], 0))
    return segments ? b.and(b.eq(b.reshape(segments, [B, T, 1]), b.reshape(segments, [B, 1, T])), causal) : causal
  })
}

/** `visible` gives what is seen of all rows, [T,T], or of each, [B,T,T]. */
function mixture(b: GraphBuilder, q: Value, k: Value, v: Value, scale: number, visible: () => Value): Value {
  const [B, T, H, Dh] = q.shape as [Dim, Dim, Dim, Dim]
  const KV = k.shape[2] as Dim
  const G = groups(H, KV)
  const square = [B, KV, G, T, T]

  const keys = b.transpose(k, [0, 2, 1, 3])
  const values = b.transpose(v, [0, 2, 1, 3])
  const rows = [B, KV, multiplyDims(G, T), Dh]
  const queries = b.reshape(b.transpose(b.reshape(q, [B, T, KV, G, Dh]), [0, 2, 3, 1, 4]), rows)
  const scores = b.reshape(b.mul(b.matmul(queries, keys, { transposeB: true }), scale), square)

  const seen = visible()
  const mask = seen.rank === 3 ? b.broadcastAlong(seen, square, [0, 3, 4]) : b.broadcastTo(seen, square)
  const weights = b.softmax(b.where(mask, scores, -Infinity))
  const mixed = b.matmul(b.reshape(weights, [B, KV, multiplyDims(G, T), T]), values)
  return b.reshape(b.transpose(b.reshape(mixed, [B, KV, G, T, Dh]), [0, 3, 1, 2, 4]), [B, T, H, Dh])
}

/** One new token: q [B,H,Dh], caches [B,S,KV,Dh], positions i32 [B] → [B,H,Dh]; row b sees the cache up to positions[b]. */
export function attentionDecode(b: GraphBuilder, q: Value, kcache: Value, vcache: Value, positions: Value, { scale }: { scale: number }): Value {
  const [o] = b.composite('attention_decode', { scale }, [q, kcache, vcache, positions], (body, ...args) => {
    const [query, keys, values, at] = args as [Value, Value, Value, Value]
    const shape = keys.shape.slice(0, 2)
    return [decoded(body, query, keys, values, scale, () => body.le(body.iota(shape, 1), body.spread(at, shape, 1)))]
  })
  return o as Value
}

/** As `attentionDecode`, over what `visible` (bool [B,S]) says of the cache. */
export function maskedDecode(b: GraphBuilder, q: Value, kcache: Value, vcache: Value, { scale, visible }: { scale: number; visible: Value }): Value {
  return decoded(b, q, kcache, vcache, scale, () => visible)
}

function decoded(b: GraphBuilder, q: Value, kcache: Value, vcache: Value, scale: number, visible: () => Value): Value {
  const [B, H, Dh] = q.shape as [Dim, Dim, Dim]
  const KV = kcache.shape[2] as Dim
  const grouped = b.reshape(q, [B, KV, groups(H, KV), Dh])
  const scores = b.mul(b.matmul(grouped, b.transpose(kcache, [0, 2, 1, 3]), { transposeB: true }), scale)
  const seen = visible()
  const weights = b.softmax(b.where(b.broadcastAlong(seen, scores.shape, [0, 3]), scores, -Infinity))
  return b.reshape(b.matmul(weights, b.transpose(vcache, [0, 2, 1, 3])), [B, H, Dh])
}

/** cache [B,S,KV,Dh], entry [B,KV,Dh], positions i32 [B] → the cache with the entry at positions[b] of row b; outside the cache nothing is written. */
export function cacheWrite(b: GraphBuilder, cache: Value, entry: Value, positions: Value): Value {
  const [written] = b.composite('cache_write', {}, [cache, entry, positions], (body, ...args) => {
    const [old, fresh, at] = args as [Value, Value, Value]
    const here = body.eq(body.iota(old.shape, 1), body.broadcastAlong(at, old.shape, [0]))
    return [body.where(here, body.broadcastAlong(fresh, old.shape, [0, 2, 3]), old)]
  })
  return written as Value
}

function groups(heads: Dim, keyHeads: Dim): Dim {
  const count = divideDims(heads, keyHeads)
  if (count === undefined) throw new Error(`attention: ${heads} heads do not share ${keyHeads} key heads evenly`)
  return count
}
