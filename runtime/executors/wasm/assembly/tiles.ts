// Products in registers: tiles of 3 × 12 (3 × 8 at the edges) for large products, of 4 × 8 for attention and narrow panels.
// k is not unrolled and tiles are not larger: either one spills in V8.

import { madd } from './math'

/** Bytes of a spare tile, for the edges. */
export const TILE: usize = 192

/** Columns of the next panel of B: twelve, or eight where that leaves less of the last panels empty. */
// @ts-ignore: decorator
@inline
export function panelOf(columns: i32): i32 {
  return columns > 16 || (columns > 8 && columns <= 12) ? 12 : 8
}

/**
 * Up to three rows and `width` (8 or 12) columns of C (+)= A·B. Rows of A are `rowA` bytes apart, columns `columnA`; as many elements of a row of B as the tile is
 * wide are adjacent, its rows `rowB` bytes apart; `row`: bytes between rows of C. Of a tile that is not `rows` x `columns` in size, the rest is left out by way of `spare`.
 */
export function tile(a: usize, rowA: usize, columnA: usize, b: usize, rowB: usize, depth: i32, c: usize, row: usize, rows: i32, columns: i32, width: i32, add: i32, spare: usize): void {
  const whole = rows == 3 && columns == width
  const second = rows > 1 ? rowA : 0
  const third = rows > 2 ? rowA << 1 : 0
  const to = whole ? c : spare
  const step = whole ? row : 48
  if (width == 12) tile12(a, second, third, columnA, b, rowB, depth, to, step, add & i32(whole))
  else tile8(a, second, third, columnA, b, rowB, depth, to, step, add & i32(whole))
  if (!whole) edge(spare, 48, c, row, rows, columns, add)
}

/**
 * 3 × 12 of C (+)= A·B. Of three rows of A, the second and the third are `second` and `third` bytes behind the first, columns `stepA`;
 * twelve elements of a row of B are adjacent, its rows `stepB` bytes apart. `row`: bytes between rows of C.
 */
function tile12(a: usize, second: usize, third: usize, stepA: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize, add: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c10 = c00, c11 = c00, c12 = c00, c20 = c00, c21 = c00, c22 = c00
  for (const end = b + stepB * <usize>depth; b != end; b += stepB) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    let x = v128.load32_splat(a)
    c00 = madd(x, b0, c00)
    c01 = madd(x, b1, c01)
    c02 = madd(x, b2, c02)
    x = v128.load32_splat(a + second)
    c10 = madd(x, b0, c10)
    c11 = madd(x, b1, c11)
    c12 = madd(x, b2, c12)
    x = v128.load32_splat(a + third)
    c20 = madd(x, b0, c20)
    c21 = madd(x, b1, c21)
    c22 = madd(x, b2, c22)
    a += stepA
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
function tile8(a: usize, second: usize, third: usize, stepA: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize, add: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00
  for (const end = b + stepB * <usize>depth; b != end; b += stepB) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let x = v128.load32_splat(a)
    c00 = madd(x, b0, c00)
    c01 = madd(x, b1, c01)
    x = v128.load32_splat(a + second)
    c10 = madd(x, b0, c10)
    c11 = madd(x, b1, c11)
    x = v128.load32_splat(a + third)
    c20 = madd(x, b0, c20)
    c21 = madd(x, b1, c21)
    a += stepA
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

/** As `tile`, four whole rows of eight columns or fewer: contiguous rows of A, a packed panel of B. Six sums would leave the multipliers waiting. */
export function tileOfFour(a: usize, rowA: usize, b: usize, depth: i32, c: usize, row: usize, columns: i32, add: i32, spare: usize): void {
  const whole = columns == 8
  fourByEight(a, rowA, rowA << 1, rowA * 3, 4, b, 32, depth, whole ? c : spare, whole ? row : 48, add & i32(whole))
  if (!whole) edge(spare, 48, c, row, 4, columns, add)
}

/** 4 x 8 of C (+)= A·B: rows of A `second`, `third` and `fourth` bytes behind the first, columns `stepA` bytes apart; rows of B `stepB` bytes apart, eight elements adjacent. */
export function fourByEight(a: usize, second: usize, third: usize, fourth: usize, stepA: usize, b: usize, stepB: usize, depth: i32, c: usize, row: usize, add: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
  for (const end = b + stepB * <usize>depth; b != end; b += stepB) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let x = v128.load32_splat(a)
    c00 = madd(x, b0, c00)
    c01 = madd(x, b1, c01)
    x = v128.load32_splat(a + second)
    c10 = madd(x, b0, c10)
    c11 = madd(x, b1, c11)
    x = v128.load32_splat(a + third)
    c20 = madd(x, b0, c20)
    c21 = madd(x, b1, c21)
    x = v128.load32_splat(a + fourth)
    c30 = madd(x, b0, c30)
    c31 = madd(x, b1, c31)
    a += stepA
  }
  put(c, c00, add)
  put(c + 16, c01, add)
  c += row
  put(c, c10, add)
  put(c + 16, c11, add)
  c += row
  put(c, c20, add)
  put(c + 16, c21, add)
  c += row
  put(c, c30, add)
  put(c + 16, c31, add)
}

/** Rows of C = A·B, four at a time, as many as there are: eight columns, a packed panel of B; rows of A and C have room for whole fours. */
export function rowsByEight(a: usize, rowA: usize, b: usize, depth: i32, c: usize, row: usize, rows: i32): void {
  const second = rowA, third = rowA << 1, fourth = rowA * 3
  const end = b + (<usize>depth << 5)
  for (; rows > 0; rows -= 4) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
    let at = a
    for (let p = b; p != end; p += 32) {
      const b0 = v128.load(p)
      const b1 = v128.load(p, 16)
      let x = v128.load32_splat(at)
      c00 = madd(x, b0, c00)
      c01 = madd(x, b1, c01)
      x = v128.load32_splat(at + second)
      c10 = madd(x, b0, c10)
      c11 = madd(x, b1, c11)
      x = v128.load32_splat(at + third)
      c20 = madd(x, b0, c20)
      c21 = madd(x, b1, c21)
      x = v128.load32_splat(at + fourth)
      c30 = madd(x, b0, c30)
      c31 = madd(x, b1, c31)
      at += 4
    }
    a += rowA << 2
    v128.store(c, c00)
    v128.store(c, c01, 16)
    c += row
    v128.store(c, c10)
    v128.store(c, c11, 16)
    c += row
    v128.store(c, c20)
    v128.store(c, c21, 16)
    c += row
    v128.store(c, c30)
    v128.store(c, c31, 16)
    c += row
  }
}

// @ts-ignore: decorator
@inline
function put(c: usize, x: v128, add: i32): void {
  if (add) x = f32x4.add(x, v128.load(c))
  v128.store(c, x)
}

/** C (+)= the first `rows` and `columns` of a tile whose rows are `step` bytes apart. */
function edge(tile: usize, step: usize, c: usize, row: usize, rows: i32, columns: i32, add: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
      const value = load<f32>(tile + j)
      store<f32>(c + j, add ? load<f32>(c + j) + value : value)
    }
    tile += step
    c += row
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
