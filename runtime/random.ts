// Counter-based randomness: Threefry-2x32 with 20 rounds (Salmon et al., SC 2011), and what is drawn from it.
// No state anywhere: a number depends on its key and counter alone, so order, threads and restarts cannot change it.

import { createHash } from 'node:crypto'

/** What a stream of random numbers is for: the run's seed, and a hash of stage and purpose. */
export interface RandomKey {
  readonly key0: number
  readonly key1: number
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const
const PARITY = 0x1bd11bda

/** The key of (seed, purpose…), e.g. `randomKey(0, stage.fingerprint, 'rollout')`. */
export function randomKey(seed: number, ...purpose: readonly string[]): RandomKey {
  const high = Math.floor(seed / 2 ** 32)
  const digest = createHash('sha256').update([...(high === 0 ? [] : [String(high)]), ...purpose].join('\0')).digest()
  return { key0: seed >>> 0, key1: digest.readUInt32LE(0) }
}

/** Threefry-2x32-20 of a counter: two 32-bit words. */
export function threefry(key: RandomKey, counter0: number, counter1: number): readonly [number, number] {
  const k0 = key.key0 | 0
  const k1 = key.key1 | 0
  const keys = [k0, k1, PARITY ^ k0 ^ k1]
  let x0 = (counter0 + k0) | 0
  let x1 = (counter1 + k1) | 0
  for (let group = 0; group < 5; group++) {
    for (let i = 0; i < 4; i++) {
      const by = ROTATIONS[(group % 2) * 4 + i] as number
      x0 = (x0 + x1) | 0
      x1 = ((x1 << by) | (x1 >>> (32 - by))) ^ x0
    }
    x0 = (x0 + (keys[(group + 1) % 3] as number)) | 0
    x1 = (x1 + (keys[(group + 2) % 3] as number) + group + 1) | 0
  }
  return [x0 >>> 0, x1 >>> 0]
}

/** Uniform in [0, 1), a multiple of 2⁻³². */
export function uniform(key: RandomKey, counter0: number, counter1 = 0): number {
  return threefry(key, counter0, counter1)[0] / 2 ** 32
}

/** Standard normal (Box and Muller, 1958). */
export function normal(key: RandomKey, counter0: number, counter1 = 0): number {
  const [a, b] = threefry(key, counter0, counter1)
  return Math.sqrt(-2 * Math.log((a + 0.5) / 2 ** 32)) * Math.cos((2 * Math.PI * b) / 2 ** 32)
}

/** Integer in 0..n−1, for n up to 2³². The bias is below n / 2³². */
export function below(key: RandomKey, n: number, counter0: number, counter1 = 0): number {
  return Math.floor(uniform(key, counter0, counter1) * n)
}

/**
 * Where index `i` goes in the key's permutation of 0..n−1, found without making the permutation:
 * a Feistel network on the next power of four, walked until the result is below n (Black and Rogaway, 2002).
 */
export function permuted(key: RandomKey, n: number, i: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(n) / 2))
  const mask = 2 ** half - 1
  let value = i
  do {
    let left = Math.floor(value / 2 ** half)
    let right = value & mask
    for (let round = 0; round < 6; round++) [left, right] = [right, (left ^ threefry(key, right, round)[0]) & mask]
    value = left * 2 ** half + right
  } while (value >= n)
  return value
}
