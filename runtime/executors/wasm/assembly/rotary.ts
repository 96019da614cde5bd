// Rotary position embedding (arXiv 2104.09864, eq. 34) in the half-split layout of Hugging Face (rotate_half).
// Angles are float64: a position of 100,000 would lose five digits in float32.

import { sin64 } from './math'

/** x and out [tokens, heads, size]; positions i32 [tokens]. Element i turns with i + size/2 by position · base^(−2i/size), or by position · frequencies [size/2] where these are given, backwards where `inverse`. Items: tokens. `work`: frequencies (float64), cosines and sines for half a head, rounded up to four. */
export function rotary(x: usize, positions: usize, frequencies: usize, out: usize, heads: i32, size: i32, base: f32, inverse: i32, work: usize, begin: i32, end: i32): void {
  const half = size / 2
  const padded = (half + 3) & ~3
  const cosines = work + (<usize>padded << 3)
  const sines = cosines + (<usize>padded << 2)
  for (let i = 0; i < padded; i++) store<f64>(work + (<usize>i << 3), frequencies == 0 ? Math.pow(base, (-2.0 * i) / size) : i < half ? <f64>load<f32>(frequencies + (<usize>i << 2)) : 0)
  const flip = f32x4.splat(inverse ? -0.0 : 0)
  const across = <usize>half << 2
  const first = <usize>(heads * size) * <usize>begin << 2
  x += first
  out += first
  let known = i32.MIN_VALUE
  for (let t = begin; t < end; t++) {
    const position = load<i32>(positions + (<usize>t << 2))
    if (position != known || t == begin) {
      const at = f64x2.splat(<f64>position)
      for (let i: usize = 0; i < <usize>padded << 2; i += 16) {
        const low = f64x2.mul(at, v128.load(work + (i << 1)))
        const high = f64x2.mul(at, v128.load(work + (i << 1), 16))
        v128.store(cosines + i, sin64(low, high, 1))
        v128.store(sines + i, v128.xor(sin64(low, high, 0), flip))
      }
      known = position
    }
    for (let h = 0; h < heads; h++) {
      let i: usize = 0
      for (; i + 16 <= across; i += 16) {
        const a = v128.load(x + i)
        const b = v128.load(x + across + i)
        const c = v128.load(cosines + i)
        const s = v128.load(sines + i)
        v128.store(out + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)))
        v128.store(out + across + i, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)))
      }
      for (; i < across; i += 4) {
        const a = load<f32>(x + i)
        const b = load<f32>(x + across + i)
        const c = load<f32>(cosines + i)
        const s = load<f32>(sines + i)
        store<f32>(out + i, a * c - b * s)
        store<f32>(out + across + i, b * c + a * s)
      }
      x += across << 1
      out += across << 1
    }
  }
}
