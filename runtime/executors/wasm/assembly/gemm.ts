// C = A·B (or C += A·B) for strided matrices of any shape: packed panels around a register tile (`tiles.ts`).
// After Goto and van de Geijn (2008).

import { panelOf, tile, TILE, tileOfFour, transpose4 } from './tiles'

/** Rows, depth and columns of a block: packed A stays in L2, a panel of packed B in L1. `plan/workspace.ts` has the same numbers. */
const MC = 96
const KC = 384
const NC = 504
/** Columns of the last block may be so many more: the last panels of B are those of the whole matrix. */
const REST = 16
/** Rows that are copied side by side while their cache lines are at hand. */
const LINES = 16

// @ts-ignore: decorator
@inline
function round(x: i32, to: i32): i32 {
  return ((x + to - 1) / to) * to
}

/**
 * c[i,j] (+)= Σ a[i,p]·b[p,j] for each of `batch` matrices. Element [i,p] of A lies at a + (i·rowA + p·columnA)·4, those of B likewise;
 * rows of C are rowC apart, its columns adjacent. Strides in elements. `work`: a spare tile, then packed A and packed B (`plan/workspace.ts`).
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
  const most = depthOf(k)
  const packedB = work + TILE + packedBytes(m, most)
  for (let j = 0; j < n; ) {
    const columns = columnsOf(n - j)
    for (let p = 0; p < k; p += most) {
      const depth = min(k - p, most)
      packB(b + (<usize>(p * rowB + j * columnB) << 2), rowB, columnB, depth, columns, packedB)
      panels(a + (<usize>(p * columnA) << 2), rowA, columnA, packedB, c + (<usize>j << 2), rowC, m, columns, depth, accumulate | i32(p > 0), work)
    }
    j += columns
  }
}

/** All of B [k, n] in panels, for `gemm_packed`; a multiple of four columns more than n where n leaves a panel half empty (`plan/packing.ts`). */
export function pack(b: usize, rowB: i32, columnB: i32, n: i32, k: i32, to: usize): void {
  const most = depthOf(k)
  const bytes = <usize>columnAt(n, panelsOf(n)) << 2
  for (let p = 0; p < k; p += most) packB(b + (<usize>(p * rowB) << 2), rowB, columnB, min(k - p, most), n, to + bytes * <usize>p)
}

/** As `gemm` for one matrix, with the same bits, of a B that was packed before. Items: rows (`axis` 0) or panels of B (1). */
export function gemm_packed(a: usize, rowA: i32, columnA: i32, b: usize, c: usize, rowC: i32, m: i32, n: i32, k: i32, accumulate: i32, axis: i32, work: usize, begin: i32, end: i32): void {
  const all = columnAt(n, panelsOf(n))
  const first = axis == 0 ? 0 : columnAt(n, begin)
  const last = axis == 0 ? n : min(n, columnAt(n, end))
  if (axis == 0) {
    a += <usize>(begin * rowA) << 2
    c += <usize>(begin * rowC) << 2
    m = end - begin
  }
  const most = depthOf(k)
  for (let p = 0; p < k; p += most) {
    const depth = min(k - p, most)
    for (let j = first; j < last; ) {
      const columns = columnsOf(last - j)
      panels(a + (<usize>(p * columnA) << 2), rowA, columnA, b + (<usize>(p * all + j * depth) << 2), c + (<usize>j << 2), rowC, m, columns, depth, accumulate | i32(p > 0), work)
      j += columns
    }
  }
}

/** Panels of B that n columns take, and the column where one of them begins. */
// @ts-ignore: decorator
@inline
function panelsOf(n: i32): i32 {
  const rest = n - twelvesOf(n) * 12
  return twelvesOf(n) + (rest > 12 ? 2 : i32(rest > 0))
}

// @ts-ignore: decorator
@inline
function columnAt(n: i32, panel: i32): i32 {
  const twelves = twelvesOf(n)
  const rest = n - twelves * 12
  return panel <= twelves ? panel * 12 : twelves * 12 + (rest > 8 && rest <= 12 ? 12 : 8 * (panel - twelves))
}

/** Panels of twelve before the last ones, which are as wide as leaves less of them empty (`panelOf`). */
// @ts-ignore: decorator
@inline
function twelvesOf(n: i32): i32 {
  return n % 12 == 0 ? n / 12 : max(n - 5, 0) / 12
}

/** Columns of the next block of those that are left. */
// @ts-ignore: decorator
@inline
function columnsOf(left: i32): i32 {
  return left > NC + REST ? NC : left
}

/** Bytes of packed A: three rows take the room of four. */
// @ts-ignore: decorator
@inline
function packedBytes(m: i32, depth: i32): usize {
  return <usize>(min(round(m, 3) / 3, MC / 3) * depth) << 4
}

/** All rows of C (+)= A·B for some packed columns of B. Contiguous rows of A are read where they lie, unless they are a multiple of 4 KiB apart and would share few places of a cache. */
function panels(a: usize, rowA: i32, columnA: i32, packedB: usize, c: usize, rowC: i32, m: i32, columns: i32, depth: i32, add: i32, work: usize): void {
  const direct = columnA == 1 && (rowA & 1023) != 0
  const packedA = work + TILE
  for (let i = 0; i < m; i += MC) {
    const rows = min(m - i, MC)
    const from = a + (<usize>(i * rowA) << 2)
    const to = c + (<usize>(i * rowC) << 2)
    if (direct) block(from, <usize>rowA << 2, 4, <usize>(rowA * 3) << 2, packedB, to, <usize>rowC << 2, rows, columns, depth, add, work)
    else {
      packA(from, rowA, columnA, rows, depth, packedA)
      block(packedA, 4, 16, <usize>depth << 4, packedB, to, <usize>rowC << 2, rows, columns, depth, add, work)
    }
  }
}

