// Causal attention with grouped queries (arXiv 2305.13245), forward and backward, by blocks of query rows.
// Only one block of rows of one head is held at a time: never T × T. The backward pass computes the weights again.

import { strip, TILE, tile12, transpose4 } from './tiles'
import { exp4, madd, max4, sum4 } from './math'

/** Query rows of a block. */
const ROWS = 64

/** Keys of a panel. */
const PANEL = 12

/** Keys, in whole panels. */
// @ts-ignore: decorator
@inline
function padded(tokens: i32): i32 {
  return (tokens + PANEL - 1) / PANEL * PANEL
}

/** Elements between rows of scores. A cache line more than there are keys: rows a power of two apart would share few places of a cache. */
// @ts-ignore: decorator
@inline
function spread(tokens: i32): i32 {
  return padded(tokens) + 16
}

/**
 * q and out [batch, tokens, heads, size], k and v [batch, tokens, keyHeads, size]; `segments` i32 [batch, tokens], or 0.
 * Items: batch · keyHeads, each with all of its query heads. `work`: a spare tile, a factor for each row of a block, transposed keys of one head, scores of one block (`plan/workspace.ts`).
 */
export function attention(q: usize, k: usize, v: usize, segments: usize, out: usize, tokens: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize, begin: i32, end: i32): void {
  const rowQ = <usize>(heads * size) << 2
  const rowK = <usize>(keyHeads * size) << 2
  const width = padded(tokens)
  const shares = work + TILE
  const keys = shares + ROWS * 4
  const scores = keys + (<usize>(width * size) << 2)
  const rowS = <usize>spread(tokens) << 2
  const group = heads / keyHeads
  for (let item = begin; item < end; item++) {
    const row = <usize>(item / keyHeads) * <usize>tokens
    const own = segments ? segments + (row << 2) : 0
    const key = item % keyHeads
    const head = rowK * row + (<usize>(key * size) << 2)
    pack(k + head, rowK, tokens, size, keys)
    for (let h = key * group; h < (key + 1) * group; h++) {
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const query = (<usize>(h * size) << 2) + rowQ * (row + <usize>first)
        products(q + query, rowQ, keys, scores, rowS, first, rows, size)
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
  const width = padded(tokens)
  const shares = work + TILE
  const keys = shares + ROWS * 4
  const values = keys + (<usize>(width * size) << 2)
  const weights = values + (<usize>(width * size) << 2)
  const slopes = weights + (<usize>((ROWS + 2) * spread(tokens)) << 2)
  const rowS = <usize>spread(tokens) << 2
  const group = heads / keyHeads
  for (let item = begin; item < end; item++) {
    const row = <usize>(item / keyHeads) * <usize>tokens
    const own = segments ? segments + (row << 2) : 0
    const key = item % keyHeads
    const head = rowK * row + (<usize>(key * size) << 2)
    pack(k + head, rowK, tokens, size, keys)
    pack(v + head, rowK, tokens, size, values)
    for (let t: usize = 0; t < <usize>tokens; t++) {
      memory.fill(dk + head + rowK * t, 0, <usize>size << 2)
      memory.fill(dv + head + rowK * t, 0, <usize>size << 2)
    }
    for (let h = key * group; h < (key + 1) * group; h++) {
      for (let first = 0; first < tokens; first += ROWS) {
        const rows = min(ROWS, tokens - first)
        const seen = first + rows
        const query = (<usize>(h * size) << 2) + rowQ * (row + <usize>first)
        products(q + query, rowQ, keys, weights, rowS, first, rows, size)
        softmax(weights, rowS, own, first, rows, seen, scale, shares)
        products(dy + query, rowQ, values, slopes, rowS, first, rows, size)
        for (let r = 0; r < rows; r++) slope(weights + rowS * <usize>r, slopes + rowS * <usize>r, first + r + 1, seen, scale, load<f32>(shares + (<usize>r << 2)))
        columns(weights, rowS, dy + query, rowQ, dv + head, rowK, first, rows, size, work)
        columns(slopes, rowS, q + query, rowQ, dk + head, rowK, first, rows, size, work)
        mixtures(slopes, rowS, k + head, rowK, dq + query, rowQ, first, rows, size, work)
      }
    }
  }
}

/** Keys (or values) of one head as panels of twelve, [size][12], zeros after the last. */
function pack(keys: usize, row: usize, tokens: i32, size: i32, to: usize): void {
  const panel = <usize>(size * PANEL) << 2
  for (let left = tokens; left > 0; left -= PANEL, to += panel) {
    if (left < PANEL) memory.fill(to, 0, panel)
    for (let lane = 0; lane < min(left, PANEL); lane += 4, keys += row << 2) {
      const at = to + (<usize>lane << 2)
      if (lane + 4 <= left) transpose4(keys, keys + row, keys + (row << 1), keys + row * 3, size, at, PANEL * 4)
      else for (let i = 0; i < left - lane; i++) for (let p = 0; p < size; p++) store<f32>(at + (<usize>(p * PANEL + i) << 2), load<f32>(keys + row * <usize>i + (<usize>p << 2)))
    }
  }
}

/** Rows times transposed keys, panel by panel, for the rows that see a key of the panel. Writes up to two rows more than there are. */
function products(rowsOf: usize, rowQ: usize, keys: usize, to: usize, rowS: usize, first: i32, rows: i32, size: i32): void {
  const panel = <usize>(size * PANEL) << 2
  for (let j = 0; j < first + rows; j += PANEL, keys += panel, to += PANEL * 4) {
    for (let i = max(0, j - first) / 3 * 3; i < rows; i += 3) {
      const second = rows - i > 1 ? rowQ : 0
      const third = rows - i > 2 ? rowQ << 1 : 0
      tile12(rowsOf + rowQ * <usize>i, second, third, 4, keys, PANEL * 4, size, to + rowS * <usize>i, rowS, 0)
    }
  }
}

/** Weights times values, three rows at a time, for no more keys than the last of the three sees. */
function mixtures(weights: usize, rowS: usize, values: usize, rowK: usize, to: usize, rowQ: usize, first: i32, rows: i32, size: i32, spare: usize): void {
  for (let i = 0; i < rows; i += 3) {
    const some = min(rows - i, 3)
    strip(weights + rowS * <usize>i, rowS, 4, values, rowK, first + i + some, to + rowQ * <usize>i, rowQ, some, size, 0, spare)
  }
}

/** Adds transposed weights times rows, three keys at a time, for the rows that see the first of the three. */
function columns(weights: usize, rowS: usize, rowsOf: usize, rowQ: usize, to: usize, rowK: usize, first: i32, rows: i32, size: i32, spare: usize): void {
  const seen = first + rows
  for (let j = 0; j < seen; j += 3) {
    const skipped = max(j - first, 0)
    strip(weights + rowS * <usize>skipped + (<usize>j << 2), 4, rowS, rowsOf + rowQ * <usize>skipped, rowQ, rows - skipped, to + rowK * <usize>j, rowK, min(seen - j, 3), size, 1, spare)
  }
}

/**
 * exp(scale · (score − largest)) in place, 0 where a key is later than its query or of another segment; the inverse of
 * each row's sum goes to `shares`. Rows are cleared up to `clear`, but at least for the two rows after them. `scale` is positive.
 */
function softmax(scores: usize, rowS: usize, segments: usize, first: i32, rows: i32, clear: i32, scale: f32, shares: usize): void {
  const factor = f32x4.splat(scale)
  for (let r = 0; r < rows; r++, scores += rowS) {
    const visible = first + r + 1
    const cleared = <usize>((max(clear, visible + 2) + 3) & ~3) << 2
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
    for (; j < cleared; j += 16) v128.store(scores + j, f32x4.splat(0))
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
  const cleared = <usize>((clear + 3) & ~3) << 2
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
  for (; j < cleared; j += 16) v128.store(slopes + j, f32x4.splat(0))
}
