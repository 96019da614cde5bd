// Products of matrices that stay in cache, not packed, by register tiles of 4 × 8: what attention is made of.
// Larger products: `gemm.ts`.

import { edge, put, transpose4 } from './gemm'
import { madd } from './math'

/**
 * Adds to 4 × 8 of C. Four elements of a column of A are adjacent, its columns `stepA` bytes apart;
 * eight elements of a row of B are adjacent, its rows `stepB` bytes apart. `row`: bytes between rows of C.
 */
function tile(a: usize, stepA: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
  for (; depth > 0; depth--) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let x = v128.load32_splat(a)
    c00 = madd(x, b0, c00)
    c01 = madd(x, b1, c01)
    x = v128.load32_splat(a, 4)
    c10 = madd(x, b0, c10)
    c11 = madd(x, b1, c11)
    x = v128.load32_splat(a, 8)
    c20 = madd(x, b0, c20)
    c21 = madd(x, b1, c21)
    x = v128.load32_splat(a, 12)
    c30 = madd(x, b0, c30)
    c31 = madd(x, b1, c31)
    a += stepA
    b += stepB
  }
  put(c, c00, 1)
  put(c + 16, c01, 1)
  c += row
  put(c, c10, 1)
  put(c + 16, c11, 1)
  c += row
  put(c, c20, 1)
  put(c + 16, c21, 1)
  c += row
  put(c, c30, 1)
  put(c + 16, c31, 1)
}

/** 4 × 8 of C = four rows of A, given by their addresses and each contiguous, times B likewise. */
function tileRows(a0: usize, a1: usize, a2: usize, a3: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
  for (const end = a0 + (<usize>depth << 2); a0 != end; a0 += 4) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let x = v128.load32_splat(a0)
    c00 = madd(x, b0, c00)
    c01 = madd(x, b1, c01)
    x = v128.load32_splat(a1)
    c10 = madd(x, b0, c10)
    c11 = madd(x, b1, c11)
    x = v128.load32_splat(a2)
    c20 = madd(x, b0, c20)
    c21 = madd(x, b1, c21)
    x = v128.load32_splat(a3)
    c30 = madd(x, b0, c30)
    c31 = madd(x, b1, c31)
    a1 += 4
    a2 += 4
    a3 += 4
    b += stepB
  }
  put(c, c00, 0)
  put(c + 16, c01, 0)
  c += row
  put(c, c10, 0)
  put(c + 16, c11, 0)
  c += row
  put(c, c20, 0)
  put(c + 16, c21, 0)
  c += row
  put(c, c30, 0)
  put(c + 16, c31, 0)
}

/**
 * C = A·B without packing, for matrices that stay in cache. Strides in bytes: rows of A are `rowA` apart and contiguous,
 * rows of B `rowB`, panels of eight columns of B `panelB` (32 where rows are contiguous). Reads up to 28 bytes past a row of B.
 */
export function rowsTimes(a: usize, rowA: usize, b: usize, rowB: usize, panelB: usize, c: usize, rowC: usize, m: i32, n: i32, k: i32, spare: usize): void {
  for (let i = 0; i < m; i += 4) {
    const rows = min(m - i, 4)
    const a1 = rows > 1 ? a + rowA : a
    const a2 = rows > 2 ? a1 + rowA : a
    const a3 = rows > 3 ? a2 + rowA : a
    let panel = b
    for (let j = 0; j < n; j += 8) {
      const to = c + (<usize>j << 2)
      if (rows == 4 && j + 8 <= n) tileRows(a, a1, a2, a3, panel, rowB, k, to, rowC)
      else {
        tileRows(a, a1, a2, a3, panel, rowB, k, spare, 32)
        edge(spare, 32, to, rowC, rows, min(n - j, 8), 0)
      }
      panel += panelB
    }
    a += rowA << 2
    c += rowC << 2
  }
}

/**
 * C += Aᵀ·B likewise, where rows of A (k of them) are `rowA` bytes apart. Row p of A is zero from its element `first` + p + 1 on,
 * and what is multiplied by those zeros is left out. Reads up to 12 bytes past a row of A.
 */
export function columnsTimes(a: usize, rowA: usize, b: usize, rowB: usize, c: usize, rowC: usize, m: i32, n: i32, k: i32, first: i32, spare: usize): void {
  for (let i = 0; i < m; i += 4) {
    const rows = min(m - i, 4)
    const skipped = max(i - first, 0)
    const from = a + rowA * <usize>skipped
    for (let j = 0; j < n; j += 8) {
      const to = c + (<usize>j << 2)
      const panel = b + (<usize>j << 2) + rowB * <usize>skipped
      if (rows == 4 && j + 8 <= n) tile(from, rowA, panel, rowB, k - skipped, to, rowC)
      else {
        memory.fill(spare, 0, 128)
        tile(from, rowA, panel, rowB, k - skipped, spare, 32)
        edge(spare, 32, to, rowC, rows, min(n - j, 8), 1)
      }
    }
    a += 16
    c += rowC << 2
  }
}

/** Eight rows of B as the eight lanes of a panel, [depth][8], for all `rows` of them, zeros after the last: B transposed. */
export function packRows(b: usize, row: usize, rows: i32, depth: i32, to: usize): void {
  const panel = <usize>depth << 5
  for (; rows > 0; rows -= 8, b += row << 3, to += panel) {
    if (rows < 8) memory.fill(to, 0, panel)
    packLanes(b, row, min(rows, 4), depth, to)
    if (rows > 4) packLanes(b + (row << 2), row, min(rows - 4, 4), depth, to + 16)
  }
}

function packLanes(from: usize, row: usize, lanes: i32, depth: i32, to: usize): void {
  if (lanes == 4) {
    transpose4(from, from + row, from + (row << 1), from + row * 3, depth, to, 32)
    return
  }
  for (let i = 0; i < lanes; i++, from += row, to += 4) for (let p = 0; p < depth; p++) store<f32>(to + (<usize>p << 5), load<f32>(from + (<usize>p << 2)))
}
