// Causal attention with grouped queries (arXiv 2305.13245), forward and backward, by blocks of query rows.
// Only one block of rows of one head is held at a time: never T × T. The backward pass computes the weights again.

import { columnsTimes, packRows, rowsTimes } from './tiles'
import { exp4, madd, max4, sum4 } from './math'

/** Query rows of a block. */
const ROWS = 64
const SPARE = 128

// @ts-ignore: decorator
@inline
function round8(x: i32): i32 {
  return (x + 7) & ~7
}

/** Elements between rows of scores. A cache line more than there are keys: rows a power of two apart would share few places of a cache. */
// @ts-ignore: decorator
@inline
function spread(tokens: i32): i32 {
  return round8(tokens) + 16
}

/**
 * q and out [batch, tokens, heads, size], k and v [batch, tokens, keyHeads, size]; `segments` i32 [batch, tokens], or 0.
 * Items: batch · keyHeads, each with all of its query heads. `work`: a spare tile, a factor for each row of a block, transposed keys of one head, scores of one block (`plan/workspace.ts`).
 */
export function attention(q: usize, k: usize, v: usize, segments: usize, out: usize, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize, begin: i32, end: i32): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = round8(tokens)
  const shares = work + SPARE
  const keys = shares + ROWS * 4
  const scores = keys + (<usize>(width * size) << 2)
  const rowS = <usize>spread(tokens) << 2
  const group = heads / keyHeads
  for (let item = begin; item < end; item++) {
    const row = <usize>(item / keyHeads) * <usize>tokens
    const own = segments ? segments + (row << 2) : 0
    const key = item % keyHeads
    const head = rowK * row + (<usize>(key * size) << 2)
    packRows(k + head, rowK, tokens, size, keys)
    for (let h = key * group; h < (key + 1) * group; h++) {
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const query = (<usize>(h * size) << 2) + rowQ * (row + <usize>first)
        products(q + query, rowQ, keys, scores, rowS, first, rows, size, work)
        softmax(scores, rowS, own, first, rows, 0, scale, shares)
        mixtures(scores, rowS, v + head, rowK, out + query, rowQ, first, rows, size, work)
        share(out + query, rowQ, rows, size, shares)
      }
    }
  }
}

/** Gradients of q, k and v from that of the output, `dy`. Items: batch · keyHeads. `work`: also transposed values and a second block. */
export function attention_grad(q: usize, k: usize, v: usize, segments: usize, dy: usize, dq: usize, dk: usize, dv: usize, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize, begin: i32, end: i32): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = round8(tokens)
  const shares = work + SPARE
  const keys = shares + ROWS * 4
  const values = keys + (<usize>(width * size) << 2)
  const weights = values + (<usize>(width * size) << 2)
  const slopes = weights + (<usize>(ROWS * spread(tokens)) << 2)
  const rowS = <usize>spread(tokens) << 2
  const group = heads / keyHeads
  for (let item = begin; item < end; item++) {
    const row = <usize>(item / keyHeads) * <usize>tokens
    const own = segments ? segments + (row << 2) : 0
    const key = item % keyHeads
    const head = rowK * row + (<usize>(key * size) << 2)
    packRows(k + head, rowK, tokens, size, keys)
    packRows(v + head, rowK, tokens, size, values)
    for (let t: usize = 0; t < <usize>tokens; t++) {
      memory.fill(dk + head + rowK * t, 0, <usize>size << 2)
      memory.fill(dv + head + rowK * t, 0, <usize>size << 2)
    }
    for (let h = key * group; h < (key + 1) * group; h++) {
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const seen = first + rows
        const query = (<usize>(h * size) << 2) + rowQ * (row + <usize>first)
        products(q + query, rowQ, keys, weights, rowS, first, rows, size, work)
        softmax(weights, rowS, own, first, rows, seen, scale, shares)
        products(dy + query, rowQ, values, slopes, rowS, first, rows, size, work)
        for (let r = 0; r < rows; r++) slope(weights + rowS * <usize>r, slopes + rowS * <usize>r, first + r + 1, seen, scale, load<f32>(shares + (<usize>r << 2)))
        columnsTimes(weights, rowS, dy + query, rowQ, dv + head, rowK, seen, size, rows, first, work)
        columnsTimes(slopes, rowS, q + query, rowQ, dk + head, rowK, seen, size, rows, first, work)
        mixtures(slopes, rowS, k + head, rowK, dq + query, rowQ, first, rows, size, work)
      }
    }
  }
}

