// Causal attention with grouped queries (arXiv 2305.13245), forward and backward, by blocks of query rows.
// Scores lie with keys down and queries across, so that a softmax needs no sum across lanes; one block of one head is held at a time, never T × T. The backward pass computes the weights again.

import { fourByEight, rowsByEight, transpose4 } from './tiles'
import { exp2_4, madd } from './math'

/** Query rows of a block. */
const ROWS = 64
/** Bytes between rows of scores, one row for each key: more than a block needs, since rows a power of two apart would share few places of a cache. */
const KEY: usize = (ROWS + 4) * 4

const LOG2_E: f32 = 1.44269504

/** Bytes of a row of a copy of some rows of one head, in whole eights of elements. */
// @ts-ignore: decorator
@inline
function widthOf(size: i32): usize {
  return <usize>((size + 7) & ~7) << 2
}

/**
 * q and out [batch, tokens, heads, size], k and v [batch, tokens, keyHeads, size]; `segments` i32 [batch, tokens], or 0.
 * Items: batch · keyHeads, each with all of its query heads. `work`: `plan/workspace.ts`.
 */
export function attention(q: usize, k: usize, v: usize, segments: usize, out: usize, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize, begin: i32, end: i32): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = widthOf(size)
  const all = width * <usize>((tokens + 3) & ~3)
  const shares = work
  const keys = shares + ROWS * 4
  const values = keys + all
  const block = values + all
  const panels = block + width * ROWS
  const weights = panels + width * ROWS
  const group = heads / keyHeads
  for (let item = begin; item < end; item++) {
    const row = <usize>(item / keyHeads) * <usize>tokens
    const own = segments ? segments + (row << 2) : 0
    const key = item % keyHeads
    const head = rowK * row + (<usize>(key * size) << 2)
    take(k + head, rowK, tokens, size, keys, width, 4)
    take(v + head, rowK, tokens, size, values, width, 4)
    for (let h = key * group; h < (key + 1) * group; h++) {
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const query = (<usize>(h * size) << 2) + rowQ * (row + <usize>first)
        take(q + query, rowQ, rows, size, block, width, 8)
        products(keys, width, block, panels, weights, first, rows, size)
        for (let g = 0; g < rows; g += 4) softmax(weights + (<usize>g << 2), own, first + g, tokens, scale, shares + (<usize>g << 2))
        mixtures(weights, values, width, block, first, rows)
        for (let r = 0; r < rows; r++) give(block + width * <usize>r, size, load<f32>(shares + (<usize>r << 2)), out + query + rowQ * <usize>r)
      }
    }
  }
}

/** Gradients of q, k and v from that of the output, `dy`. Items: batch · keyHeads. */
export function attention_grad(q: usize, k: usize, v: usize, segments: usize, dy: usize, dq: usize, dk: usize, dv: usize, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize, begin: i32, end: i32): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = widthOf(size)
  const high = (tokens + 3) & ~3
  const all = width * <usize>high
  const shares = work
  const keys = shares + ROWS * 4
  const values = keys + all
  const keySlopes = values + all
  const valueSlopes = keySlopes + all
  const queries = valueSlopes + all
  const outputs = queries + width * ROWS
  const panels = outputs + width * ROWS
  const block = panels + width * ROWS
  const weights = block + width * ROWS
  const slopes = weights + KEY * <usize>high
  const group = heads / keyHeads
  for (let item = begin; item < end; item++) {
    const row = <usize>(item / keyHeads) * <usize>tokens
    const own = segments ? segments + (row << 2) : 0
    const key = item % keyHeads
    const head = rowK * row + (<usize>(key * size) << 2)
    take(k + head, rowK, tokens, size, keys, width, 4)
    take(v + head, rowK, tokens, size, values, width, 4)
    memory.fill(keySlopes, 0, all << 1)
    for (let h = key * group; h < (key + 1) * group; h++) {
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const query = (<usize>(h * size) << 2) + rowQ * (row + <usize>first)
        take(q + query, rowQ, rows, size, queries, width, 8)
        take(dy + query, rowQ, rows, size, outputs, width, 8)
        products(keys, width, queries, panels, weights, first, rows, size)
        products(values, width, outputs, panels, slopes, first, rows, size)
        for (let g = 0; g < rows; g += 4) {
          const at = <usize>g << 2
          softmax(weights + at, own, first + g, tokens, scale, shares)
          slope(weights + at, slopes + at, min(first + g + 4, tokens), scale, shares)
        }
        columns(weights, outputs, width, valueSlopes, first, rows)
        columns(slopes, queries, width, keySlopes, first, rows)
        mixtures(slopes, keys, width, block, first, rows)
        for (let r = 0; r < rows; r++) give(block + width * <usize>r, size, 1, dq + query + rowQ * <usize>r)
      }
    }
    for (let t = 0; t < tokens; t++) {
      give(keySlopes + width * <usize>t, size, 1, dk + head + rowK * <usize>t)
      give(valueSlopes + width * <usize>t, size, 1, dv + head + rowK * <usize>t)
    }
  }
}

