// Sums of signed digits modulo 10, which can be worked from either end: two independent paths to one answer.
// Problems, and lessons that work them in sequence or in parallel; the split is by a hash of the problem.

import { failure } from '../codes.js'
import type { Dataset, Row } from '../data/dataset.js'
import { generated, mapped } from '../data/draws.js'
import { below, randomKey } from '../random.js'
import { apply } from './chains.js'
import { splitOf, type Split } from './split.js'

export interface SumOptions {
  readonly numbers: number
  /** The fewest and the most negative numbers. */
  readonly minuses: readonly [number, number]
  readonly split: Split
}

/** Rows `{ prompt: "<bos> +3 -5 +7 -2 ?", answer: "3", minuses: 2 }` without end; digits and, among those allowed, signs are uniform. */
export function sums({ numbers, minuses: [fewest, most], split }: SumOptions): Dataset {
  if (fewest > most || fewest > numbers || most < 0) throw failure('RLP8105', `no ${numbers} numbers have ${fewest}..${most} minuses`)
  return generated((seed) => {
    const key = randomKey(seed, 'sums')
    return (i) => {
      for (let attempt = 0; attempt < 10_000; attempt++) {
        const terms = Array.from({ length: numbers }, (_, at) => {
          const place = 2 * (attempt * numbers + at)
          return `${below(key, 2, i, place) === 0 ? '+' : '-'}${below(key, 10, i, place + 1)}`
        })
        const minuses = terms.filter((term) => term[0] === '-').length
        const problem = terms.join(' ')
        if (minuses < fewest || minuses > most || splitOf(problem) !== split) continue
        return { prompt: `<bos> ${problem} ?`, answer: String(resultsOf(terms).at(-1)), minuses }
      }
      throw failure('RLP8103', `no sum of ${numbers} numbers with ${fewest}..${most} minuses is in the ${split} split`)
    }
  })
}

/** `<think> +3 3 -5 8 +7 5 -2 3 </think> <answer> 3 </answer> <eos>` */
export const inSequence = (of: Dataset): Dataset =>
  mapped(of, (row) => {
    const terms = termsIn(row)
    return { ...row, completion: `<think> ${path(terms)} </think> ${ending(terms)}` }
  })

/** `<Parallel> <Path> +3 3 … </Path> <Path> -2 8 … </Path> </Parallel> <Summary> 3 </Summary> <answer> 3 </answer> <eos>` */
export const inParallel = (of: Dataset): Dataset =>
  mapped(of, (row) => {
    const terms = termsIn(row)
    return { ...row, completion: `<Parallel> <Path> ${path(terms)} </Path> <Path> ${path(terms.toReversed())} </Path> </Parallel> <Summary> ${resultsOf(terms).at(-1)} </Summary> ${ending(terms)}` }
  })

/** Each number and the sum so far. */
function path(terms: readonly string[]): string {
  const results = resultsOf(terms)
  return terms.map((term, at) => `${term} ${results[at]}`).join(' ')
}

const ending = (terms: readonly string[]): string => `<answer> ${resultsOf(terms).at(-1)} </answer> <eos>`

function resultsOf(terms: readonly string[]): number[] {
  const sums: number[] = []
  for (const term of terms) sums.push(apply(sums.at(-1) ?? 0, term))
  return sums
}

function termsIn(row: Row): string[] {
  const match = typeof row['prompt'] === 'string' ? /^\s*(?:<bos>\s+)?([-+]\d(?:\s+[-+]\d)*)\s+\?\s*$/.exec(row['prompt']) : null
  if (!match) throw failure('RLP8009', `\`${String(row['prompt'])}\` is not a sum`, 'give it rows of `sums.sums`')
  return (match[1] as string).split(/\s+/)
}
