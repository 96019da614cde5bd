// Root-mean-square normalisation of rows (arXiv 1910.07467, eq. 4) and its gradient.
// Rows are independent; the gradient of the scale is summed in blocks of rows, so that long sums keep their digits.

import { madd, sum4 } from './math'

/** Rows summed in one block. */
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

/** out = x / √(mean(x²) + eps) · scale, for each row. */
export function rms_norm(x: usize, scale: usize, out: usize, rows: i32, width: i32, eps: f32): void {
  const bytes = <usize>width << 2
  for (let r = 0; r < rows; r++) {
    const inverse: f32 = 1 / sqrt(dot(x, x, width) / <f32>width + eps)
    const factor = f32x4.splat(inverse)
    let i: usize = 0
    for (; i + 16 <= bytes; i += 16) v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(scale + i)))
    for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) * inverse * load<f32>(scale + i))
    x += bytes
    out += bytes
  }
}

/** dx = s·(dy·scale − x·s²·mean(dy·scale·x)) with s the row's factor; dscale = Σ dy·x·s. `work`: 2 · width floats. */
export function rms_norm_grad(x: usize, scale: usize, dy: usize, dx: usize, dscale: usize, rows: i32, width: i32, eps: f32, work: usize): void {
  const bytes = <usize>width << 2
  const block = work
  const scaled = work + bytes
  memory.fill(dscale, 0, bytes)
  for (let first = 0; first < rows; first += BLOCK) {
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
    for (let i: usize = 0; i < bytes; i += 4) store<f32>(dscale + i, load<f32>(dscale + i) + load<f32>(block + i))
  }
}
