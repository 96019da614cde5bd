// C = A·B (or C += A·B) for strided matrices of any shape: packed panels around one 4 × 8 register tile.
// After Goto and van de Geijn (2008). k is not unrolled and the tile not larger: either one spills in V8.

import { madd } from './math'

/** Rows, depth and columns of a block: packed A stays in L2, a panel of packed B in L1. `plan/workspace.ts` has the same numbers. */
const MC = 96
const KC = 256
const NC = 512

// @ts-ignore: decorator
@inline
function round(x: i32, to: i32): i32 {
  return ((x + to - 1) / to) * to
}

/**
 * c[i,j] (+)= Σ a[i,p]·b[p,j] for each of `batch` matrices. Element [i,p] of A lies at a + (i·rowA + p·columnA)·4, those of B likewise;
 * rows of C are rowC apart, its columns adjacent. Strides in elements. `work`: 32 floats, then packed A and packed B (`plan/workspace.ts`).
 * Items: rows (`axis` 0) or columns (1) of the only matrix, or the matrices of the batch (2). Every element of C is summed in the order of p.
 */
export function gemm(
  a: usize, rowA: i32, columnA: i32, batchA: i32,
  b: usize, rowB: i32, columnB: i32, batchB: i32,
  c: usize, rowC: i32, batchC: i32,
  m: i32, n: i32, k: i32, accumulate: i32, axis: i32, work: usize, begin: i32, end: i32,
): void {
  const count = end - begin
  if (axis == 0) multiply(a + (<usize>(begin * rowA) << 2), rowA, columnA, b, rowB, columnB, c + (<usize>(begin * rowC) << 2), rowC, count, n, k, accumulate, work)
  else if (axis == 1) multiply(a, rowA, columnA, b + (<usize>(begin * columnB) << 2), rowB, columnB, c + (<usize>begin << 2), rowC, m, count, k, accumulate, work)
  else for (let i = begin; i < end; i++) multiply(a + (<usize>(i * batchA) << 2), rowA, columnA, b + (<usize>(i * batchB) << 2), rowB, columnB, c + (<usize>(i * batchC) << 2), rowC, m, n, k, accumulate, work)
}

export function multiply(
  a: usize, rowA: i32, columnA: i32, b: usize, rowB: i32, columnB: i32, c: usize, rowC: i32,
  m: i32, n: i32, k: i32, accumulate: i32, work: usize,
): void {
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + (<usize>(i * rowC) << 2), 0, <usize>n << 2)
    return
  }
  const spare = work
  const packedA = spare + 128
  const packedB = packedA + (<usize>(min(round(m, 4), MC) * min(k, KC)) << 2)
  for (let j = 0; j < n; j += NC) {
    const columns = min(n - j, NC)
    for (let p = 0; p < k; p += KC) {
      const depth = min(k - p, KC)
      const add = accumulate | i32(p > 0)
      packB(b + (<usize>(p * rowB + j * columnB) << 2), rowB, columnB, depth, columns, packedB)
      for (let i = 0; i < m; i += MC) {
        const rows = min(m - i, MC)
        packA(a + (<usize>(i * rowA + p * columnA) << 2), rowA, columnA, rows, depth, packedA)
        block(packedA, packedB, c + (<usize>(i * rowC + j) << 2), rowC, rows, columns, depth, add, spare)
      }
    }
  }
}

/** All tiles of one block of C; the ones at the lower and right edge go through `spare`. */
function block(packedA: usize, packedB: usize, c: usize, rowC: i32, rows: i32, columns: i32, depth: i32, add: i32, spare: usize): void {
  for (let j = 0; j < columns; j += 8) {
    const panelB = packedB + (<usize>(j * depth) << 2)
    for (let i = 0; i < rows; i += 4) {
      const panelA = packedA + (<usize>(i * depth) << 2)
      const to = c + (<usize>(i * rowC + j) << 2)
      if (i + 4 <= rows && j + 8 <= columns) tile(panelA, 16, panelB, 32, depth, to, <usize>rowC << 2, add)
      else {
        tile(panelA, 16, panelB, 32, depth, spare, 32, 0)
        edge(spare, to, <usize>rowC << 2, min(rows - i, 4), min(columns - j, 8), add)
      }
    }
  }
}

