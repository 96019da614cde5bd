// Where a row of a file came from, for messages: rows keep their place through samples, mixtures and filters.
// A row that is made from another (a lesson of a puzzle) has the place of the row it was made from.

import type { Row } from './dataset.js'

interface Origin {
  /** `train.jsonl` as the spec writes it. */
  readonly path: string
  /** `line` of a text file, `row` of a Parquet file; both count from 1. */
  readonly unit: 'line' | 'row'
  readonly number: number
}

/** Beside the rows, not in them: a row is exactly what its file says. */
const origins = new WeakMap<Row, Origin>()

export function setOrigin(row: Row, origin: Origin): Row {
  origins.set(row, origin)
  return row
}

export function inheritOrigin(row: Row, from: Row): Row {
  const origin = origins.get(from)
  if (origin && row !== from) origins.set(row, origin)
  return row
}

/** `` `train.jsonl` line 12 ``; undefined for rows that no file holds. */
export function originOf(row: Row): string | undefined {
  const origin = origins.get(row)
  return origin && `\`${origin.path}\` ${origin.unit} ${origin.number}`
}