/** Rows of one head side by side, zeros up to whole eights of elements and `whole` rows. */
function take(from: usize, row: usize, rows: i32, size: i32, to: usize, width: usize, whole: i32): void {
  const bytes = <usize>size << 2
  const rest = rows & (whole - 1)
  if (rest) memory.fill(to + width * <usize>rows, 0, width * <usize>(whole - rest))
  for (; rows > 0; rows--, from += row, to += width) {
    let i: usize = 0
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i))
    for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i))
    for (; i < width; i += 4) store<f32>(to + i, 0)
  }
}

/** A row of a copy, times a factor, to where it belongs. */
function give(from: usize, size: i32, factor: f32, to: usize): void {
  const bytes = <usize>size << 2
  const by = f32x4.splat(factor)
  let i: usize = 0
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.mul(v128.load(from + i), by))
  for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i) * factor)
}

/** Keys times the rows of a block, eight rows at a time (`panels`), for the keys that one of them sees. */
function products(keys: usize, width: usize, block: usize, panels: usize, to: usize, first: i32, rows: i32, size: i32): void {
  for (let r = 0; r < rows; r += 8, block += width << 3, to += 32) {
    transpose4(block, block + width, block + width * 2, block + width * 3, size, panels, 32)
    const half = block + (width << 2)
    transpose4(half, half + width, half + width * 2, half + width * 3, size, panels + 16, 32)
    const seen = first + min(r + 8, rows)
    rowsByEight(keys, width, panels, size, to, KEY, seen)
  }
}

/** Weights of four queries at a time times values, for no more keys than the last of the four sees. */
function mixtures(weights: usize, values: usize, width: usize, to: usize, first: i32, rows: i32): void {
  for (let g = 0; g < rows; g += 4, weights += 16, to += width << 2) {
    const seen = first + min(g + 4, rows)
    for (let i: usize = 0; i < width; i += 32) fourByEight(weights, 4, 8, 12, KEY, values + i, width, seen, to + i, width, 0)
  }
}

/** Adds the weights of four keys at a time times the rows of a block that see the first of the four. */
function columns(weights: usize, block: usize, width: usize, to: usize, first: i32, rows: i32): void {
  const seen = first + rows
  for (let j = 0; j < seen; j += 4, weights += KEY << 2, to += width << 2) {
    const skipped = <usize>max(j - first, 0)
    for (let i: usize = 0; i < width; i += 32) fourByEight(weights + (skipped << 2), KEY, KEY * 2, KEY * 3, 4, block + width * skipped + i, width, rows - <i32>skipped, to + i, width, 1)
  }
}

/** Lanes of the queries before a key, for the second, third and fourth of four keys. */
const EARLIER: usize = memory.data<i32>([-1, 0, 0, 0, -1, -1, 0, 0, -1, -1, -1, 0], 16)

/**
 * exp(scale · (score − largest)) in place for four queries, the first of which is `query`, and the keys that they see; 0 where a key is later than its
 * query or of another segment. The inverse of the sum of each goes to `shares`. `scale` is positive.
 */
function softmax(scores: usize, segments: usize, query: i32, tokens: i32, scale: f32, shares: usize): void {
  const none = f32x4.splat(-Infinity)
  const end = scores + KEY * <usize>min(query + 4, tokens)
  const own = scores + KEY * <usize>query
  let at = own + KEY
  for (let i: usize = 0; at < end; i += 16, at += KEY) v128.store(at, v128.bitselect(none, v128.load(at), v128.load(EARLIER + i)))
  if (segments) {
    const mine = v128.load(segments + (<usize>query << 2))
    for (at = scores; at < end; at += KEY, segments += 4) v128.store(at, v128.bitselect(v128.load(at), none, i32x4.eq(v128.load32_splat(segments), mine)))
  }
  let most = v128.load(scores)
  for (at = scores + KEY; at < end; at += KEY) most = f32x4.pmax(most, v128.load(at))
  const factor = f32x4.splat(scale * LOG2_E)
  let total = f32x4.splat(0)
  for (at = scores; at < end; at += KEY) {
    const e = exp2_4(f32x4.mul(f32x4.sub(v128.load(at), most), factor))
    v128.store(at, e)
    total = f32x4.add(total, e)
  }
  v128.store(shares, f32x4.div(f32x4.splat(1), total))
}

/** weights ·= share; slopes = scale · weights · (slopes − Σ weights·slopes), for four queries and their keys. */
function slope(weights: usize, slopes: usize, seen: i32, scale: f32, shares: usize): void {
  const bytes = KEY * <usize>seen
  const share = v128.load(shares)
  let sum = f32x4.splat(0)
  for (let j: usize = 0; j < bytes; j += KEY) sum = madd(v128.load(weights + j), v128.load(slopes + j), sum)
  const centre = f32x4.mul(sum, share)
  const factor = f32x4.splat(scale)
  for (let j: usize = 0; j < bytes; j += KEY) {
    const weight = f32x4.mul(v128.load(weights + j), share)
    v128.store(weights + j, weight)
    v128.store(slopes + j, f32x4.mul(f32x4.mul(weight, factor), f32x4.sub(v128.load(slopes + j), centre)))
  }
}