/**
 * 4 × 8 of C. Four elements of a column of A are adjacent, its columns `stepA` bytes apart (16: packed);
 * eight elements of a row of B are adjacent, its rows `stepB` bytes apart (32: packed). `row`: bytes between rows of C.
 */
function tile(a: usize, stepA: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize, add: i32): void {
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
  put(c, c00, c01, add)
  c += row
  put(c, c10, c11, add)
  c += row
  put(c, c20, c21, add)
  c += row
  put(c, c30, c31, add)
}

/** The same for four rows of A given by their addresses, each contiguous. */
function tileRows(a0: usize, a1: usize, a2: usize, a3: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize, add: i32): void {
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
  put(c, c00, c01, add)
  c += row
  put(c, c10, c11, add)
  c += row
  put(c, c20, c21, add)
  c += row
  put(c, c30, c31, add)
}

/**
 * C (+)= A·B without packing, for matrices that stay in cache. Strides in bytes: rows of A are `rowA` apart and contiguous,
 * rows of B `rowB`, panels of eight columns of B `panelB` (32 where rows are contiguous). Reads up to 28 bytes past a row of B.
 */
export function rowsTimes(a: usize, rowA: usize, b: usize, rowB: usize, panelB: usize, c: usize, rowC: usize, m: i32, n: i32, k: i32, add: i32, spare: usize): void {
  for (let i = 0; i < m; i += 4) {
    const rows = min(m - i, 4)
    const a1 = rows > 1 ? a + rowA : a
    const a2 = rows > 2 ? a1 + rowA : a
    const a3 = rows > 3 ? a2 + rowA : a
    let panel = b
    for (let j = 0; j < n; j += 8) {
      const to = c + (<usize>j << 2)
      if (rows == 4 && j + 8 <= n) tileRows(a, a1, a2, a3, panel, rowB, k, to, rowC, add)
      else {
        tileRows(a, a1, a2, a3, panel, rowB, k, spare, 32, 0)
        edge(spare, to, rowC, rows, min(n - j, 8), add)
      }
      panel += panelB
    }
    a += rowA << 2
    c += rowC << 2
  }
}

/** C (+)= Aᵀ·B likewise, where rows of A (k of them) are `rowA` bytes apart. Reads up to 12 bytes past a row of A. */
export function columnsTimes(a: usize, rowA: usize, b: usize, rowB: usize, c: usize, rowC: usize, m: i32, n: i32, k: i32, add: i32, spare: usize): void {
  for (let i = 0; i < m; i += 4) {
    const rows = min(m - i, 4)
    for (let j = 0; j < n; j += 8) {
      const to = c + (<usize>j << 2)
      const panel = b + (<usize>j << 2)
      if (rows == 4 && j + 8 <= n) tile(a, rowA, panel, rowB, k, to, rowC, add)
      else {
        tile(a, rowA, panel, rowB, k, spare, 32, 0)
        edge(spare, to, rowC, rows, min(n - j, 8), add)
      }
    }
    a += 16
    c += rowC << 2
  }
}

// @ts-ignore: decorator
@inline
function put(c: usize, x: v128, y: v128, add: i32): void {
  if (add) {
    x = f32x4.add(x, v128.load(c))
    y = f32x4.add(y, v128.load(c, 16))
  }
  v128.store(c, x)
  v128.store(c, y, 16)
}

function edge(spare: usize, c: usize, row: usize, rows: i32, columns: i32, add: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
      const value = load<f32>(spare + j)
      store<f32>(c + j, add ? load<f32>(c + j) + value : value)
    }
    spare += 32
    c += row
  }
}

