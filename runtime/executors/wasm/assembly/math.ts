// Vector elementary functions on four floats, accurate to about one unit in the last place of float32.
// Coefficients: Cephes (Moshier). No tables; constants are read from memory because a splatted literal is rebuilt at every use.

/** Four equal lanes for each constant, so that one load gives a vector. */
const K: usize = memory.data<f32>([
  1.44269504, 1.44269504, 1.44269504, 1.44269504, // 0: log2(e)
  -0.693359375, -0.693359375, -0.693359375, -0.693359375, // 1: −ln 2, high part
  2.12194440e-4, 2.12194440e-4, 2.12194440e-4, 2.12194440e-4, // 2: −ln 2, low part
  1.9875691500e-4, 1.9875691500e-4, 1.9875691500e-4, 1.9875691500e-4, // 3…8: exp
  1.3981999507e-3, 1.3981999507e-3, 1.3981999507e-3, 1.3981999507e-3,
  8.3334519073e-3, 8.3334519073e-3, 8.3334519073e-3, 8.3334519073e-3,
  4.1665795894e-2, 4.1665795894e-2, 4.1665795894e-2, 4.1665795894e-2,
  1.6666665459e-1, 1.6666665459e-1, 1.6666665459e-1, 1.6666665459e-1,
  0.5, 0.5, 0.5, 0.5,
  1, 1, 1, 1, // 9
  -87.34, -87.34, -87.34, -87.34, // 10: exp is 0 below
  89, 89, 89, 89, // 11: exp is infinite above
  7.0376836292e-2, 7.0376836292e-2, 7.0376836292e-2, 7.0376836292e-2, // 12…20: log
  -1.1514610310e-1, -1.1514610310e-1, -1.1514610310e-1, -1.1514610310e-1,
  1.1676998740e-1, 1.1676998740e-1, 1.1676998740e-1, 1.1676998740e-1,
  -1.2420140846e-1, -1.2420140846e-1, -1.2420140846e-1, -1.2420140846e-1,
  1.4249322787e-1, 1.4249322787e-1, 1.4249322787e-1, 1.4249322787e-1,
  -1.6668057665e-1, -1.6668057665e-1, -1.6668057665e-1, -1.6668057665e-1,
  2.0000714765e-1, 2.0000714765e-1, 2.0000714765e-1, 2.0000714765e-1,
  -2.4999993993e-1, -2.4999993993e-1, -2.4999993993e-1, -2.4999993993e-1,
  3.3333331174e-1, 3.3333331174e-1, 3.3333331174e-1, 3.3333331174e-1,
  0.707106781, 0.707106781, 0.707106781, 0.707106781, // 21: sqrt(1/2)
  -5.70498872745e-3, -5.70498872745e-3, -5.70498872745e-3, -5.70498872745e-3, // 22…26: tanh near 0
  2.06390887954e-2, 2.06390887954e-2, 2.06390887954e-2, 2.06390887954e-2,
  -5.37397155531e-2, -5.37397155531e-2, -5.37397155531e-2, -5.37397155531e-2,
  1.33314422036e-1, 1.33314422036e-1, 1.33314422036e-1, 1.33314422036e-1,
  -3.33332819422e-1, -3.33332819422e-1, -3.33332819422e-1, -3.33332819422e-1,
  0.625, 0.625, 0.625, 0.625, // 27: where tanh changes its formula
  2, 2, 2, 2, // 28
  -1.9515295891e-4, -1.9515295891e-4, -1.9515295891e-4, -1.9515295891e-4, // 29…31: sin
  8.3321608736e-3, 8.3321608736e-3, 8.3321608736e-3, 8.3321608736e-3,
  -1.6666654611e-1, -1.6666654611e-1, -1.6666654611e-1, -1.6666654611e-1,
  2.443315711809948e-5, 2.443315711809948e-5, 2.443315711809948e-5, 2.443315711809948e-5, // 32…34: cos
  -1.388731625493765e-3, -1.388731625493765e-3, -1.388731625493765e-3, -1.388731625493765e-3,
  4.166664568298827e-2, 4.166664568298827e-2, 4.166664568298827e-2, 4.166664568298827e-2,
  12582912, 12582912, 12582912, 12582912, // 35: 1.5 · 2²³
  1.5353361959569156e-4, 1.5353361959569156e-4, 1.5353361959569156e-4, 1.5353361959569156e-4, // 36…41: 2ʳ − 1 over r, |r| ≤ 1/2 (minimax, 2e-9)
  1.3398875016719103e-3, 1.3398875016719103e-3, 1.3398875016719103e-3, 1.3398875016719103e-3,
  9.61843691766262e-3, 9.61843691766262e-3, 9.61843691766262e-3, 9.61843691766262e-3,
  5.5503323674201965e-2, 5.5503323674201965e-2, 5.5503323674201965e-2, 5.5503323674201965e-2,
  2.4022647738456726e-1, 2.4022647738456726e-1, 2.4022647738456726e-1, 2.4022647738456726e-1,
  6.931471824645996e-1, 6.931471824645996e-1, 6.931471824645996e-1, 6.931471824645996e-1,
  -127, -127, -127, -127, // 42: 2ˣ is 0 below
], 16)

