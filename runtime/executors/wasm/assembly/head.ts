// The output head: log-probability and entropy of target tokens under softmax(h·wᵀ / temperature), and the gradients.
// Logits exist for one chunk of rows at a time.

import { multiply } from './gemm'
import { exp4, log4, madd, max4, sum4 } from './math'

/** What one row of logits comes to, in four floats of the workspace. */
const LARGEST: usize = 0
/** log Σ exp(z − largest) */
const LOG_SUM: usize = 4
const INVERSE_SUM: usize = 8
/** −Σ p·log p */
const ENTROPY: usize = 12

/** z → exp(z · heat − largest) for one row in place, and its statistics; sums in float64. */
function softmaxRow(z: usize, size: i32, heat: f32, row: usize): void {
  const bytes = <usize>size << 2
  const whole = bytes & ~15
  const factor = f32x4.splat(heat)
  let top = f32x4.splat(-Infinity)
  let i: usize = 0
  for (; i < whole; i += 16) {
    const x = f32x4.mul(v128.load(z + i), factor)
    v128.store(z + i, x)
    top = f32x4.pmax(top, x)
  }
  let most = max4(top)
  for (; i < bytes; i += 4) {
    const x = load<f32>(z + i) * heat
    store<f32>(z + i, x)
    most = max(most, x)
  }
  const shift = f32x4.splat(most)
  let sum: f64 = 0
  let weighted: f64 = 0
  for (i = 0; i < bytes; ) {
    // Blocks short enough for float32 partial sums.
    let s = f32x4.splat(0), w = s
    for (const end = min(i + 1024, whole); i < end; i += 16) {
      const x = f32x4.sub(v128.load(z + i), shift)
      const e = exp4(x)
      v128.store(z + i, e)
      s = f32x4.add(s, e)
      // 0 · −∞ is NaN: exp underflows long before.
      w = madd(e, f32x4.pmax(x, f32x4.splat(-200)), w)
    }
    sum += sum4(s)
    weighted += sum4(w)
    if (i >= whole) {
      for (; i < bytes; i += 4) {
        const x = load<f32>(z + i) - most
        const e = f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
        store<f32>(z + i, e)
        sum += e
        weighted += e * max(x, -200)
      }
    }
  }
  const log = Math.log(sum)
  store<f32>(row, most, LARGEST)
  store<f32>(row, <f32>log, LOG_SUM)
  store<f32>(row, <f32>(1 / sum), INVERSE_SUM)
  store<f32>(row, <f32>(log - weighted / sum), ENTROPY)
}

// @ts-ignore: decorator
@inline
function target(targets: usize, row: i32, size: i32): usize {
  const id = load<i32>(targets + (<usize>row << 2))
  if (<u32>id >= <u32>size) unreachable()
  return <usize>id << 2
}

/** h [rows, width], w [size, width], targets i32 [rows], temperature [1] → logp and entropy [rows]. Items: rows. `work`: chunk · size floats, then a product's workspace. */
export function token_logprob(h: usize, w: usize, targets: usize, temperature: usize, logp: usize, entropy: usize, size: i32, width: i32, chunk: i32, work: usize, begin: i32, end: i32): void {
  const heat: f32 = 1 / load<f32>(temperature)
  const bytes = <usize>size << 2
  // Between two products, the first floats of their workspace hold the statistics of a row.
  const packing = work + bytes * <usize>chunk
  for (let first = begin; first < end; first += chunk) {
    const count = min(chunk, end - first)
    multiply(h + (<usize>(first * width) << 2), width, 1, w, 1, width, work, size, count, size, width, 0, packing)
    let z = work
    for (let r = first; r < first + count; r++) {
      const at = z + target(targets, r, size)
      const chosen = load<f32>(at) * heat
      softmaxRow(z, size, heat, packing)
      store<f32>(logp + (<usize>r << 2), chosen - load<f32>(packing, LARGEST) - load<f32>(packing, LOG_SUM))
      store<f32>(entropy + (<usize>r << 2), load<f32>(packing, ENTROPY))
      z += bytes
    }
  }
}

/**
 * In place: logits [rows, size], of rows from `first` on → their gradient from those of logp and entropy; logp and entropy too, unless they are 0.
 * Items: rows.
 * What follows, the gradients of h and w, are products (`plan/composites.ts`). `work`: four floats.
 */
export function token_logprob_slope(z: usize, targets: usize, temperature: usize, dlogp: usize, dentropy: usize, logp: usize, entropy: usize, first: i32, size: i32, work: usize, begin: i32, end: i32): void {
  const heat: f32 = 1 / load<f32>(temperature)
  const bytes = <usize>size << 2
  z += bytes * <usize>begin
  for (let r = first + begin; r < first + end; r++, z += bytes) {
    const at = z + target(targets, r, size)
    const chosen = load<f32>(at) * heat
    softmaxRow(z, size, heat, work)
    if (logp != 0) {
      store<f32>(logp + (<usize>r << 2), chosen - load<f32>(work, LARGEST) - load<f32>(work, LOG_SUM))
      store<f32>(entropy + (<usize>r << 2), load<f32>(work, ENTROPY))
    }
    const seed = load<f32>(dlogp + (<usize>r << 2))
    slope(z, size, seed, load<f32>(dentropy + (<usize>r << 2)), heat, load<f32>(work, INVERSE_SUM), load<f32>(work, ENTROPY))
    store<f32>(at, load<f32>(at) + seed * heat)
  }
}

/** exp(z − largest) → −p·(seed + dentropy·(log p + entropy)) / temperature */
// @ts-ignore: decorator
@inline
function slope(z: usize, size: i32, seed: f32, dentropy: f32, heat: f32, inverseSum: f32, entropy: f32): void {
  const bytes = <usize>size << 2
  const whole = bytes & ~15
  const share = f32x4.splat(inverseSum)
  const factor = f32x4.splat(-heat)
  let i: usize = 0
  if (dentropy == 0) {
    const scale = f32x4.splat(-heat * seed * inverseSum)
    for (; i < whole; i += 16) v128.store(z + i, f32x4.mul(v128.load(z + i), scale))
    for (; i < bytes; i += 4) store<f32>(z + i, load<f32>(z + i) * (-heat * seed * inverseSum))
    return
  }
  const constant = f32x4.splat(seed + dentropy * entropy)
  const slant = f32x4.splat(dentropy)
  for (; i < whole; i += 16) v128.store(z + i, entropySlope(v128.load(z + i), share, factor, constant, slant))
  for (; i < bytes; i += 4) store<f32>(z + i, f32x4.extract_lane(entropySlope(v128.load32_splat(z + i), share, factor, constant, slant), 0))
}

// @ts-ignore: decorator
@inline
function entropySlope(e: v128, share: v128, factor: v128, constant: v128, slant: v128): v128 {
  const p = f32x4.mul(e, share)
  // p · log p is 0 at 0.
  const log = log4(f32x4.pmax(p, f32x4.splat(1e-37)))
  return f32x4.mul(f32x4.mul(p, factor), madd(slant, log, constant))
}
