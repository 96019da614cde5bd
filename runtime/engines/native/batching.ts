// From sequences to the rectangles that programs take: micro-batches sorted by length, or packed, and grids over [sample, token].
// Every number about tokens of a batch lives in a grid; micro-batches borrow from it and give back.

import type { Sequence } from '../../tokenizer/framing.js'
import type { Bindings, Sizes, TensorData } from '../../executors/executor.js'

/** Padded lengths: eight in each octave, so that few programs are compiled and little is padding; none is below this. */
const SHORTEST = 8
/** For executors that compile a program in no time: little padding, little enough at once to stay in cache, and as much for each of several threads. */
export const FINE: Sizes = { tokens: 384, even: 4, width: bucket, rows: (count) => count, rest: (_, full) => full }
/** Rows of an exam that are scored between two looks at the stop signal. */
export const SCORED = 256
/** Vectors that go through a classifier at once where nothing is learned. */
export const VECTORS = 256

export function bucket(length: number): number {
  const step = Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(Math.max(length, 1)))) / 16
  return Math.max(SHORTEST, Math.ceil(length / Math.max(4, step)) * Math.max(4, step))
}

/** How many rows of `width` tokens a micro-batch holds when a batch has `most` of them. */
export function microRows(width: number, most: number, { tokens, even }: Sizes = FINE): number {
  const parts = Math.ceil(most / Math.max(1, Math.floor(tokens / width)))
  return Math.ceil(most / (parts === 1 ? 1 : Math.ceil(parts / even) * even))
}

/** Numbers for each sample and token position, row-major. Column t belongs to the prediction of token t + 1. */
export interface Grid {
  readonly samples: number
  readonly width: number
  readonly values: Float32Array
}

export function grid(samples: number, width: number): Grid {
  return { samples, width, values: new Float32Array(samples * width) }
}

/** Columns that a batch needs: the longest sequence, without its last token, as it is padded. */
export function gridWidth(sequences: readonly Sequence[], { width }: Sizes = FINE): number {
  return width(Math.max(...sequences.map(({ tokens }) => tokens.length - 1)))
}

/** Some rows of a grid with another number of columns. */
export function rowsOf(from: Grid, rows: readonly number[], width: number): Grid {
  const part = grid(rows.length, width)
  rows.forEach((row, i) => part.values.set(from.values.subarray(row * from.width, row * from.width + Math.min(width, from.width)), i * width))
  return part
}

/** 1 where the prediction of a token counts in the loss. */
export function maskGrid(sequences: readonly Sequence[], width: number): Grid {
  const mask = grid(sequences.length, width)
  sequences.forEach(({ learned }, sample) => {
    for (let t = 1; t < learned.length; t++) mask.values[sample * width + t - 1] = learned[t] as number
  })
  return mask
}

/** Where one sample lies in a micro-batch: `length` columns of `row` from `offset` on. */
interface Placement {
  readonly sample: number
  readonly row: number
  readonly offset: number
  readonly length: number
}

export interface MicroBatch {
  readonly rows: number
  /** Numbers of a row. */
  readonly width: number
  /** What programs are run with: `B` rows and `T` tokens of each. */
  readonly sizes: Bindings
  readonly placements: readonly Placement[]
  /** Of sequences: `tokens`, `targets`, `positions` and `segments`, i32 [rows, width]. Of vectors: `features` f32 [rows, size], `targets` i32 [rows]. Of whole texts: `tokens`, `positions`, i32 [rows, T], and `last` i32 [rows]. */
  readonly feeds: Readonly<Record<string, TensorData>>
}

export interface LayoutOptions {
  /** Rows of a micro-batch of so many columns; the last one is filled up with empty rows. */
  readonly rows: (width: number) => number
  readonly pad: number
  /** Put several samples into one row of so many tokens, told apart by `segments`. */
  readonly packed?: number
  readonly sizes?: Sizes
}

