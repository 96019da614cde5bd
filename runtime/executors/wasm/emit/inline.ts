// exp and sigmoid written out where they are used, operation for operation as `assembly/math.ts` has them: same bits, without a call,
// around which all values at hand would have to leave their registers.

import { hasRelaxedSimd } from '../kernels.js'
import { simd, type FunctionWriter } from './encoder.js'

/** Cephes: the powers from the highest down to the square, e^r = 1 + r + r²·p(r). */
const POWERS = [1.987569155e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5]
const [LOG2_E, LN2_HIGH, LN2_LOW, LEAST, MOST] = [1.44269504, -0.693359375, 2.1219444e-4, -87.34, 89]
/** 1.5 · 2²³: what is added to it is rounded to an integer, which then is in the low bits. */
const ROUND = 12582912

/** a·b + c as the kernels compute it; a is on the stack, `rest` pushes c. */
function madd(f: FunctionWriter, b: number, rest: () => unknown): void {
  f.get(b)
  if (!hasRelaxedSimd()) f.simd(simd.f32x4_mul)
  rest()
  f.simd(hasRelaxedSimd() ? simd.f32x4_relaxed_madd : simd.f32x4_add)
}

/** eˣ of what is on the stack. */
export function exp(f: FunctionWriter): void {
  const [r, t, p] = [f.temporary(0), f.temporary(1), f.temporary(2)] as const
  const k = (value: number): number => f.splat(value)
  f.get(k(MOST)).simd(simd.f32x4_pmin).get(k(LEAST)).simd(simd.f32x4_pmax).tee(r)
  f.get(k(LOG2_E)).simd(simd.f32x4_mul).get(k(ROUND)).simd(simd.f32x4_add).tee(t)
  f.get(k(ROUND)).simd(simd.f32x4_sub).tee(p)
  madd(f, k(LN2_LOW), () => madd(f.get(p), k(LN2_HIGH), () => f.get(r)))
  f.set(r)
  POWERS.forEach((power, i) => (i === 0 ? f.get(k(power)) : madd(f, r, () => f.get(k(power)))))
  f.get(r).get(r).simd(simd.f32x4_mul).set(p)
  madd(f, p, () => f.get(r))
  f.get(k(1)).simd(simd.f32x4_add)
  // 2ⁿ as 2 · 2ⁿ⁻¹: n reaches 128. The bits of 0.5 are those of 2⁻¹.
  f.get(t).i32(23).simd(simd.i32x4_shl).get(k(0.5)).simd(simd.i32x4_add).simd(simd.f32x4_mul).tee(p).get(p).simd(simd.f32x4_add)
}

/** 1 / (1 + e⁻ˣ) of what is on the stack. */
export function sigmoid(f: FunctionWriter): void {
  const [one, sum] = [f.splat(1), f.temporary(0)]
  f.simd(simd.f32x4_neg)
  exp(f)
  f.get(one).simd(simd.f32x4_add).set(sum).get(one).get(sum).simd(simd.f32x4_div)
}
