// Sizes of what goes through programs of XLA's: it compiles for seconds where our own kernels take none, and a call costs a millisecond,
// so there are few sizes, and large ones.

import type { Sizes } from '../executor.js'

/** 16, 24, 32, 48, 64, 96, 128, …: a third of padding at most. */
const width = (positions: number): number => {
  const power = Math.max(16, 2 ** Math.ceil(Math.log2(positions)))
  return power > 16 && positions <= power * 0.75 ? power * 0.75 : power
}

/** 8, 32, 128, …: rows are left behind when a quarter of them would do. */
const rows = (count: number): number => 8 * 4 ** Math.max(0, Math.ceil(Math.log2(count / 8) / 2))

export const COARSE: Sizes = { tokens: 3072, even: 1, width, rows }
