// One AdamW update (arXiv 1711.05101, alg. 2) in one pass over weight, gradient and moments, as torch.optim.AdamW computes it.

import { madd } from './math'

/** Outputs may be the inputs. Items: elements, from a multiple of four on. Scalars by address: learning rate, gradient scale, 1 − β1ᵗ, 1 − β2ᵗ. `rest1`, `rest2`: 1 − β1, 1 − β2. */
export function adamw(
  w: usize, g: usize, m: usize, v: usize, lr: usize, clip: usize, bias1: usize, bias2: usize, wOut: usize, mOut: usize, vOut: usize,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, eps: f32, decay: f32, begin: i32, end: i32,
): void {
  const rate = load<f32>(lr)
  const scale = v128.load32_splat(clip)
  const b1 = f32x4.splat(beta1)
  const r1 = f32x4.splat(rest1)
  const b2 = f32x4.splat(beta2)
  const r2 = f32x4.splat(rest2)
  const e = f32x4.splat(eps)
  const keep = f32x4.splat(1 - rate * decay)
  const step = f32x4.splat(rate / load<f32>(bias1))
  const spread = f32x4.splat(1 / load<f32>(bias2))
  for (let i = <usize>begin << 2, bytes = <usize>end << 2; i < bytes; i += 16) {
    const grad = f32x4.mul(v128.load(g + i), scale)
    const mean = madd(v128.load(m + i), b1, f32x4.mul(grad, r1))
    const square = madd(v128.load(v + i), b2, f32x4.mul(f32x4.mul(grad, grad), r2))
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(square, spread)), e)
    const next = f32x4.sub(f32x4.mul(v128.load(w + i), keep), f32x4.div(f32x4.mul(step, mean), root))
    if (i + 16 <= bytes) {
      v128.store(wOut + i, next)
      v128.store(mOut + i, mean)
      v128.store(vOut + i, square)
    } else {
      put(wOut + i, next, bytes - i)
      put(mOut + i, mean, bytes - i)
      put(vOut + i, square, bytes - i)
    }
  }
}

/** The first lanes, `bytes` of them. */
function put(to: usize, x: v128, bytes: usize): void {
  v128.store_lane<f32>(to, x, 0)
  if (bytes > 4) v128.store_lane<f32>(to, x, 1, 4)
  if (bytes > 8) v128.store_lane<f32>(to, x, 2, 8)
}
