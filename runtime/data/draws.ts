// The order in which training reads a dataset, and the helpers that make datasets which know theirs.
// No state: draw i is a function of (dataset, seed, i), so a run continues anywhere.

import { below, permuted, randomKey, uniform } from '../random.js'
import type { Dataset, Row } from './dataset.js'
import { inheritOrigin } from './origin.js'

/**
 * The endless sequence of rows that training with `seed` reads: every row once in each epoch, in a fresh order
 * (a keyed permutation of the indices). Generators, mixtures and balanced datasets bring their own.
 */
export function draws(data: Dataset, seed: number): Dataset {
  if (data.draws) return data.draws(seed)
  const index = epochs(data.size, seed, 'epoch')
  return { size: Infinity, row: (i) => data.row(index(i)), draws: (other) => draws(data, other) }
}

/** The i-th index read from `size` rows: each once an epoch, each epoch in an order of its own. */
export function epochs(size: number, seed: number, purpose: string): (draw: number) => number {
  let epoch = -1
  let key = randomKey(seed, purpose)
  return (draw) => {
    const at = Math.floor(draw / size)
    if (at !== epoch) key = randomKey(seed, purpose, String((epoch = at)))
    return permuted(key, size, draw % size)
  }
}

/** A dataset without end. `stream(seed)` gives row i of one stream; stream 0 is the dataset itself, training reads that of its seed. */
export function generated(stream: (seed: number) => (index: number) => Row): Dataset {
  const of = (seed: number): Dataset => ({ size: Infinity, row: stream(seed), draws: of })
  return of(0)
}

/** Row by row the same dataset in another form, drawn in the same order. */
export function mapped(data: Dataset, change: (row: Row) => Row): Dataset {
  const own = data.draws
  return {
    size: data.size,
    row: (i) => {
      const row = data.row(i)
      return inheritOrigin(change(row), row)
    },
    ...(data.parts ? { parts: data.parts.map((part) => mapped(part, change)) } : {}),
    ...(own ? { draws: (seed: number) => mapped(own.call(data, seed), change) } : {}),
  }
}

/** Rows that are all there. */
export function listed(rows: readonly Row[]): Dataset {
  return {
    size: rows.length,
    row: (i) => {
      const row = rows[i]
      if (row === undefined) throw new RangeError(`row ${i} of ${rows.length}`)
      return row
    },
  }
}

/** Random numbers that belong to one row of one reading. */
export interface Draws {
  /** Uniform in [0, 1); each `place` has a number of its own. */
  uniform(place: number): number
  /** Integer in 0..n−1. */
  below(n: number, place: number): number
}

/** As `mapped`, with random numbers: read again in training, a row is drawn anew; row i of the dataset itself never changes. */
export function redrawn(data: Dataset, purpose: string, change: (row: Row, draws: Draws) => Row): Dataset {
  const reading = (rows: Dataset, seed: number): Dataset => {
    const key = randomKey(seed, purpose)
    return {
      size: rows.size,
      row: (i) => {
        const row = rows.row(i)
        return inheritOrigin(change(row, { uniform: (place) => uniform(key, i, place), below: (n, place) => below(key, n, i, place) }), row)
      },
      draws: (other) => reading(draws(data, other), other),
    }
  }
  return reading(data, 0)
}
