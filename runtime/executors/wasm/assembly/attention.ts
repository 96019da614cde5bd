// Causal attention with grouped queries (arXiv 2305.13245), forward and backward, by blocks of query rows.
// Only one block of rows of one head is held at a time: never T × T. The backward pass computes the weights again.

import { columnsTimes, packB, rowsTimes } from './gemm'
import { exp4, madd, max4, sum4 } from './math'

/** Query rows of a block. */
const ROWS = 32
const SPARE = 128

// @ts-ignore: decorator
@inline
function round8(x: i32): i32 {
  return (x + 7) & ~7
}

/**
 * q and out [batch, tokens, heads, size], k and v [batch, tokens, keyHeads, size]; `segments` i32 [batch, tokens], or 0.
 * `work`: a spare tile, transposed keys of one head, scores of one block (`plan/workspace.ts`).
 */
export function attention(q: usize, k: usize, v: usize, segments: usize, out: usize, batch: i32, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = round8(tokens)
  const keys = work + SPARE
  const scores = keys + (<usize>(width * size) << 2)
  const rowS = <usize>width << 2
  const group = heads / keyHeads
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const head = <usize>((h / group) * size) << 2
      if (h % group == 0) packB(k + head, 1, keyHeads * size, size, tokens, keys)
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const seen = first + rows
        const query = (<usize>(h * size) << 2) + rowQ * <usize>first
        rowsTimes(q + query, rowQ, keys, 32, <usize>size << 5, scores, rowS, rows, seen, size, 0, work)
        softmax(scores, rowS, segments, first, rows, seen, scale)
        rowsTimes(scores, rowS, v + head, rowK, 32, out + query, rowQ, rows, size, seen, 0, work)
      }
    }
    q += rowQ * <usize>tokens
    out += rowQ * <usize>tokens
    k += rowK * <usize>tokens
    v += rowK * <usize>tokens
    if (segments) segments += <usize>tokens << 2
  }
}

/** Gradients of q, k and v from that of the output, `dy`. `work`: also transposed values and a second block. */
export function attention_grad(q: usize, k: usize, v: usize, segments: usize, dy: usize, dq: usize, dk: usize, dv: usize, batch: i32, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = round8(tokens)
  const keys = work + SPARE
  const values = keys + (<usize>(width * size) << 2)
  const weights = values + (<usize>(width * size) << 2)
  const slopes = weights + (<usize>(ROWS * width) << 2)
  const rowS = <usize>width << 2
  const group = heads / keyHeads
  memory.fill(dk, 0, rowK * <usize>(tokens * batch))
  memory.fill(dv, 0, rowK * <usize>(tokens * batch))
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const head = <usize>((h / group) * size) << 2
      if (h % group == 0) {
        packB(k + head, 1, keyHeads * size, size, tokens, keys)
        packB(v + head, 1, keyHeads * size, size, tokens, values)
      }
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const seen = first + rows
        const query = (<usize>(h * size) << 2) + rowQ * <usize>first
        rowsTimes(q + query, rowQ, keys, 32, <usize>size << 5, weights, rowS, rows, seen, size, 0, work)
        softmax(weights, rowS, segments, first, rows, seen, scale)
        rowsTimes(dy + query, rowQ, values, 32, <usize>size << 5, slopes, rowS, rows, seen, size, 0, work)
        for (let r = 0; r < rows; r++) slope(weights + rowS * <usize>r, slopes + rowS * <usize>r, seen, scale)
        columnsTimes(weights, rowS, dy + query, rowQ, dv + head, rowK, seen, size, rows, 1, work)
        columnsTimes(slopes, rowS, q + query, rowQ, dk + head, rowK, seen, size, rows, 1, work)
        rowsTimes(slopes, rowS, k + head, rowK, 32, dq + query, rowQ, rows, size, seen, 0, work)
      }
    }
    q += rowQ * <usize>tokens
    dy += rowQ * <usize>tokens
    dq += rowQ * <usize>tokens
    k += rowK * <usize>tokens
    v += rowK * <usize>tokens
    dk += rowK * <usize>tokens
    dv += rowK * <usize>tokens
    if (segments) segments += <usize>tokens << 2
  }
}

/** Softmax of scale · scores in place; zeros where a key is later than its query or of another segment. */
function softmax(scores: usize, rowS: usize, segments: usize, first: i32, rows: i32, seen: i32, scale: f32): void {
  const padded = <usize>((seen + 3) & ~3) << 2
  const factor = f32x4.splat(scale)
  const hidden = f32x4.splat(-Infinity)
  for (let r = 0; r < rows; r++, scores += rowS) {
    const visible = first + r + 1
    // Everything behind the query, up to a whole vector, is −∞: exp makes it 0.
    for (let j = visible; j < <i32>(padded >> 2); j++) store<f32>(scores + (<usize>j << 2), -Infinity)
    if (segments) {
      const own = load<i32>(segments + (<usize>(visible - 1) << 2))
      for (let j = 0; j < visible; j++) if (load<i32>(segments + (<usize>j << 2)) != own) store<f32>(scores + (<usize>j << 2), -Infinity)
    }
    let top = hidden
    const end = <usize>((visible + 3) & ~3) << 2
    for (let j: usize = 0; j < end; j += 16) {
      // −∞ · scale stays −∞ for positive scales only.
      const x = v128.load(scores + j)
      const y = v128.bitselect(x, f32x4.mul(x, factor), f32x4.eq(x, hidden))
      v128.store(scores + j, y)
      top = f32x4.pmax(top, y)
    }
    const most = f32x4.splat(max4(top))
    let total = f32x4.splat(0)
    for (let j: usize = 0; j < end; j += 16) {
      const e = exp4(f32x4.sub(v128.load(scores + j), most))
      v128.store(scores + j, e)
      total = f32x4.add(total, e)
    }
    const share = f32x4.splat(<f32>1 / sum4(total))
    for (let j: usize = 0; j < end; j += 16) v128.store(scores + j, f32x4.mul(v128.load(scores + j), share))
    if (end < padded) memory.fill(scores + end, 0, padded - end)
  }
}

/** slopes = scale · weights · (slopes − Σ weights·slopes) */
// @ts-ignore: decorator
@inline
function slope(weights: usize, slopes: usize, seen: i32, scale: f32): void {
  const end = <usize>(seen & ~3) << 2
  let sum = f32x4.splat(0)
  let j: usize = 0
  for (; j < end; j += 16) sum = madd(v128.load(weights + j), v128.load(slopes + j), sum)
  let mean = sum4(sum)
  for (; j < <usize>seen << 2; j += 4) mean += load<f32>(weights + j) * load<f32>(slopes + j)
  const centre = f32x4.splat(mean)
  const factor = f32x4.splat(scale)
  for (j = 0; j < end; j += 16) v128.store(slopes + j, f32x4.mul(f32x4.mul(v128.load(weights + j), factor), f32x4.sub(v128.load(slopes + j), centre)))
  for (; j < <usize>seen << 2; j += 4) store<f32>(slopes + j, load<f32>(weights + j) * scale * (load<f32>(slopes + j) - mean))
}
