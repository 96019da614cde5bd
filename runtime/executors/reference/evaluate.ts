// The meaning of each primitive op, one evaluation function each: float64 for f32, exact 32-bit integers.
// Written to be read; does not fuse, reuse memory or run in parallel.

import type { DType, GraphNode, OpName } from '../../../spec/graph/graph.js'
import type { Attributes } from '../../../spec/graph/ops.js'
import type { TensorData } from '../executor.js'
import { count, dataOf, strides, walk, zeros, type Sizes, type Tensor } from './tensor.js'
import { threefry2x32 } from './threefry.js'

type Evaluate = (inputs: readonly Tensor[], attributes: Attributes, result: { dtype: DType; shape: Sizes }) => TensorData
type Primitive = Exclude<OpName, 'input' | 'composite' | 'part'>

/** The node's value. Throws RangeError where an index is outside its table. */
export function evaluate(node: GraphNode, inputs: readonly Tensor[]): Tensor {
  const type = { dtype: node.type.dtype, shape: node.type.shape as Sizes }
  return { ...type, data: evaluators[node.op as Primitive](inputs, node.attributes, type) }
}

const at = (data: ArrayLike<number>, i: number): number => data[i] as number
const axesOf = (attributes: Attributes, name = 'axes'): Sizes => attributes[name] as Sizes

/** Typed arrays convert on store, which is exact 32-bit wrapping for sums and differences. */
const map = (f: (...operands: number[]) => number): Evaluate => (inputs, _, { dtype, shape }) => {
  const out = zeros(dtype, count(shape))
  const [a, b, c] = inputs.map((input) => input.data)
  if (c) for (let i = 0; i < out.length; i++) out[i] = f(at(a as TensorData, i), at(b as TensorData, i), at(c, i))
  else if (b) for (let i = 0; i < out.length; i++) out[i] = f(at(a as TensorData, i), at(b, i))
  else for (let i = 0; i < out.length; i++) out[i] = f(at(a as TensorData, i))
  return out
}

/** Element-wise with its own arithmetic for integers. */
const mapBy = (float: (...operands: number[]) => number, integer: (...operands: number[]) => number): Evaluate => {
  const [real, whole] = [map(float), map(integer)]
  return (inputs, attributes, result) => (result.dtype === 'f32' ? real : whole)(inputs, attributes, result)
}

/** Both torch.remainder: the sign of the divisor. */
const mod = (a: number, b: number): number => {
  const rest = a % b
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
}

const reduce = (start: (dtype: DType) => number, combine: (a: number, b: number) => number): Evaluate => ([x], attributes, { dtype, shape }) => {
  const input = x as Tensor
  const axes = axesOf(attributes)
  const kept = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const outStrides = strides(shape)
  const steps = input.shape.map((_, axis) => (axes.includes(axis) ? 0 : (outStrides[kept.indexOf(axis)] as number)))
  const out = zeros(dtype, count(shape)).fill(start(dtype))
  const offsets = walk(input.shape, steps)
  for (let i = 0; i < offsets.length; i++) out[offsets[i] as number] = combine(at(out, offsets[i] as number), at(input.data, i))
  return out
}

const lowest = (dtype: DType): number => (dtype === 'f32' ? -Infinity : dtype === 'i32' ? -(2 ** 31) : 0)
const highest = (dtype: DType): number => (dtype === 'f32' ? Infinity : dtype === 'i32' ? 2 ** 31 - 1 : 2 ** 32 - 1)

/** Runs along one axis; `step` gets the position, and that of the element before (−1 at the first). */
const along = (step: (out: TensorData, position: number, before: number, inputs: readonly TensorData[]) => void): Evaluate => (inputs, attributes, { dtype, shape }) => {
  const out = zeros(dtype, count(shape))
  const axis = attributes.axis as number
  const [length, stride] = [shape[axis] as number, strides(shape)[axis] as number]
  const starts = walk(shape.with(axis, Math.min(length, 1)), strides(shape))
  const data = inputs.map((input) => input.data)
  for (const start of starts) {
    let before = -1
    for (let i = 0; i < length; i++) {
      const position = start + (attributes.reverse === true ? length - 1 - i : i) * stride
      step(out, position, before, data)
      before = position
    }
  }
  return out
}

