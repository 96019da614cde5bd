// Texts of order-2 Markov sources: the probabilities of the next symbol after each pair of symbols are drawn from the source's seed.
// A source may be like another one: its probabilities are then mixed with that one's.

import type { Dataset } from '../data/dataset.js'
import { generated } from '../data/draws.js'
import { normal, randomKey, uniform } from '../random.js'
import type { Split } from './split.js'

export const SYMBOLS = 'abcdefghijklmnopqrstuvwx'

export interface MarkovOptions {
  readonly source: number
  readonly like: number | null
  /** Share of the other source's probabilities. */
  readonly likeness: number
  readonly symbols: number
  /** Scale of the normal numbers under the softmax: 0 is uniform. */
  readonly peak: number
  /** Symbols of a text. */
  readonly length: number
  readonly split: Split
}

/** Rows `{ text: "a f c …" }` without end; the first two symbols of a text are uniform. */
export function markovTexts(options: MarkovOptions): Dataset {
  const { source, symbols, length, split } = options
  const next = cumulated(transitions(options), symbols)
  return generated((seed) => {
    const key = randomKey(seed, 'markov', String(source), split)
    return (i) => {
      const text: number[] = []
      for (let at = 0; at < length; at++) {
        const u = uniform(key, i, at)
        const row = at < 2 ? -1 : ((text[at - 2] as number) * symbols + (text[at - 1] as number)) * symbols
        text.push(row < 0 ? Math.floor(u * symbols) : pick(next, row, symbols, u))
      }
      return { text: text.map((symbol) => SYMBOLS[symbol]).join(' ') }
    }
  })
}

/** Probabilities [before last, last, next], flat. */
export function transitions({ source, like, likeness, symbols, peak }: Pick<MarkovOptions, 'source' | 'like' | 'likeness' | 'symbols' | 'peak'>): Float64Array {
  const own = softmaxRows(source, symbols, peak)
  if (like === null) return own
  const other = softmaxRows(like, symbols, peak)
  return own.map((p, i) => (1 - likeness) * p + likeness * (other[i] as number))
}

function softmaxRows(source: number, symbols: number, peak: number): Float64Array {
  const key = randomKey(source, 'markov', 'transitions')
  const weights = Float64Array.from({ length: symbols ** 3 }, (_, i) => Math.exp(peak * normal(key, i)))
  for (let row = 0; row < weights.length; row += symbols) {
    const part = weights.subarray(row, row + symbols)
    const sum = part.reduce((a, b) => a + b, 0)
    part.forEach((weight, i) => (part[i] = weight / sum))
  }
  return weights
}

function cumulated(probabilities: Float64Array, symbols: number): Float64Array {
  const sums = Float64Array.from(probabilities)
  for (let i = 0; i < sums.length; i++) if (i % symbols > 0) sums[i] = (sums[i] as number) + (sums[i - 1] as number)
  return sums
}

/** The first symbol whose cumulated probability exceeds u; rounding cannot go past the last. */
function pick(sums: Float64Array, row: number, symbols: number, u: number): number {
  for (let symbol = 0; symbol < symbols - 1; symbol++) if (u < (sums[row + symbol] as number)) return symbol
  return symbols - 1
}
