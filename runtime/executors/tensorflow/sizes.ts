// Sizes of what goes through programs of XLA's: it compiles for seconds where our own kernels take none, and a call costs a millisecond,
// so there are few sizes, and large ones.

import type { Sizes } from '../executor.js'

/** 16, 20, …, 64 in steps of 4, then four in each octave: 80, 96, 112, 128, 160, …: a fifth of padding at most. */
const width = (positions: number): number => {
  const step = Math.max(4, 2 ** Math.ceil(Math.log2(positions)) / (positions > 64 ? 8 : 16))
  return Math.max(16, Math.ceil(positions / step) * step)
}

/** 8, 16, 32, 64, …: rows are left behind when half of them would do. */
const rows = (count: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(count)))

export const COARSE: Sizes = { tokens: 3072, even: 1, width, rows, rest: (left, full) => Math.min(rows(left), full) }
