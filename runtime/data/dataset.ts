// Rows that a stage reads: addressed by index, so that reading is deterministic and can be resumed anywhere.
// Only the interface; files, mixtures and generators implement it beside, `draws.ts` says in which order training reads.

/** A field is a text, number, boolean, or list of segments (`{ text, train }`) for completions. */
export type Row = Readonly<Record<string, unknown>>

export interface Dataset {
  /** Number of rows; `Infinity` for a generator, whose row i depends only on its arguments and i. */
  readonly size: number
  row(index: number): Row
  /** The endless sequence in which training reads this dataset, where that is not simply each row once an epoch. */
  draws?(seed: number): Dataset
  /** The datasets that one without end is drawn from, where it is made of others. */
  readonly parts?: readonly Dataset[]
}

export interface Segment {
  /** Segments are joined as they are: a space between words belongs to one of them. */
  readonly text: string
  /** Whether the loss counts the tokens of this segment. */
  readonly train: boolean
}
