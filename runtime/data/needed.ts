// Completions whose prompts need a treatment: with it the mean reward is high, without it low.

import { failure } from '../codes.js'
import type { Dataset, Row } from './dataset.js'
import { listed } from './draws.js'

/** Rows of `treated` whose prompt has a mean reward above `least` there, below `most` in `plain`, and a difference above `gain`. Errors: RLP8105 without an end, RLP8009. */
export function needed(treated: Dataset, plain: Dataset, { gain, least, most }: { readonly gain: number; readonly least: number; readonly most: number }): Dataset {
  if (treated.size === Infinity || plain.size === Infinity) throw failure('RLP8105', 'completions without an end cannot be compared', 'cut them with `subset` or `take`')
  const rows = Array.from({ length: treated.size }, (_, i) => treated.row(i))
  const [high, low] = [meansOf(rows), meansOf(Array.from({ length: plain.size }, (_, i) => plain.row(i)))]
  const keeps = (prompt: unknown): boolean => {
    const [a, b] = [high.get(prompt), low.get(prompt)]
    return a !== undefined && b !== undefined && a > least && b < most && a - b > gain
  }
  return listed(rows.filter((row) => keeps(row['prompt'])))
}

/** Mean reward of each prompt. */
function meansOf(rows: readonly Row[]): ReadonlyMap<unknown, number> {
  const sums = new Map<unknown, { sum: number; count: number }>()
  for (const row of rows) {
    const { prompt, reward } = row
    if (typeof reward !== 'number') throw failure('RLP8009', 'a row has no number in the field `reward`', 'generate the completions with a `reward`')
    const { sum, count } = sums.get(prompt) ?? { sum: 0, count: 0 }
    sums.set(prompt, { sum: sum + reward, count: count + 1 })
  }
  return new Map([...sums].map(([prompt, { sum, count }]) => [prompt, sum / count]))
}