/** Panels of four rows, [depth][4], zeros below the last row. */
function packA(a: usize, rowA: i32, columnA: i32, rows: i32, depth: i32, to: usize): void {
  const row = <usize>rowA << 2
  const column = <usize>columnA << 2
  const panel = <usize>depth << 4
  let i = 0
  if (rowA == 1) for (; i + 16 <= rows; i += 16, a += 64, to += panel << 2) copyLines(a, column, depth, to, panel, panel << 1, 16)
  for (; i < rows; i += 4, a += row << 2, to += panel) {
    if (i + 4 <= rows && columnA == 1) transpose4(a, row, depth, to, 16)
    else packTail(a, row, column, min(4, rows - i), 4, depth, to)
  }
}

/** Panels of eight columns, [depth][8], zeros right of the last column. */
export function packB(b: usize, rowB: i32, columnB: i32, depth: i32, columns: i32, to: usize): void {
  const row = <usize>rowB << 2
  const column = <usize>columnB << 2
  const panel = <usize>depth << 5
  let j = 0
  if (columnB == 1) for (; j + 16 <= columns; j += 16, b += 64, to += panel << 1) copyLines(b, row, depth, to, 16, panel, 32)
  for (; j < columns; j += 8, b += column << 3, to += panel) {
    if (j + 8 <= columns && rowB == 1) {
      transpose4(b, column, depth, to, 32)
      transpose4(b + (column << 2), column, depth, to + 16, 32)
    } else packTail(b, column, row, min(8, columns - j), 8, depth, to)
  }
}

/** A cache line, four vectors, from each of `depth` rows: vector 1 goes `one` bytes after vector 0, vectors 2 and 3 `two` bytes after those. */
function copyLines(from: usize, row: usize, depth: i32, to: usize, one: usize, two: usize, step: usize): void {
  for (; depth > 0; depth--) {
    v128.store(to, v128.load(from))
    v128.store(to + one, v128.load(from, 16))
    v128.store(to + two, v128.load(from, 32))
    v128.store(to + one + two, v128.load(from, 48))
    from += row
    to += step
  }
}

/** Four rows of `depth` adjacent elements, `row` bytes apart → four adjacent lanes for each element, `step` bytes apart. */
function transpose4(from: usize, row: usize, depth: i32, to: usize, step: usize): void {
  const row2 = row << 1
  const row3 = row + row2
  let p = 0
  for (; p + 4 <= depth; p += 4) {
    const r0 = v128.load(from)
    const r1 = v128.load(from + row)
    const r2 = v128.load(from + row2)
    const r3 = v128.load(from + row3)
    const a = i32x4.shuffle(r0, r1, 0, 4, 1, 5)
    const b = i32x4.shuffle(r2, r3, 0, 4, 1, 5)
    const c = i32x4.shuffle(r0, r1, 2, 6, 3, 7)
    const d = i32x4.shuffle(r2, r3, 2, 6, 3, 7)
    v128.store(to, i64x2.shuffle(a, b, 0, 2))
    to += step
    v128.store(to, i64x2.shuffle(a, b, 1, 3))
    to += step
    v128.store(to, i64x2.shuffle(c, d, 0, 2))
    to += step
    v128.store(to, i64x2.shuffle(c, d, 1, 3))
    to += step
    from += 16
  }
  for (; p < depth; p++) {
    store<f32>(to, load<f32>(from))
    store<f32>(to, load<f32>(from + row), 4)
    store<f32>(to, load<f32>(from + row2), 8)
    store<f32>(to, load<f32>(from + row3), 12)
    to += step
    from += 4
  }
}

/** Any strides, fewer lanes than the panel is wide. */
function packTail(from: usize, lane: usize, step: usize, lanes: i32, width: i32, depth: i32, to: usize): void {
  for (let p = 0; p < depth; p++) {
    for (let i = 0; i < width; i++) store<f32>(to + (<usize>i << 2), i < lanes ? load<f32>(from + lane * i) : 0)
    from += step
    to += <usize>width << 2
  }
}