/** Cuts rows, sorted with the longest first, into rectangles whose number of rows follows from their width and, for the last one, from what is left. */
export function rectangles<T>(sorted: readonly T[], lengthOf: (row: T) => number, { rows, sizes = FINE }: LayoutOptions): { readonly members: readonly T[]; readonly rows: number; readonly width: number }[] {
  const found = []
  for (let at = 0; at < sorted.length; ) {
    const width = sizes.width(lengthOf(sorted[at] as T))
    const count = rows(width)
    const members = sorted.slice(at, at + count)
    found.push({ members, rows: sizes.rest(members.length, count), width })
    at += count
  }
  return found
}

/**
 * Cut the chosen samples into micro-batches, the longest first, so that rows of a micro-batch are of similar length.
 * The order depends on the batch alone; gradients are summed in this order, and another cut changes them by rounding only.
 */
export function microBatches(sequences: readonly Sequence[], chosen: readonly number[], options: LayoutOptions): MicroBatch[] {
  const lengthOf = (sample: number) => (sequences[sample] as Sequence).tokens.length - 1
  const sorted = chosen.filter((sample) => lengthOf(sample) > 0).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b)
  const rows = options.packed === undefined ? sorted.map((sample) => [sample]) : packRows(sorted, lengthOf, options.packed)
  const lengthOfRow = (row: readonly number[]): number => row.reduce((sum, sample) => sum + lengthOf(sample), 0)
  return rectangles(rows, lengthOfRow, options).map(({ members, rows, width }) => layOut(sequences, members, lengthOf, { rows, width, pad: options.pad }))
}

/** First fit, longest sample first (Johnson, 1973): at most 11/9 of the fewest rows. */
function packRows(sorted: readonly number[], lengthOf: (sample: number) => number, capacity: number): number[][] {
  const rows: { samples: number[]; free: number }[] = []
  for (const sample of sorted) {
    const length = lengthOf(sample)
    let row = rows.find(({ free }) => free >= length)
    if (!row) rows.push((row = { samples: [], free: Math.max(capacity, length) }))
    row.samples.push(sample)
    row.free -= length
  }
  return rows.sort((a, b) => a.free - b.free).map(({ samples }) => samples)
}

function layOut(sequences: readonly Sequence[], rowsOfSamples: readonly (readonly number[])[], lengthOf: (sample: number) => number, { rows, width, pad }: { rows: number; width: number; pad: number }): MicroBatch {
  const size = rows * width
  const [tokens, targets, positions, segments] = [new Int32Array(size).fill(pad), new Int32Array(size).fill(pad), new Int32Array(size), new Int32Array(size)]
  const placements: Placement[] = []
  rowsOfSamples.forEach((samples, row) => {
    let offset = 0
    samples.forEach((sample, index) => {
      const { tokens: ids } = sequences[sample] as Sequence
      const length = lengthOf(sample)
      const start = row * width + offset
      tokens.set(ids.subarray(0, length), start)
      targets.set(ids.subarray(1), start)
      for (let t = 0; t < length; t++) positions[start + t] = t
      segments.fill(index + 1, start, start + length)
      placements.push({ sample, row, offset, length })
      offset += length
    })
  })
  return { rows, width, sizes: { B: rows, T: width }, placements, feeds: { tokens, targets, positions, segments } }
}

/** The part of a grid that a micro-batch covers, [rows, width]; zero elsewhere. */
export function take(from: Grid, batch: MicroBatch): Float32Array {
  const values = new Float32Array(batch.rows * batch.width)
  for (const { sample, row, offset, length } of batch.placements) values.set(from.values.subarray(sample * from.width, sample * from.width + length), row * batch.width + offset)
  return values
}

/** Put numbers of a micro-batch, [rows, width], back into the grid. */
export function put(into: Grid, batch: MicroBatch, values: TensorData): void {
  for (const { sample, row, offset, length } of batch.placements) {
    const start = row * batch.width + offset
    into.values.set(values.subarray(start, start + length), sample * into.width)
  }
}
