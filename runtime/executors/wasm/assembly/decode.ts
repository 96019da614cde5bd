// One decoded token: attention of a single query on a key/value cache, and the write into that cache.
// Rows of the batch are independent.

import { exp4, madd, max4, sum4 } from './math'

/** Writes entry [batch, row] at positions[b] of cache [batch, length, row]; nothing where the position lies outside. */
export function cache_write(cache: usize, entry: usize, positions: usize, batch: i32, length: i32, row: i32): void {
  const bytes = <usize>row << 2
  for (let b = 0; b < batch; b++) {
    const at = load<i32>(positions + (<usize>b << 2))
    if (at >= 0 && at < length) memory.copy(cache + bytes * <usize>(b * length + at), entry, bytes)
    entry += bytes
  }
}

/** q and out [batch, heads, size]; caches [batch, length, keyHeads, size]; row b sees positions up to positions[b]. `work`: length + 4 floats. */
export function attention_decode(q: usize, keys: usize, values: usize, positions: usize, out: usize, batch: i32, length: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize): void {
  const row = <usize>(keyHeads * size) << 2
  const bytes = <usize>size << 2
  const group = heads / keyHeads
  for (let b = 0; b < batch; b++) {
    const seen = max(0, min(length, load<i32>(positions + (<usize>b << 2)) + 1))
    for (let h = 0; h < heads; h++) {
      const head = <usize>(h / group) * bytes
      score(q, keys + head, row, seen, size, scale, work)
      mix(work, values + head, row, seen, bytes, out)
      q += bytes
      out += bytes
    }
    keys += row * <usize>length
    values += row * <usize>length
  }
}

/** Softmax weights of one query on `seen` keys. */
function score(q: usize, keys: usize, row: usize, seen: i32, size: i32, scale: f32, weights: usize): void {
  const bytes = <usize>size << 2
  const whole = bytes & ~15
  let most: f32 = -Infinity
  for (let j = 0; j < seen; j++) {
    let s0 = f32x4.splat(0), s1 = s0
    let i: usize = 0
    for (; i + 32 <= whole; i += 32) {
      s0 = madd(v128.load(q + i), v128.load(keys + i), s0)
      s1 = madd(v128.load(q + i, 16), v128.load(keys + i, 16), s1)
    }
    if (i < whole) {
      s0 = madd(v128.load(q + i), v128.load(keys + i), s0)
      i += 16
    }
    let dot = sum4(f32x4.add(s0, s1))
    for (; i < bytes; i += 4) dot += load<f32>(q + i) * load<f32>(keys + i)
    dot *= scale
    store<f32>(weights + (<usize>j << 2), dot)
    most = max(most, dot)
    keys += row
  }
  const end = <usize>((seen + 3) & ~3) << 2
  for (let j = <usize>seen << 2; j < end; j += 4) store<f32>(weights + j, -Infinity)
  const top = f32x4.splat(most)
  let total = f32x4.splat(0)
  for (let j: usize = 0; j < end; j += 16) {
    const e = exp4(f32x4.sub(v128.load(weights + j), top))
    v128.store(weights + j, e)
    total = f32x4.add(total, e)
  }
  const share = f32x4.splat(<f32>1 / sum4(total))
  for (let j: usize = 0; j < end; j += 16) v128.store(weights + j, f32x4.mul(v128.load(weights + j), share))
}

/** out = Σ weights[j] · values[j], sixteen columns at a time. */
function mix(weights: usize, values: usize, row: usize, seen: i32, bytes: usize, out: usize): void {
  let i: usize = 0
  for (; i + 64 <= bytes; i += 64) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
    let from = values + i
    for (let w = weights, end = weights + (<usize>seen << 2); w < end; w += 4) {
      const x = v128.load32_splat(w)
      s0 = madd(x, v128.load(from), s0)
      s1 = madd(x, v128.load(from, 16), s1)
      s2 = madd(x, v128.load(from, 32), s2)
      s3 = madd(x, v128.load(from, 48), s3)
      from += row
    }
    v128.store(out + i, s0)
    v128.store(out + i, s1, 16)
    v128.store(out + i, s2, 32)
    v128.store(out + i, s3, 48)
  }
  for (; i + 16 <= bytes; i += 16) {
    let s0 = f32x4.splat(0)
    let from = values + i
    for (let w = weights, end = weights + (<usize>seen << 2); w < end; w += 4) {
      s0 = madd(v128.load32_splat(w), v128.load(from), s0)
      from += row
    }
    v128.store(out + i, s0)
  }
  for (; i < bytes; i += 4) {
    let sum: f32 = 0
    for (let j = 0; j < seen; j++) sum += load<f32>(weights + (<usize>j << 2)) * load<f32>(values + i + row * <usize>j)
    store<f32>(out + i, sum)
  }
}
