// Root-mean-square normalisation of rows (arXiv 1910.07467, eq. 4) and its gradient.
// Rows are independent; the gradient of the scale is summed in blocks of rows, so that long sums keep their digits and threads need not agree.

import { madd, sum4 } from './math'

/** Rows summed in one block; `plan/workspace.ts` has the same number. */
const BLOCK = 64

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, width: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0
  const end = a + (<usize>width << 2)
  for (; a + 32 <= end; a += 32, b += 32) {
    s0 = madd(v128.load(a), v128.load(b), s0)
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1)
  }
  for (; a + 16 <= end; a += 16, b += 16) s0 = madd(v128.load(a), v128.load(b), s0)
  let sum = sum4(f32x4.add(s0, s1))
  for (; a < end; a += 4, b += 4) sum += load<f32>(a) * load<f32>(b)
  return sum
}

/** out = x / √(mean(x²) + eps) · scale, for each row. Items: rows. */
export function rms_norm(x: usize, scale: usize, out: usize, width: i32, eps: f32, begin: i32, end: i32): void {
  const bytes = <usize>width << 2
  x += bytes * <usize>begin
  out += bytes * <usize>begin
  for (let r = begin; r < end; r++) {
    const inverse: f32 = 1 / sqrt(dot(x, x, width) / <f32>width + eps)
    const factor = f32x4.splat(inverse)
    let i: usize = 0
    for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(scale + i)))
    for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * inverse * load<f32>(scale + i))
    x += bytes
    out += bytes
  }
}

/**
 * dx = s·(dy·scale − x·s²·mean(dy·scale·x)) with s the row's factor; sums [blocks, width] = Σ dy·x·s over the rows of each block.
 * Items: blocks of rows. `work`: width floats.
 */
export function rms_norm_grad(x: usize, scale: usize, dy: usize, dx: usize, sums: usize, rows: i32, width: i32, eps: f32, work: usize, begin: i32, end: i32): void {
  const bytes = <usize>width << 2
  const scaled = work
  const before = bytes * <usize>(begin * BLOCK)
  x += before
  dy += before
  dx += before
  for (let number = begin; number < end; number++) {
    const first = number * BLOCK
    const block = sums + bytes * <usize>number
    memory.fill(block, 0, bytes)
    for (let r = first; r < min(first + BLOCK, rows); r++) {
      let i: usize = 0
      for (; i + 16 <= bytes; i += 16) v128.store(scaled + i, f32x4.mul(v128.load(dy + i), v128.load(scale + i)))
      for (; i < bytes; i += 4) store<f32>(scaled + i, load<f32>(dy + i) * load<f32>(scale + i))
      const inverse: f32 = 1 / sqrt(dot(x, x, width) / <f32>width + eps)
      const along = -(dot(scaled, x, width) / <f32>width) * inverse * inverse * inverse
      const factor = f32x4.splat(inverse)
      const back = f32x4.splat(along)
      for (i = 0; i + 16 <= bytes; i += 16) {
        const input = v128.load(x + i)
        v128.store(block + i, madd(v128.load(dy + i), f32x4.mul(input, factor), v128.load(block + i)))
        v128.store(dx + i, madd(input, back, f32x4.mul(v128.load(scaled + i), factor)))
      }
      for (; i < bytes; i += 4) {
        const input = load<f32>(x + i)
        store<f32>(block + i, load<f32>(block + i) + load<f32>(dy + i) * (input * inverse))
        store<f32>(dx + i, load<f32>(scaled + i) * inverse + input * along)
      }
      x += bytes
      dy += bytes
      dx += bytes
    }
  }
}

/** out [width] = the sum of rows [rows, width], in their order. Items: columns. */
export function sum_rows(x: usize, out: usize, rows: i32, width: i32, begin: i32, end: i32): void {
  const row = <usize>width << 2
  for (let i = <usize>begin << 2; i < <usize>end << 2; i += 4) {
    let sum: f32 = 0
    for (let r = 0, at = x + i; r < rows; r++, at += row) sum += load<f32>(at)
    store<f32>(out + i, sum)
  }
}
