// One builder method for each primitive op, with numbers as operands and numpy's implicit broadcasting.
// Does not simplify: `simplify.ts` does, on finished graphs.

import { sameShape } from '../../spec/graph/dims.js'
import type { Dim, DType, OpName, Shape } from '../../spec/graph/graph.js'
import { NodeTable, Value } from './nodes.js'

export type Operand = Value | number | boolean
export type Axes = number | readonly number[]

export class Primitives extends NodeTable {
  input(name: string, dtype: DType, shape: Shape, storage: 'feed' | 'state' = 'feed'): Value {
    return this.node('input', [], { name, storage }, { dtype, shape })
  }

  /** A scalar. Infinities and NaN are kept as text, because JSON has no such numbers. */
  constant(value: number | boolean, dtype: DType = typeof value === 'boolean' ? 'bool' : 'f32'): Value {
    const number = Number(value)
    return this.node('const', [], { value: Number.isFinite(number) ? number + 0 : String(number) }, { dtype, shape: [] })
  }

  /** Positions 0, 1, … along one axis of `shape`. */
  iota(shape: Shape, axis: number, dtype: 'i32' | 'f32' = 'i32'): Value {
    return this.node('iota', [], { axis: normalAxis(axis, shape.length) }, { dtype, shape })
  }

  neg(x: Value): Value { return this.unary('neg', x) }
  exp(x: Value): Value { return this.unary('exp', x) }
  log(x: Value): Value { return this.unary('log', x) }
  sqrt(x: Value): Value { return this.unary('sqrt', x) }
  rsqrt(x: Value): Value { return this.unary('rsqrt', x) }
  sin(x: Value): Value { return this.unary('sin', x) }
  cos(x: Value): Value { return this.unary('cos', x) }
  tanh(x: Value): Value { return this.unary('tanh', x) }
  sigmoid(x: Value): Value { return this.unary('sigmoid', x) }
  abs(x: Value): Value { return this.unary('abs', x) }
  sign(x: Value): Value { return this.unary('sign', x) }
  floor(x: Value): Value { return this.unary('floor', x) }
  not(x: Value): Value { return this.unary('not', x) }
  isNan(x: Value): Value { return this.unary('is_nan', x) }
  stopGradient(x: Value): Value { return this.unary('stop_gradient', x) }
  cast(x: Value, dtype: DType): Value {
    return x.dtype === dtype ? x : this.node('cast', [x], {}, { dtype, shape: x.shape })
  }

  add(a: Operand, b: Operand): Value { return this.elementwise('add', a, b) }
  sub(a: Operand, b: Operand): Value { return this.elementwise('sub', a, b) }
  mul(a: Operand, b: Operand): Value { return this.elementwise('mul', a, b) }
  div(a: Operand, b: Operand): Value { return this.elementwise('div', a, b) }
  max(a: Operand, b: Operand): Value { return this.elementwise('max', a, b) }
  min(a: Operand, b: Operand): Value { return this.elementwise('min', a, b) }
  pow(a: Operand, b: Operand): Value { return this.elementwise('pow', a, b) }
  mod(a: Operand, b: Operand): Value { return this.elementwise('mod', a, b) }
  lt(a: Operand, b: Operand): Value { return this.elementwise('lt', a, b) }
  le(a: Operand, b: Operand): Value { return this.elementwise('le', a, b) }
  eq(a: Operand, b: Operand): Value { return this.elementwise('eq', a, b) }
  and(a: Operand, b: Operand): Value { return this.elementwise('and', a, b) }
  or(a: Operand, b: Operand): Value { return this.elementwise('or', a, b) }
  bitAnd(a: Operand, b: Operand): Value { return this.elementwise('bit_and', a, b) }
  bitOr(a: Operand, b: Operand): Value { return this.elementwise('bit_or', a, b) }
  bitXor(a: Operand, b: Operand): Value { return this.elementwise('bit_xor', a, b) }
  shiftLeft(a: Operand, b: Operand): Value { return this.elementwise('shift_left', a, b) }
  shiftRight(a: Operand, b: Operand): Value { return this.elementwise('shift_right', a, b) }

  where(condition: Value, a: Operand, b: Operand): Value {
    const [x, y] = this.operands(a, b)
    const shape = broadcastShape(broadcastShape(condition.shape, x.shape), y.shape)
    return this.node('where', [this.broadcastTo(condition, shape), this.broadcastTo(x, shape), this.broadcastTo(y, shape)], {}, { dtype: x.dtype, shape })
  }

  /** Over all axes unless some are named; negative axes count from the last. The axes disappear. */
  reduceSum(x: Value, axes?: Axes): Value { return this.reduce('reduce_sum', x, axes) }
  reduceMax(x: Value, axes?: Axes): Value { return this.reduce('reduce_max', x, axes) }
  reduceMin(x: Value, axes?: Axes): Value { return this.reduce('reduce_min', x, axes) }