// @ts-ignore: decorator
@inline
function k(index: usize): v128 {
  return v128.load(K + (index << 4))
}

/** a·b + c; fused where the build has relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** eˣ; 0 below −87, ∞ above 88.73, NaN stays. `emit/inline.ts` writes the same operations. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const c = f32x4.pmax(f32x4.pmin(x, k(11)), k(10))
  // Adding 1.5 · 2²³ rounds to an integer, which then is in the low bits.
  const t = f32x4.add(f32x4.mul(c, k(0)), k(35))
  const n = f32x4.sub(t, k(35))
  const r = madd(n, k(2), madd(n, k(1), c))
  let p = madd(k(3), r, k(4))
  p = madd(p, r, k(5))
  p = madd(p, r, k(6))
  p = madd(p, r, k(7))
  p = madd(p, r, k(8))
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), k(9))
  // 2ⁿ as 2 · 2ⁿ⁻¹: n reaches 128. At −126 the exponent field is 0, and so is the result: no slow subnormal numbers.
  p = f32x4.mul(p, i32x4.add(i32x4.shl(t, 23), k(8)))
  return f32x4.add(p, p)
}

/** 2ˣ for x up to 127; 0 from −127 down, NaN stays. Shorter than eˣ, whose argument has to be cut into a power of two and a rest that is not exact. */
// @ts-ignore: decorator
@inline
export function exp2_4(x: v128): v128 {
  const c = f32x4.pmax(x, k(42))
  const t = f32x4.add(c, k(35))
  const r = f32x4.sub(c, f32x4.sub(t, k(35)))
  let p = madd(k(36), r, k(37))
  p = madd(p, r, k(38))
  p = madd(p, r, k(39))
  p = madd(p, r, k(40))
  p = madd(p, r, k(41))
  p = madd(p, r, k(9))
  // The exponent of 2ʳ and n; at −127 it is 0, and r too: exactly 0.
  return i32x4.add(p, i32x4.shl(t, 23))
}

/** Natural logarithm; −∞ at 0, NaN below, exact scaling of subnormal arguments. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38))
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny)
  // x = m · 2ᵉ with m in [sqrt(1/2), sqrt(2)).
  let e = i32x4.sub(i32x4.shr_s(scaled, 23), i32x4.splat(126))
  e = i32x4.sub(e, v128.and(tiny, i32x4.splat(23)))
  let m = v128.or(v128.and(scaled, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000))
  const low = f32x4.lt(m, k(21))
  e = i32x4.add(e, low)
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), k(9))
  const f = f32x4.convert_i32x4_s(e)
  const z = f32x4.mul(m, m)
  let p = madd(k(12), m, k(13))
  p = madd(p, m, k(14))
  p = madd(p, m, k(15))
  p = madd(p, m, k(16))
  p = madd(p, m, k(17))
  p = madd(p, m, k(18))
  p = madd(p, m, k(19))
  p = madd(p, m, k(20))
  let y = f32x4.mul(f32x4.mul(p, m), z)
  y = f32x4.sub(y, f32x4.mul(f, k(2)))
  y = f32x4.sub(y, f32x4.mul(z, k(8)))
  y = f32x4.sub(f32x4.add(m, y), f32x4.mul(f, k(1)))
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)))
  y = v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(Infinity)))
  // Negative or NaN: the comparison is false for both.
  return v128.bitselect(y, f32x4.splat(NaN), f32x4.ge(x, f32x4.splat(0)))
}

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x)
  const z = f32x4.mul(x, x)
  let near = madd(k(22), z, k(23))
  near = madd(near, z, k(24))
  near = madd(near, z, k(25))
  near = madd(near, z, k(26))
  near = madd(f32x4.mul(near, z), x, x)
  let far = f32x4.sub(k(9), f32x4.div(k(28), f32x4.add(exp4(f32x4.mul(a, k(28))), k(9))))
  far = v128.or(far, v128.and(x, i32x4.splat(0x80000000)))
  return v128.bitselect(near, far, f32x4.lt(a, k(27)))
}

/** Two angles (f64) → r in [−π/4, π/4] as f64; the quadrant goes to memory lanes of the caller by `quadrant`. */
// @ts-ignore: decorator
@inline
function turns(x: v128): v128 {
  return f64x2.nearest(f64x2.mul(x, f64x2.splat(0.6366197723675814)))
}

// @ts-ignore: decorator
@inline
function rest(x: v128, n: v128): v128 {
  const high = f64x2.sub(x, f64x2.mul(n, f64x2.splat(1.5707963267341256)))
  return f64x2.sub(high, f64x2.mul(n, f64x2.splat(6.077100506506192e-11)))
}