/** Reads the input at other strides, in the order of the output. */
const move = (steps: (shape: Sizes, attributes: Attributes, outShape: Sizes) => { steps: Sizes; start?: number }): Evaluate => ([x], attributes, { dtype, shape }) => {
  const input = x as Tensor
  const { steps: by, start } = steps(input.shape, attributes, shape)
  const out = zeros(dtype, count(shape))
  if (input.data.length === 1 && by.every((step) => step === 0)) return out.fill(at(input.data, 0))
  const offsets = walk(shape, by, start)
  for (let i = 0; i < out.length; i++) out[i] = at(input.data, offsets[i] as number)
  return out
}

const dot = (a: Sizes, b: Sizes): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)

/** Writes a part into the output at a start. */
function place(out: TensorData, outShape: Sizes, part: Tensor, start: Sizes): void {
  const outStrides = strides(outShape)
  walk(part.shape, outStrides, dot(start, outStrides)).forEach((to, i) => (out[to] = at(part.data, i)))
}

function inside(index: number, size: number): number {
  if (index < 0 || index >= size) throw new RangeError(`index ${index} of ${size}`)
  return index
}

/** NaN after everything else, as in torch. */
const ascending = (a: number, b: number): number => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a - b || 0)

/** Applies to each row of the last axis. */
const perRow = (sorted: (row: TensorData) => ArrayLike<number>): Evaluate => ([x], _, { dtype, shape }) => {
  const out = zeros(dtype, count(shape))
  const width = shape.at(-1) as number
  for (let start = 0; start < out.length; start += width) out.set(sorted((x as Tensor).data.subarray(start, start + width)), start)
  return out
}

/** Each element is summed over k in ascending order; the loops run along rows of B. */
function matmul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, shape: Sizes): TensorData {
  const [m, n] = [shape.at(-2) as number, shape.at(-1) as number]
  const k = a.shape.at(transposeA ? -2 : -1) as number
  const [left, right] = [rowMajor(a, transposeA), rowMajor(b, transposeB)]
  const out = new Float64Array(count(shape))
  const shared = b.shape.length === 2
  for (let row = 0; row * n < out.length; row++) {
    const batch = shared ? 0 : Math.floor(row / m)
    const to = out.subarray(row * n, (row + 1) * n)
    for (let p = 0; p < k; p++) {
      const x = at(left, row * k + p)
      const from = (batch * k + p) * n
      for (let j = 0; j < n; j++) to[j] = at(to, j) + x * at(right, from + j)
    }
  }
  return out
}

/** The matrices of a batch as they are multiplied. */
function rowMajor({ data, shape }: Tensor, transposed: boolean): Float64Array {
  if (!transposed) return data as Float64Array
  const steps = strides(shape)
  const order = [...shape.keys()].map((axis) => (axis < shape.length - 2 ? axis : 2 * shape.length - 3 - axis))
  const offsets = walk(order.map((axis) => shape[axis] as number), order.map((axis) => steps[axis] as number))
  const out = new Float64Array(data.length)
  for (let i = 0; i < out.length; i++) out[i] = at(data, offsets[i] as number)
  return out
}