/** Rows times transposed keys, four rows at a time, for no more keys than the last of the four sees (and their whole panel). */
function products(rowsOf: usize, rowQ: usize, keys: usize, to: usize, rowS: usize, first: i32, rows: i32, size: i32, spare: usize): void {
  for (let i = 0; i < rows; i += 4) rowsTimes(rowsOf + rowQ * <usize>i, rowQ, keys, 32, <usize>size << 5, to + rowS * <usize>i, rowS, min(4, rows - i), round8(first + min(i + 4, rows)), size, spare)
}

/** Weights times values, likewise. */
function mixtures(weights: usize, rowS: usize, values: usize, rowK: usize, to: usize, rowQ: usize, first: i32, rows: i32, size: i32, spare: usize): void {
  for (let i = 0; i < rows; i += 4) rowsTimes(weights + rowS * <usize>i, rowS, values, rowK, 32, to + rowQ * <usize>i, rowQ, min(4, rows - i), size, first + min(i + 4, rows), spare)
}

/**
 * exp(scale · (score − largest)) in place, 0 where a key is later than its query or of another segment; the inverse of
 * each row's sum goes to `shares`. Rows are cleared up to `clear`. `scale` is positive.
 */
function softmax(scores: usize, rowS: usize, segments: usize, first: i32, rows: i32, clear: i32, scale: f32, shares: usize): void {
  const padded = <usize>((clear + 3) & ~3) << 2
  const factor = f32x4.splat(scale)
  for (let r = 0; r < rows; r++, scores += rowS) {
    const visible = first + r + 1
    const end = <usize>((visible + 3) & ~3) << 2
    for (let j = <usize>visible << 2; j < end; j += 4) store<f32>(scores + j, -Infinity)
    if (segments) {
      const own = load<i32>(segments + (<usize>(visible - 1) << 2))
      for (let j = 0; j < visible; j++) if (load<i32>(segments + (<usize>j << 2)) != own) store<f32>(scores + (<usize>j << 2), -Infinity)
    }
    let top = v128.load(scores)
    for (let j: usize = 16; j < end; j += 16) top = f32x4.pmax(top, v128.load(scores + j))
    const most = f32x4.splat(max4(top))
    let total = f32x4.splat(0)
    let j: usize = 0
    for (; j < end; j += 16) {
      const e = exp4(f32x4.mul(f32x4.sub(v128.load(scores + j), most), factor))
      v128.store(scores + j, e)
      total = f32x4.add(total, e)
    }
    for (; j < padded; j += 16) v128.store(scores + j, f32x4.splat(0))
    store<f32>(shares + (<usize>r << 2), <f32>1 / sum4(total))
  }
}

/** Multiplies each row by its share. */
function share(out: usize, row: usize, rows: i32, size: i32, shares: usize): void {
  const bytes = <usize>size << 2
  for (let r = 0; r < rows; r++, out += row, shares += 4) {
    const by = v128.load32_splat(shares)
    let i: usize = 0
    for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(out + i), by))
    for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(out + i) * load<f32>(shares))
  }
}

/** weights ·= share; slopes = scale · weights · (slopes − Σ weights·slopes), 0 from the first key not visible up to `clear`. */
function slope(weights: usize, slopes: usize, visible: i32, clear: i32, scale: f32, share: f32): void {
  const end = <usize>((visible + 3) & ~3) << 2
  const padded = <usize>((clear + 3) & ~3) << 2
  const by = f32x4.splat(share)
  let sum = f32x4.splat(0)
  for (let j: usize = 0; j < end; j += 16) {
    const weight = f32x4.mul(v128.load(weights + j), by)
    v128.store(weights + j, weight)
    sum = madd(weight, v128.load(slopes + j), sum)
  }
  const centre = f32x4.splat(sum4(sum))
  const factor = f32x4.splat(scale)
  let j: usize = 0
  for (; j < end; j += 16) v128.store(slopes + j, f32x4.mul(f32x4.mul(v128.load(weights + j), factor), f32x4.sub(v128.load(slopes + j), centre)))
  for (; j < padded; j += 16) v128.store(slopes + j, f32x4.splat(0))
}
