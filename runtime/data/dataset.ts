// Rows that a stage reads: addressed by index, so that reading is deterministic and can be resumed anywhere.

/** A field is a text, number, boolean, or list of segments (`{ text, train }`) for completions. */
export type Row = Readonly<Record<string, unknown>>

export interface Dataset {
  /** Number of rows; `Infinity` for a generator, whose row i depends only on its arguments and i. */
  readonly size: number
  row(index: number): Row
}

export interface Segment {
  readonly text: string
  /** Whether the loss counts the tokens of this segment. */
  readonly train: boolean
}