export const evaluators: Readonly<Record<Primitive, Evaluate>> = {
  const: (_, attributes, { dtype }) => dataOf(dtype, [Number(attributes.value)]),
  iota: (_, attributes, { dtype, shape }) => {
    const axis = attributes.axis as number
    return dataOf(dtype, walk(shape, shape.map((_size, i) => (i === axis ? 1 : 0))))
  },

  neg: map((x) => -x),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  rsqrt: map((x) => 1 / Math.sqrt(x)),
  sin: map(Math.sin),
  cos: map(Math.cos),
  tanh: map(Math.tanh),
  sigmoid: map((x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  abs: map(Math.abs),
  sign: map(Math.sign),
  floor: map(Math.floor),
  not: map((x) => 1 - x),
  is_nan: map((x) => Number(Number.isNaN(x))),
  // To bool: non-zero (NaN too); to an integer: towards zero.
  cast: (inputs, attributes, result) => map(result.dtype === 'bool' ? (x) => Number(x !== 0) : (x) => x)(inputs, attributes, result),
  stop_gradient: ([x]) => (x as Tensor).data,

  add: map((a, b) => a + b),
  sub: map((a, b) => a - b),
  mul: mapBy((a, b) => a * b, Math.imul),
  div: map((a, b) => a / b),
  // Math.max and Math.min give NaN where either operand is, which is the meaning of the ops.
  max: map((a, b) => Math.max(a, b)),
  min: map((a, b) => Math.min(a, b)),
  pow: map(power),
  mod: map(mod),
  lt: map((a, b) => Number(a < b)),
  le: map((a, b) => Number(a <= b)),
  eq: map((a, b) => Number(a === b)),
  and: map((a, b) => a & b),
  or: map((a, b) => a | b),
  bit_and: map((a, b) => a & b),
  bit_or: map((a, b) => a | b),
  bit_xor: map((a, b) => a ^ b),
  shift_left: map((a, b) => (b > 31 ? 0 : a << b)),
  shift_right: map((a, b) => (b > 31 ? 0 : a >>> b)),
  where: map((condition, a, b) => (condition === 0 ? b : a)),

  reduce_sum: reduce(() => 0, (a, b) => a + b),
  reduce_max: reduce(lowest, (a, b) => Math.max(a, b)),
  reduce_min: reduce(highest, (a, b) => Math.min(a, b)),
  cumsum: along((out, position, before, [x]) => (out[position] = at(x as TensorData, position) + (before < 0 ? 0 : at(out, before)))),
  linear_scan: along((out, position, before, [decay, x]) => {
    out[position] = at(x as TensorData, position) + (before < 0 ? 0 : at(decay as TensorData, position) * at(out, before))
  }),

  reshape: ([x]) => (x as Tensor).data,
  broadcast: move((shape, attributes, outShape) => {
    const [axes, own] = [axesOf(attributes), strides(shape)]
    return { steps: outShape.map((_, axis) => (axes.includes(axis) ? (own[axes.indexOf(axis)] as number) : 0)) }
  }),
  transpose: move((shape, attributes) => ({ steps: axesOf(attributes, 'permutation').map((axis) => strides(shape)[axis] as number) })),
  slice: move((shape, attributes) => ({ steps: strides(shape), start: dot(attributes.start as Sizes, strides(shape)) })),
  reverse: move((shape, attributes) => {
    const [axes, own] = [axesOf(attributes), strides(shape)]
    const steps = own.map((step, axis) => (axes.includes(axis) ? -step : step))
    return { steps, start: axes.reduce((sum, axis) => sum + (own[axis] as number) * ((shape[axis] as number) - 1), 0) }
  }),
  pad: ([x], attributes, { dtype, shape }) => {
    const out = zeros(dtype, count(shape))
    place(out, shape, x as Tensor, attributes.before as Sizes)
    return out
  },
  concat: (parts, attributes, { dtype, shape }) => {
    const axis = attributes.axis as number
    const out = zeros(dtype, count(shape))
    let start = 0
    for (const part of parts) {
      place(out, shape, part, shape.map((_, i) => (i === axis ? start : 0)))
      start += part.shape[axis] as number
    }
    return out
  },

  gather: ([table, index], _, { dtype, shape }) => {
    const [from, rows] = [table as Tensor, (index as Tensor).data]
    const width = count(from.shape.slice(1))
    const out = zeros(dtype, count(shape))
    rows.forEach((row, i) => out.set(from.data.subarray(inside(row, from.shape[0] as number) * width, (row + 1) * width), i * width))
    return out
  },
  scatter_add: ([index, update], _, { dtype, shape }) => {
    const width = count(shape.slice(1))
    const out = zeros(dtype, count(shape))
    ;(index as Tensor).data.forEach((row, i) => {
      const start = inside(row, shape[0] as number) * width
      for (let j = 0; j < width; j++) out[start + j] = at(out, start + j) + at((update as Tensor).data, i * width + j)
    })
    return out
  },
  pick: ([x, index], _, { dtype, shape }) => {
    const [from, width] = [x as Tensor, (x as Tensor).shape.at(-1) as number]
    const out = zeros(dtype, count(shape))
    ;(index as Tensor).data.forEach((column, i) => (out[i] = at(from.data, i * width + inside(column, width))))
    return out
  },

  sort: perRow((row) => Array.from(row).sort(ascending)),
  argsort: perRow((row) => Array.from(row, (_, i) => i).sort((i, j) => ascending(at(row, i), at(row, j)))),

  matmul: ([a, b], attributes, { shape }) => matmul(a as Tensor, b as Tensor, attributes.transposeA as boolean, attributes.transposeB as boolean, shape),
  random_bits: (inputs, _, { shape }) => {
    const out = new Uint32Array(count(shape))
    const [key0, key1, counter0, counter1] = inputs.map((input) => input.data) as [TensorData, TensorData, TensorData, TensorData]
    for (let i = 0; i < out.length; i++) out[i] = threefry2x32(at(key0, i), at(key1, i), at(counter0, i), at(counter1, i))[0]
    return out
  },
}

/** IEEE pow: unlike JavaScript's, pow(1, y) is 1 for every y, and pow(−1, ±∞) is 1. */
function power(base: number, exponent: number): number {
  return base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : base ** exponent
}