  cumsum(x: Value, axis = -1, reverse = false): Value {
    return this.node('cumsum', [x], { axis: normalAxis(axis, x.rank), reverse }, x.type)
  }
  /** y_t = x_t + decay_t · y_(t−1), from the last position backwards where `reverse`. */
  linearScan(decay: Value, x: Value, axis = -1, reverse = false): Value {
    return this.node('linear_scan', [decay, x], { axis: normalAxis(axis, x.rank), reverse }, x.type)
  }

  reshape(x: Value, shape: Shape): Value {
    return sameShape(x.shape, shape) ? x : this.node('reshape', [x], {}, { dtype: x.dtype, shape })
  }
  /** `axes[i]` is where the input's axis i goes in `shape`. */
  broadcastAlong(x: Value, shape: Shape, axes: readonly number[]): Value {
    return x.rank === shape.length ? x : this.node('broadcast', [x], { axes }, { dtype: x.dtype, shape })
  }
  /** Numpy's rule: axes are aligned from the right, axes of size 1 stretch. */
  broadcastTo(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x
    const offset = shape.length - x.rank
    if (offset < 0) throw new Error(`cannot broadcast [${x.shape.join(', ')}] to [${shape.join(', ')}]`)
    const kept = x.shape.map((_, axis) => axis).filter((axis) => x.shape[axis] === shape[axis + offset])
    return this.broadcastAlong(this.reshape(x, kept.map((axis) => x.shape[axis] as Dim)), shape, kept.map((axis) => axis + offset))
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    return permutation.every((axis, i) => axis === i) ? x : this.node('transpose', [x], { permutation }, x.type)
  }
  slice(x: Value, start: readonly Dim[], size: readonly Dim[]): Value {
    return sameShape(size, x.shape) ? x : this.node('slice', [x], { start, size }, x.type)
  }
  pad(x: Value, before: readonly Dim[], after: readonly Dim[]): Value {
    return [...before, ...after].every((size) => size === 0) ? x : this.node('pad', [x], { before, after }, x.type)
  }
  concat(parts: readonly Value[], axis: number): Value {
    const first = parts[0] as Value
    return parts.length === 1 ? first : this.node('concat', parts, { axis: normalAxis(axis, first.rank) }, first.type)
  }
  reverse(x: Value, axes: Axes): Value {
    return this.node('reverse', [x], { axes: normalAxes(axes, x.rank) }, x.type)
  }

  /** Rows of a table [V, …] at index [i…] → [i…, …]. */
  gather(table: Value, index: Value): Value {
    return this.node('gather', [table, index], {}, table.type)
  }
  /** Zeros of `shape` [V, …] with update [i…, …] added at index [i…]. */
  scatterAdd(index: Value, update: Value, shape: Shape): Value {
    return this.node('scatter_add', [index, update], {}, { dtype: update.dtype, shape })
  }
  /** The element of the last axis: x [i…, V] at index [i…] → [i…]. */
  pick(x: Value, index: Value): Value {
    return this.node('pick', [x, index], {}, x.type)
  }

  sort(x: Value): Value { return this.unary('sort', x) }
  argsort(x: Value): Value { return this.unary('argsort', x) }

  matmul(a: Value, b: Value, { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {}): Value {
    return this.node('matmul', [a, b], { transposeA, transposeB }, a.type)
  }

  /** First word of Threefry-2x32-20 of the key and the counter (u32, broadcast to one shape). */
  randomBits(key0: Operand, key1: Operand, counter0: Operand, counter1: Operand): Value {
    const words = [key0, key1, counter0, counter1].map((word) => (word instanceof Value ? word : this.constant(word, 'u32')))
    const shape = words.map((word) => word.shape).reduce(broadcastShape)
    return this.node('random_bits', words.map((word) => this.broadcastTo(word, shape)), {}, { dtype: 'u32', shape })
  }

  protected unary(op: OpName, x: Value): Value {
    return this.node(op, [x], {}, x.type)
  }

  protected elementwise(op: OpName, a: Operand, b: Operand): Value {
    const [x, y] = this.operands(a, b)
    const shape = broadcastShape(x.shape, y.shape)
    return this.node(op, [this.broadcastTo(x, shape), this.broadcastTo(y, shape)], {}, { dtype: x.dtype, shape })
  }

  private operands(a: Operand, b: Operand): [Value, Value] {
    const dtype = a instanceof Value ? a.dtype : b instanceof Value ? b.dtype : undefined
    return [a instanceof Value ? a : this.constant(a, dtype), b instanceof Value ? b : this.constant(b, dtype)]
  }

  private reduce(op: OpName, x: Value, axes: Axes = x.shape.map((_, axis) => axis)): Value {
    const normal = normalAxes(axes, x.rank)
    return normal.length === 0 ? x : this.node(op, [x], { axes: normal }, x.type)
  }
}

export function normalAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) throw new Error(`axis ${axis} of rank ${rank}`)
  return normal
}

export const normalAxes = (axes: Axes, rank: number): number[] => (typeof axes === 'number' ? [axes] : axes).map((axis) => normalAxis(axis, rank)).sort((a, b) => a - b)

/** Numpy's rule; symbolic sizes only match themselves and 1. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1]
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`)
    return x === 1 ? y : x
  })
}
