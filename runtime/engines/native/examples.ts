// What one update or evaluation reads: examples, and how they are cut into the rectangles that programs take.
// The rest of the engine does not ask whether an example is a text or a vector; grids hold their numbers either way.

import type { Sequence } from '../../tokenizer/framing.js'
import { grid, gridWidth, maskGrid, microBatches, rectangles, type Grid, type LayoutOptions, type MicroBatch } from './batching.js'

export interface Examples {
  readonly count: number
  /** Columns of their grids: positions of a text, 1 for a vector. */
  readonly width: number
  /** 1 where something is to be learned. */
  readonly mask: Grid
  /** The chosen examples for programs, in an order that depends on them alone. */
  cut(chosen: readonly number[]): readonly MicroBatch[]
  /** Tokens (or vectors) of the chosen ones that go through the model, padding not counted. */
  tokens(chosen: readonly number[]): number
}

export function sequenceExamples(sequences: readonly Sequence[], layout: LayoutOptions): Examples {
  const width = gridWidth(sequences, layout.sizes)
  return {
    count: sequences.length,
    width,
    mask: maskGrid(sequences, width),
    cut: (chosen) => microBatches(sequences, chosen, layout),
    tokens: (chosen) => chosen.reduce((sum, sample) => sum + (sequences[sample] as Sequence).tokens.length - 1, 0),
  }
}

/** Whole texts with one number each, which is read behind the last token. */
export function textExamples(texts: readonly ArrayLike<number>[], layout: LayoutOptions): Examples {
  const lengthOf = (text: number): number => (texts[text] as ArrayLike<number>).length
  const batchOf = ({ members: chosen, rows, width: longest }: ReturnType<typeof rectangles<number>>[number]): MicroBatch => {
    const [tokens, last] = [new Int32Array(rows * longest).fill(layout.pad), new Int32Array(rows)]
    chosen.forEach((text, row) => {
      tokens.set(texts[text] as ArrayLike<number>, row * longest)
      last[row] = lengthOf(text) - 1
    })
    const positions = Int32Array.from(tokens, (_, i) => i % longest)
    return singleBatch(chosen, { B: rows, T: longest }, { tokens, positions, last })
  }
  return singles(texts.length, {
    // The longest first, so that rows of a micro-batch are of similar length.
    cut: (chosen) => rectangles(chosen.toSorted((a, b) => lengthOf(b) - lengthOf(a) || a - b), lengthOf, layout).map(batchOf),
    tokens: (chosen) => chosen.reduce((sum, text) => sum + lengthOf(text), 0),
  })
}

/** A vector and the number of its class. */
export interface Labelled {
  readonly features: Float32Array
  readonly label: number
}

/** Micro-batches of `rows` vectors; the last one is filled up with zeros, which no weight reaches. */
export function vectorExamples(vectors: readonly Labelled[], rows: number): Examples {
  const size = vectors[0]?.features.length ?? 0
  const batchOf = (samples: readonly number[]): MicroBatch => {
    const [features, targets] = [new Float32Array(rows * size), new Int32Array(rows)]
    samples.forEach((sample, row) => {
      const { features: values, label } = vectors[sample] as Labelled
      features.set(values, row * size)
      targets[row] = label
    })
    return singleBatch(samples, { B: rows, T: 1 }, { features, targets })
  }
  return singles(vectors.length, {
    cut: (chosen) => Array.from({ length: Math.ceil(chosen.length / rows) }, (_, i) => batchOf(chosen.slice(i * rows, (i + 1) * rows))),
    tokens: (chosen) => chosen.length,
  })
}

/** Examples of which each has one number to learn: their grids have one column, all of it learned. */
function singles(count: number, how: Pick<Examples, 'cut' | 'tokens'>): Examples {
  const mask = grid(count, 1)
  mask.values.fill(1)
  return { count, width: 1, mask, ...how }
}

/** A micro-batch of such examples, one a row; it may have more rows than examples. */
function singleBatch(samples: readonly number[], sizes: MicroBatch['sizes'] & { readonly B: number }, feeds: MicroBatch['feeds']): MicroBatch {
  return { rows: sizes.B, width: 1, sizes, placements: samples.map((sample, row) => ({ sample, row, offset: 0, length: 1 })), feeds }
}