/** Depth of a block: k in as few equal parts as fit. */
// @ts-ignore: decorator
@inline
function depthOf(k: i32): i32 {
  const parts = round(k, KC) / KC
  return parts > 1 ? round(round(k, parts) / parts, 4) : k
}

/** All tiles of one block of C. Rows of A are `rowA` bytes apart in groups of three, columns `columnA`, groups `group`; rows of C are `row` bytes apart. */
function block(a: usize, rowA: usize, columnA: usize, group: usize, packedB: usize, c: usize, row: usize, rows: i32, columns: i32, depth: i32, add: i32, spare: usize): void {
  for (let left = columns; left > 0; ) {
    const width = panelOf(left)
    const bytes = <usize>width << 2
    let from = a
    let to = c
    let i = 0
    if (width == 8 && columnA == 4) for (; i + 4 <= rows; i += 4, from += rowA << 2, to += row << 2) tileOfFour(from, rowA, packedB, depth, to, row, min(left, 8), add, spare)
    for (; i < rows; i += 3, from += group, to += row * 3) tile(from, rowA, columnA, packedB, bytes, depth, to, row, min(rows - i, 3), min(left, width), width, add, spare)
    packedB += bytes * <usize>depth
    c += bytes
    left -= width
  }
}

/** Panels of three rows, [depth][4] of which the fourth element means nothing, zeros below the last row. */
function packA(a: usize, rowA: i32, columnA: i32, rows: i32, depth: i32, to: usize): void {
  const row = <usize>rowA << 2
  const column = <usize>columnA << 2
  const panel = <usize>depth << 4
  let i = 0
  if (rowA == 1) {
    // The thirteenth element of a row is read, too.
    const twelves = max(rows - 1, 0) / 12
    const threes = max(rows - 1 - twelves * 12, 0) / 3
    for (let p = 0; p < depth; p += LINES) {
      const lines = min(depth - p, LINES)
      let from = a + column * <usize>p
      let at = to + (<usize>p << 4)
      for (let q = 0; q < twelves; q++, from += 48, at += panel << 2) copyFourThrees(from, column, lines, at, panel)
      for (let q = 0; q < threes; q++, from += 12, at += panel) copyThree(from, column, lines, at)
    }
    i = twelves * 12 + threes * 3
    a += <usize>i << 2
    to += panel * <usize>(i / 3)
  }
  for (; i < rows; i += 3, a += row * 3, to += panel) {
    if (i + 3 <= rows && columnA == 1) transpose4(a, a + row, a + (row << 1), a, depth, to, 16)
    else packTail(a, row, column, min(3, rows - i), 4, depth, to)
  }
}

/** Panels of twelve or eight columns, [depth][12 or 8], zeros right of the last column. */
function packB(b: usize, rowB: i32, columnB: i32, depth: i32, columns: i32, to: usize): void {
  const row = <usize>rowB << 2
  const column = <usize>columnB << 2
  let left = columns
  if (columnB == 1) {
    // All twelves of a few rows before the next rows: their cache lines are shared.
    const twelves = twelvesOf(columns)
    const panel = <usize>depth * 48
    for (let p = 0; p < depth; p += LINES) {
      const lines = min(depth - p, LINES)
      let from = b + row * <usize>p
      let at = to + <usize>p * 48
      for (let q = 0; q < twelves; q++, from += 48, at += panel) copyTwelve(from, row, lines, at)
    }
    left -= twelves * 12
    b += <usize>twelves * 48
    to += panel * <usize>twelves
  }
  while (left > 0) {
    const width = panelOf(left)
    if (width == 8 && left >= 8 && columnB == 1) copyEight(b, row, depth, to)
    else if (width <= left && rowB == 1) {
      for (let lane = 0; lane < width; lane += 4) {
        const from = b + column * <usize>lane
        transpose4(from, from + column, from + (column << 1), from + column * 3, depth, to + (<usize>lane << 2), <usize>width << 2)
      }
    } else packTail(b, column, row, min(width, left), width, depth, to)
    b += column * <usize>width
    to += <usize>(width * depth) << 2
    left -= width
  }
}

function copyTwelve(from: usize, row: usize, depth: i32, to: usize): void {
  for (; depth > 0; depth--) {
    v128.store(to, v128.load(from))
    v128.store(to, v128.load(from, 16), 16)
    v128.store(to, v128.load(from, 32), 32)
    from += row
    to += 48
  }
}

function copyEight(from: usize, row: usize, depth: i32, to: usize): void {
  for (; depth > 0; depth--) {
    v128.store(to, v128.load(from))
    v128.store(to, v128.load(from, 16), 16)
    from += row
    to += 32
  }
}

/** Three elements and one more of each of `depth` rows. */
function copyThree(from: usize, row: usize, depth: i32, to: usize): void {
  for (; depth > 0; depth--) {
    v128.store(to, v128.load(from))
    from += row
    to += 16
  }
}

/** Twelve elements of each of `depth` rows, three for each of four panels, `panel` bytes apart. Reads the thirteenth. */
function copyFourThrees(from: usize, row: usize, depth: i32, to: usize, panel: usize): void {
  const panel3 = panel * 3
  for (; depth > 0; depth--) {
    v128.store(to, v128.load(from))
    v128.store(to + panel, v128.load(from, 12))
    v128.store(to + (panel << 1), v128.load(from, 24))
    v128.store(to + panel3, v128.load(from, 36))
    from += row
    to += 16
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
