// One decoded token: attention of a single query on a key/value cache, and the write into that cache.
// Rows of the batch are independent.

import { exp4, madd, max4, sum4 } from './math'

/** Writes entry [batch, row] at positions[b] of cache [batch, length, row]; nothing where the position lies outside. Items: rows of the batch. */
export function cache_write(cache: usize, entry: usize, positions: usize, length: i32, row: i32, begin: i32, end: i32): void {
  const bytes = <usize>row << 2
  entry += bytes * <usize>begin
  for (let b = begin; b < end; b++) {
    const at = load<i32>(positions + (<usize>b << 2))
    if (at >= 0 && at < length) memory.copy(cache + bytes * <usize>(b * length + at), entry, bytes)
    entry += bytes
  }
}

/** Cache entries walked by all heads before the next ones: they stay in L1. */
const BLOCK = 32

/**
 * q and out [batch, heads, size]; caches [batch, length, keyHeads, size]; row b sees positions up to positions[b].
 * Items: rows of the batch. `work`: heads · length floats, length rounded up to vectors.
 */
export function attention_decode(q: usize, keys: usize, values: usize, positions: usize, out: usize, length: i32, heads: i32, keyHeads: i32, size: i32, scale: f32, work: usize, begin: i32, end: i32): void {
  const row = <usize>(keyHeads * size) << 2
  const bytes = <usize>size << 2
  const group = heads / keyHeads
  const width = <usize>((length + 3) & ~3) << 2
  const before = <usize>begin
  q += bytes * <usize>heads * before
  out += bytes * <usize>heads * before
  keys += row * <usize>length * before
  values += row * <usize>length * before
  for (let b = begin; b < end; b++) {
    const seen = max(0, min(length, load<i32>(positions + (<usize>b << 2)) + 1))
    for (let j = 0; j < seen; j += BLOCK) {
      const count = min(BLOCK, seen - j)
      for (let h = 0; h < heads; h++) dots(q + bytes * <usize>h, keys + row * <usize>j + bytes * <usize>(h / group), row, count, bytes, scale, work + width * <usize>h + (<usize>j << 2))
    }
    for (let h = 0; h < heads; h++) softmax(work + width * <usize>h, seen)
    memory.fill(out, seen > 0 ? 0 : 255, bytes * <usize>heads) // all bits set is NaN: the mean of nothing
    for (let j = 0; j < seen; j += BLOCK) {
      const count = min(BLOCK, seen - j)
      for (let h = 0; h < heads; h++) mix(work + width * <usize>h + (<usize>j << 2), values + row * <usize>j + bytes * <usize>(h / group), row, count, bytes, out + bytes * <usize>h)
    }
    q += bytes * <usize>heads
    out += bytes * <usize>heads
    keys += row * <usize>length
    values += row * <usize>length
  }
}

/** to[j] = scale · q·keys[j], four keys at a time; the last store may write up to three more. */
function dots(q: usize, keys: usize, row: usize, count: i32, bytes: usize, scale: f32, to: usize): void {
  const whole = bytes & ~15
  const factor = f32x4.splat(scale)
  for (let j = 0; j < count; j += 4, to += 16, keys += row << 2) {
    // Keys behind the last are the last again.
    const k1 = keys + row * <usize>min(1, count - 1 - j)
    const k2 = keys + row * <usize>min(2, count - 1 - j)
    const k3 = keys + row * <usize>min(3, count - 1 - j)
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
    let i: usize = 0
    for (; i < whole; i += 16) {
      const x = v128.load(q + i)
      s0 = madd(x, v128.load(keys + i), s0)
      s1 = madd(x, v128.load(k1 + i), s1)
      s2 = madd(x, v128.load(k2 + i), s2)
      s3 = madd(x, v128.load(k3 + i), s3)
    }
    const a = f32x4.add(i32x4.shuffle(s0, s1, 0, 4, 1, 5), i32x4.shuffle(s0, s1, 2, 6, 3, 7))
    const b = f32x4.add(i32x4.shuffle(s2, s3, 0, 4, 1, 5), i32x4.shuffle(s2, s3, 2, 6, 3, 7))
    let sum = f32x4.add(i64x2.shuffle(a, b, 0, 2), i64x2.shuffle(a, b, 1, 3))
    for (; i < bytes; i += 4) {
      const column = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(load<f32>(keys + i)), 1, load<f32>(k1 + i)), 2, load<f32>(k2 + i)), 3, load<f32>(k3 + i))
      sum = madd(v128.load32_splat(q + i), column, sum)
    }
    v128.store(to, f32x4.mul(sum, factor))
  }
}

function softmax(weights: usize, seen: i32): void {
  const end = <usize>((seen + 3) & ~3) << 2
  for (let j = <usize>seen << 2; j < end; j += 4) store<f32>(weights + j, -Infinity)
  let top = f32x4.splat(-Infinity)
  for (let j: usize = 0; j < end; j += 16) top = f32x4.pmax(top, v128.load(weights + j))
  const most = f32x4.splat(max4(top))
  let total = f32x4.splat(0)
  for (let j: usize = 0; j < end; j += 16) {
    const e = exp4(f32x4.sub(v128.load(weights + j), most))
    v128.store(weights + j, e)
    total = f32x4.add(total, e)
  }
  const share = f32x4.splat(<f32>1 / sum4(total))
  for (let j: usize = 0; j < end; j += 16) v128.store(weights + j, f32x4.mul(v128.load(weights + j), share))
}

/** out += Σ weights[j] · values[j], sixteen columns at a time. */
function mix(weights: usize, values: usize, row: usize, count: i32, bytes: usize, out: usize): void {
  const end = weights + (<usize>count << 2)
  let i: usize = 0
  for (; i + 64 <= bytes; i += 64) {
    let s0 = v128.load(out + i), s1 = v128.load(out + i, 16), s2 = v128.load(out + i, 32), s3 = v128.load(out + i, 48)
    let from = values + i
    for (let w = weights; w < end; w += 4) {
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
    let sum = v128.load(out + i)
    let from = values + i
    for (let w = weights; w < end; w += 4, from += row) sum = madd(v128.load32_splat(w), v128.load(from), sum)
    v128.store(out + i, sum)
  }
  for (; i < bytes; i += 4) {
    let sum = load<f32>(out + i)
    let from = values + i
    for (let w = weights; w < end; w += 4, from += row) sum += load<f32>(w) * load<f32>(from)
    store<f32>(out + i, sum)
  }
}
