// C = A·B (or C += A·B) for strided matrices of any shape: packed panels around one 3 × 12 register tile.
// After Goto and van de Geijn (2008). k is not unrolled and the tile not larger: either one spills in V8.

import { madd } from './math'

/** Rows, depth and columns of a block: packed A stays in L2, a panel of packed B in L1. `plan/workspace.ts` has the same numbers. */
const MC = 96
const KC = 384
const NC = 512
/** Rows that are copied side by side while their cache lines are at hand. */
const LINES = 16
/** Bytes of a spare tile, for the edges. */
const SPARE = 192

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
  const packedA = work + SPARE
  const packedB = packedA + (<usize>(min(round(m, 3) / 3, MC / 3) * most) << 4)
  for (let j = 0; j < n; j += NC) {
    const columns = min(n - j, NC)
    for (let p = 0; p < k; p += most) {
      const depth = min(k - p, most)
      const add = accumulate | i32(p > 0)
      packB(b + (<usize>(p * rowB + j * columnB) << 2), rowB, columnB, depth, columns, packedB)
      for (let i = 0; i < m; i += MC) {
        const rows = min(m - i, MC)
        packA(a + (<usize>(i * rowA + p * columnA) << 2), rowA, columnA, rows, depth, packedA)
        block(packedA, packedB, c + (<usize>(i * rowC + j) << 2), <usize>rowC << 2, rows, columns, depth, add, work)
      }
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

/** Columns of the next panel of B: twelve, or eight where that leaves less of the last panels empty. */
// @ts-ignore: decorator
@inline
function panelOf(columns: i32): i32 {
  return columns > 16 || (columns > 8 && columns <= 12) ? 12 : 8
}

/** All tiles of one block of C; the ones at the lower and right edge go through `spare`. `row`: bytes between rows of C. */
function block(packedA: usize, packedB: usize, c: usize, row: usize, rows: i32, columns: i32, depth: i32, add: i32, spare: usize): void {
  const panelA = <usize>depth << 4
  for (let left = columns; left > 0; ) {
    const width = panelOf(left)
    let a = packedA
    let to = c
    for (let i = 0; i < rows; i += 3) {
      const whole = i + 3 <= rows && width <= left
      const at = whole ? to : spare
      const step = whole ? row : 48
      if (width == 12) tile12(a, packedB, depth, at, step, add & i32(whole))
      else tile8(a, packedB, depth, at, step, add & i32(whole))
      if (!whole) edge(spare, 48, to, row, min(rows - i, 3), min(left, width), add)
      a += panelA
      to += row * 3
    }
    packedB += <usize>(width * depth) << 2
    c += <usize>width << 2
    left -= width
  }
}

/** 3 × 12 of C. Three elements of a column of A are adjacent, its columns 16 bytes apart; twelve elements of a row of B. `row`: bytes between rows of C. */
function tile12(a: usize, b: usize, depth: i32, c: usize, row: usize, add: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c10 = c00, c11 = c00, c12 = c00, c20 = c00, c21 = c00, c22 = c00
  for (const end = a + (<usize>depth << 4); a != end; a += 16) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    let x = v128.load32_splat(a)
    c00 = madd(x, b0, c00)
    c01 = madd(x, b1, c01)
    c02 = madd(x, b2, c02)
    x = v128.load32_splat(a, 4)
    c10 = madd(x, b0, c10)
    c11 = madd(x, b1, c11)
    c12 = madd(x, b2, c12)
    x = v128.load32_splat(a, 8)
    c20 = madd(x, b0, c20)
    c21 = madd(x, b1, c21)
    c22 = madd(x, b2, c22)
    b += 48
  }
  put(c, c00, add)
  put(c + 16, c01, add)
  put(c + 32, c02, add)
  c += row
  put(c, c10, add)
  put(c + 16, c11, add)
  put(c + 32, c12, add)
  c += row
  put(c, c20, add)
  put(c + 16, c21, add)
  put(c + 32, c22, add)
}

/** 3 × 8 of C, likewise. */
function tile8(a: usize, b: usize, depth: i32, c: usize, row: usize, add: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00
  for (const end = a + (<usize>depth << 4); a != end; a += 16) {
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
    b += 32
  }
  put(c, c00, add)
  put(c + 16, c01, add)
  c += row
  put(c, c10, add)
  put(c + 16, c11, add)
  c += row
  put(c, c20, add)
  put(c + 16, c21, add)
}

// @ts-ignore: decorator
@inline
export function put(c: usize, x: v128, add: i32): void {
  if (add) x = f32x4.add(x, v128.load(c))
  v128.store(c, x)
}

/** C (+)= the first `rows` and `columns` of a tile whose rows are `step` bytes apart. */
export function edge(tile: usize, step: usize, c: usize, row: usize, rows: i32, columns: i32, add: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
      const value = load<f32>(tile + j)
      store<f32>(c + j, add ? load<f32>(c + j) + value : value)
    }
    tile += step
    c += row
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
    const twelves = columns % 12 == 0 ? columns / 12 : max(columns - 5, 0) / 12
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

/** Four rows of `depth` adjacent elements → four adjacent lanes for each element, `step` bytes apart. */
export function transpose4(row0: usize, row1: usize, row2: usize, row3: usize, depth: i32, to: usize, step: usize): void {
  let p = 0
  for (; p + 4 <= depth; p += 4) {
    const r0 = v128.load(row0)
    const r1 = v128.load(row1)
    const r2 = v128.load(row2)
    const r3 = v128.load(row3)
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
    row0 += 16
    row1 += 16
    row2 += 16
    row3 += 16
  }
  for (; p < depth; p++) {
    store<f32>(to, load<f32>(row0))
    store<f32>(to, load<f32>(row1), 4)
    store<f32>(to, load<f32>(row2), 8)
    store<f32>(to, load<f32>(row3), 12)
    to += step
    row0 += 4
    row1 += 4
    row2 += 4
    row3 += 4
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
