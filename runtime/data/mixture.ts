// Datasets made of datasets: mixtures with fixed probabilities, random samples, one after the other, one less another.
// Rows are never copied or changed, only chosen; what one epoch of a part is, `draws.ts` says.

import { failure } from '../codes.js'
import { randomKey, threefry, uniform } from '../random.js'
import type { HostShare } from '../host.js'
import type { Dataset } from './dataset.js'
import { draws, epochs, generated, listed } from './draws.js'
import { filtered } from './select.js'

/**
 * Rows drawn from several datasets, without end: row i picks its part by random bits of (seed, i), each part with its
 * probability; the n-th row that falls to a part is the n-th row that training would draw from it.
 * So a finite part shows every row once before any twice. Nested mixtures work the same way.
 * @throws HostError RLP8105 when the probabilities do not sum to 1 (±1e-9).
 */
export function mixture(shares: readonly HostShare[]): Dataset {
  const sum = shares.reduce((total, { part }) => total + part, 0)
  if (Math.abs(sum - 1) > 1e-9) throw failure('RLP8105', `the shares of a mixture sum to ${Number((sum * 100).toPrecision(12))} %`, 'make them sum to 100%')
  const bounds: number[] = []
  for (const { part } of shares) bounds.push((bounds.at(-1) ?? 0) + part)
  // The last part with a share takes what rounding leaves.
  const fallback = shares.findLastIndex(({ part }) => part > 0)
  const mixed = generated((seed) => {
    const key = randomKey(seed, 'mixture')
    const parts = shares.map(({ data }, n) => draws(data, threefry(randomKey(seed, 'mixture', 'part'), n, 0)[0]))
    const picked: number[] = []
    const ordinal: number[] = []
    const counts = shares.map(() => 0)
    return (i) => {
      while (picked.length <= i) {
        const u = uniform(key, picked.length)
        const found = bounds.findIndex((bound) => u < bound)
        const part = found < 0 ? fallback : found
        picked.push(part)
        ordinal.push((counts[part] as number)++)
      }
      return (parts[picked[i] as number] as Dataset).row(ordinal[i] as number)
    }
  })
  return { ...mixed, parts: shares.filter(({ part }) => part > 0).map(({ data }) => data) }
}

/**
 * `take` rows without replacement, the same for the same seed, in random order. Of a generator: the first rows of that seed's stream.
 * A balanced dataset's sample is drawn evenly from its rows, not balanced.
 * @throws HostError RLP8105 when there are fewer rows.
 */
export function subset(data: Dataset, take: number, seed: number): Dataset {
  if (take > data.size) throw failure('RLP8105', `a subset of ${take} rows was asked of ${data.size}`, `take at most ${data.size} samples`)
  if (data.size === Infinity) {
    const stream = draws(data, seed)
    return listed(Array.from({ length: take }, (_, i) => stream.row(i)))
  }
  const index = epochs(data.size, seed, 'subset')
  return listed(Array.from({ length: take }, (_, i) => data.row(index(i))))
}

/**
 * The rows of all parts, one part after the other.
 * @throws HostError RLP8105 when a part has no end.
 */
export function joined(parts: readonly Dataset[]): Dataset {
  if (parts.some(({ size }) => size === Infinity)) throw failure('RLP8105', 'one of the datasets to join has no end', 'cut it with `subset` or `take`, or draw from it with `mixture`')
  return listed(parts.flatMap((part) => Array.from({ length: part.size }, (_, i) => part.row(i))))
}

/**
 * The rows whose `prompt` is that of no row of the others.
 * @throws HostError RLP8105 when one of the others has no end.
 */
export function without(data: Dataset, others: readonly Dataset[]): Dataset {
  if (others.some(({ size }) => size === Infinity)) throw failure('RLP8105', 'one of the datasets to leave out has no end', 'cut it with `subset` or `take`')
  const prompts = new Set(others.flatMap((other) => Array.from({ length: other.size }, (_, i) => other.row(i)['prompt'])))
  return filtered(data, (row) => !prompts.has(row['prompt']))
}
