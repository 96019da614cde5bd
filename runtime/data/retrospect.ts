// Prompts of an earlier phase by how they fared: one row for each prompt, drawn the more often the less its rollouts earned.
// Says nothing about what is right: rewards were given when the rollouts were made.

import { failure } from '../codes.js'
import { randomKey, uniform } from '../random.js'
import type { Dataset, Row } from './dataset.js'

/**
 * One row for each prompt of `of`, the first of its rollouts; training draws prompt i with probability proportional to 1 / (mean reward + floor),
 * with replacement. Prompts that earned more than `most` on average are left out.
 * Errors: RLP8009 for a row without a number `reward`, RLP8105 for data without an end or weights that are not positive, RLP8103 when nothing is left.
 */
export function retrospective(of: Dataset, most: number, floor: number): Dataset {
  if (of.size === Infinity) throw failure('RLP8105', 'rollouts to look back on must have an end', 'give it what a `Generate` stage hands out')
  const prompts = new Map<unknown, { row: Row; sum: number; count: number }>()
  for (let i = 0; i < of.size; i++) {
    const row = of.row(i)
    const { prompt, reward } = row
    if (typeof reward !== 'number') throw failure('RLP8009', 'a rollout to look back on has no number `reward`', 'give the `Generate` stage a `reward`')
    const known = prompts.get(prompt) ?? { row, sum: 0, count: 0 }
    prompts.set(prompt, { row: known.row, sum: known.sum + reward, count: known.count + 1 })
  }
  const kept = [...prompts.values()].map(({ row, sum, count }) => ({ row, mean: sum / count })).filter(({ mean }) => mean <= most)
  if (kept.length === 0) throw failure('RLP8103', `none of ${prompts.size} prompts earned at most ${most} on average`, 'raise `most`')
  const bounds: number[] = []
  for (const { mean } of kept) {
    if (!(mean + floor > 0)) throw failure('RLP8105', `a prompt earned ${mean} on average, and 1 / (${mean} + ${floor}) is no weight`, 'raise `floor`')
    bounds.push((bounds.at(-1) ?? 0) + 1 / (mean + floor))
  }
  const total = bounds.at(-1) as number
  const rowAt = (at: number): Row => (kept[at] as (typeof kept)[number]).row
  const stream = (seed: number): Dataset => {
    const key = randomKey(seed, 'retrospective')
    return { size: Infinity, row: (i) => rowAt(first(bounds, uniform(key, i) * total)), draws: stream }
  }
  return { size: kept.length, row: rowAt, draws: stream }
}

/** Index of the first bound above `value`; the last when rounding leaves none. */
function first(bounds: readonly number[], value: number): number {
  let [low, high] = [0, bounds.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((bounds[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}