/** sin(x + shift·π/2) of four angles in float64 (low pair, high pair): rotary angles are large and must not lose digits. */
// @ts-ignore: decorator
@inline
export function sin64(low: v128, high: v128, shift: i32): v128 {
  const n0 = turns(low)
  const n1 = turns(high)
  const q0 = i32x4.trunc_sat_f64x2_s_zero(n0)
  const q1 = i32x4.trunc_sat_f64x2_s_zero(n1)
  const q = i32x4.add(i32x4.shuffle(q0, q1, 0, 1, 4, 5), i32x4.splat(shift))
  const r = i32x4.shuffle(f32x4.demote_f64x2_zero(rest(low, n0)), f32x4.demote_f64x2_zero(rest(high, n1)), 0, 1, 4, 5)
  const z = f32x4.mul(r, r)
  let s = madd(k(29), z, k(30))
  s = madd(s, z, k(31))
  s = madd(f32x4.mul(s, z), r, r)
  let c = madd(k(32), z, k(33))
  c = madd(c, z, k(34))
  c = madd(f32x4.mul(c, z), z, f32x4.sub(k(9), f32x4.mul(k(8), z)))
  const odd = i32x4.ne(v128.and(q, i32x4.splat(1)), i32x4.splat(0))
  const sign = i32x4.shl(v128.and(q, i32x4.splat(2)), 30)
  const y = v128.bitselect(c, s, odd)
  return v128.xor(y, sign)
}

// @ts-ignore: decorator
@inline
export function sin4(x: v128): v128 {
  return sin64(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(i32x4.shuffle(x, x, 2, 3, 2, 3)), 0)
}

// @ts-ignore: decorator
@inline
export function cos4(x: v128): v128 {
  return sin64(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(i32x4.shuffle(x, x, 2, 3, 2, 3)), 1)
}

/** Sum of the four lanes, in the fixed order (0 + 2) + (1 + 3). */
// @ts-ignore: decorator
@inline
export function sum4(x: v128): f32 {
  const y = f32x4.add(x, i32x4.shuffle(x, x, 2, 3, 2, 3))
  return f32x4.extract_lane(y, 0) + f32x4.extract_lane(y, 1)
}

// @ts-ignore: decorator
@inline
export function max4(x: v128): f32 {
  const y = f32x4.max(x, i32x4.shuffle(x, x, 2, 3, 2, 3))
  return max(f32x4.extract_lane(y, 0), f32x4.extract_lane(y, 1))
}

/** xʸ, each lane through float64. */
export function pow4(x: v128, y: v128): v128 {
  let z = f32x4.splat(pow1(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0)))
  z = f32x4.replace_lane(z, 1, pow1(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1)))
  z = f32x4.replace_lane(z, 2, pow1(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2)))
  return f32x4.replace_lane(z, 3, pow1(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3)))
}

/** IEEE 754 pow, unlike JavaScript's: 1 to any power is 1, and so is −1 to an infinite one. */
function pow1(x: f64, y: f64): f32 {
  return x == 1 || (x == -1 && abs(y) == Infinity) ? 1 : <f32>Math.pow(x, y)
}

/** Remainder with the sign of the divisor, as torch.remainder; exact. */
export function mod4(x: v128, y: v128): v128 {
  let z = f32x4.splat(mod1(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0)))
  z = f32x4.replace_lane(z, 1, mod1(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1)))
  z = f32x4.replace_lane(z, 2, mod1(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2)))
  return f32x4.replace_lane(z, 3, mod1(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3)))
}

function mod1(a: f64, b: f64): f32 {
  const rest = a % b
  return <f32>(rest != 0 && rest < 0 != b < 0 ? rest + b : rest)
}

/** 0 where the divisor is 0. */
export function mod_i4(x: v128, y: v128): v128 {
  let z = i32x4.splat(mod_i1(i32x4.extract_lane(x, 0), i32x4.extract_lane(y, 0)))
  z = i32x4.replace_lane(z, 1, mod_i1(i32x4.extract_lane(x, 1), i32x4.extract_lane(y, 1)))
  z = i32x4.replace_lane(z, 2, mod_i1(i32x4.extract_lane(x, 2), i32x4.extract_lane(y, 2)))
  return i32x4.replace_lane(z, 3, mod_i1(i32x4.extract_lane(x, 3), i32x4.extract_lane(y, 3)))
}

function mod_i1(a: i32, b: i32): i32 {
  if (b == 0) return 0
  const rest = a % b
  return rest != 0 && rest < 0 != b < 0 ? rest + b : rest
}

export function mod_u4(x: v128, y: v128): v128 {
  let z = i32x4.splat(mod_u1(i32x4.extract_lane(x, 0), i32x4.extract_lane(y, 0)))
  z = i32x4.replace_lane(z, 1, mod_u1(i32x4.extract_lane(x, 1), i32x4.extract_lane(y, 1)))
  z = i32x4.replace_lane(z, 2, mod_u1(i32x4.extract_lane(x, 2), i32x4.extract_lane(y, 2)))
  return i32x4.replace_lane(z, 3, mod_u1(i32x4.extract_lane(x, 3), i32x4.extract_lane(y, 3)))
}

function mod_u1(a: u32, b: u32): u32 {
  return b == 0 ? 0 : a % b
}
