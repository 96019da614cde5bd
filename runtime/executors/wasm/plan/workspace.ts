// How much scratch memory each kernel takes, in 32-bit elements: the same sizes as in `assembly/`.
// Does not allocate it: each thread of a session has one block for all steps of all programs.

/** Block sizes of `assembly/gemm.ts`. */
const [MC, KC, NC] = [96, 384, 504 + 16]
/** Query rows of a block of `assembly/attention.ts`. */
const ROWS = 64
/** A spare tile for the edges of a product (`assembly/tiles.ts`). */
const TILE = 48
/** Rows of a block of `assembly/norm.ts`. */
export const NORM_ROWS = 64
/** Logits of the output head held at once, unless the rows of a block of a product are already more. */
const LOGITS = 2 ** 18

const round = (x: number, to: number): number => Math.ceil(x / to) * to

/** A spare tile, packed A (three rows take the room of four) and, unless it was packed before, B. */
export function gemmWorkspace(m: number, n: number, k: number, packed = false): number {
  const columns = packed ? 0 : Math.min(Math.max(round(n, 4), 8), NC)
  return TILE + ((Math.min(round(m, 3), MC) * 4) / 3 + columns) * Math.min(k, KC)
}

/**
 * Of one head, rows in whole eights of elements: keys and values; of one block of queries: factors, the rows, those in panels, scores with a row of `ROWS` + 4 for each key.
 * The gradient also has slopes of keys and values, rows of the outputs, what it makes of a block, and a second block of scores.
 */
export function attentionWorkspace(tokens: number, size: number, gradient: boolean): number {
  const [high, width] = [round(tokens, 4), round(size, 8)]
  const [heads, blocks, scores] = gradient ? [4, 4, 2] : [2, 2, 1]
  return ROWS + heads * high * width + blocks * ROWS * width + scores * high * (ROWS + 4)
}

/** Rows of logits held at once. */
export function headRows(rows: number, vocabulary: number): number {
  return Math.min(rows, round(Math.min(256, Math.max(96, Math.floor(LOGITS / vocabulary))), 4))
}

/** Frequencies (float64), cosines and sines of half a head. */
export const rotaryWorkspace = (size: number): number => round(size / 2, 4) * 4
