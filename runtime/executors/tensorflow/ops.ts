// The primitive ops in TensorFlow's, one row each. What an op computes is what the `reference` executor does.
// Only ops that XLA compiles, and only those whose shapes it knows beforehand.

import type { DType, GraphNode, OpName, TensorType } from '../../../spec/graph/graph.js'
import type { FunctionBuilder, Ref } from './builder.js'
import { flag, func, integer, typed, types, type Attributes, type TfType } from './graph-def.js'
import { threefry } from './threefry.js'

/** A node of a bound graph, and its inputs as they are in the function. */
export interface Site {
  readonly b: FunctionBuilder
  readonly node: GraphNode
  readonly inputs: readonly Ref[]
  readonly types: readonly TensorType[]
}
export type Row = (site: Site) => Ref
type Primitive = Exclude<OpName, 'input' | 'composite' | 'part'>

export const sizes = ({ shape }: TensorType): readonly number[] => shape as readonly number[]
const first = ({ types }: Site): TensorType => types[0] as TensorType
const numbers = ({ node }: Site, name: string): readonly number[] => node.attributes[name] as readonly number[]

/** An op of the same meaning: `T` is the type of its operands. */
const same = (op: string): Row => (site) => site.b.node(op, site.inputs, { T: typed(first(site).dtype) })
/** One that has no type to name. */
const untyped = (op: string): Row => ({ b, inputs }) => b.node(op, inputs, {})

const reduce = (op: string): Row => (site) => site.b.node(op, [site.inputs[0] as Ref, site.b.constant('i32', numbers(site, 'axes'))], { T: typed(first(site).dtype), Tidx: typed('i32'), keep_dims: flag(false) })

/** Numbers that are summed side by side. */
const ABREAST = 16

/**
 * XLA adds along the last axis one number after the other, as their order counts in float32. So that axis is cut into rows of sixteen:
 * first whole rows are added, then the sixteen.
 */
const sum: Row = (site) => {
  const { b, inputs, node } = site
  const shape = sizes(first(site))
  const axes = numbers(site, 'axes')
  const [last, width] = [shape.length - 1, shape.at(-1) ?? 0]
  if (first(site).dtype !== 'f32' || !axes.includes(last) || width % ABREAST !== 0 || width < 2 * ABREAST) return reduce('Sum')(site)
  const add = (x: Ref, over: readonly number[]): Ref => b.node('Sum', [x, b.constant('i32', over)], { T: typed('f32'), Tidx: typed('i32'), keep_dims: flag(false) })
  const cut = reshape(b, inputs[0] as Ref, 'f32', [...shape.slice(0, -1), width / ABREAST, ABREAST])
  return add(add(cut, axes), [sizes(node.type).length])
}

export const reshape = (b: FunctionBuilder, x: Ref, type: TfType, to: readonly number[]): Ref => b.node('Reshape', [x, b.constant('i32', to)], { T: typed(type), Tshape: typed('i32') })
const broadcast = (b: FunctionBuilder, x: Ref, type: DType, to: readonly number[]): Ref => b.node('BroadcastTo', [x, b.constant('i32', to)], { T: typed(type), Tidx: typed('i32') })
const pairs = (before: readonly number[], after: readonly number[]): readonly number[] => before.flatMap((size, axis) => [size, after[axis] as number])

function cast({ b, inputs, types: [from], node }: Site): Ref {
  const [type, to] = [(from as TensorType).dtype, node.type.dtype]
  const x = inputs[0] as Ref
  if (type === to) return x
  // Non-zero, NaN too.
  if (to === 'bool') return b.node('NotEqual', [x, b.constant(type, 0)], { T: typed(type) })
  return b.node('Cast', [x], { SrcT: typed(type), DstT: typed(to), Truncate: flag(false) })
}

/** The same value, which TensorFlow does not compute beforehand: it folds constants of up to 10 MiB. */
const unfolded = (b: FunctionBuilder, x: Ref, type: DType): Ref => b.node('XlaOptimizationBarrier', [x], { T: types([type]) })

/**
 * XLA would compute these again for every reader of every broadcast of them, by a call of the C library for each element. It fuses
 * nothing into a matrix product, so their product with the identity, which has the same bits, is computed once.
 */
const once = (op: string): Row => (site) => {
  const { b, node } = site
  const shape = sizes(node.type)
  const width = shape.at(-1) ?? 1
  const line = b.constant('i32', [...Array(width).keys()])
  const diagonal = b.node('Equal', [reshape(b, line, 'i32', [width, 1]), line], { T: typed('i32') })
  const identity = b.node('Cast', [diagonal], { SrcT: typed('bool'), DstT: typed('f32'), Truncate: flag(false) })
  // In a product one NaN would spread over its row.
  const finite = b.node('IsFinite', [site.inputs[0] as Ref], { T: typed('f32') })
  const choose = (value: Ref, otherwise: number): Ref => b.node('SelectV2', [finite, value, b.constant('f32', otherwise)], { T: typed('f32') })
  const flat = reshape(b, choose(same(op)(site), 0), 'f32', [shape.slice(0, -1).reduce((p, q) => p * q, 1), width])
  return choose(reshape(b, b.node('MatMul', [flat, identity], { T: typed('f32'), transpose_a: flag(false), transpose_b: flag(false) }), 'f32', shape), NaN)
}

const iota: Row = ({ b, node }) => iotaOf(b, node.type.dtype, sizes(node.type), node.attributes['axis'] as number)

export function iotaOf(b: FunctionBuilder, dtype: DType, shape: readonly number[], axis: number): Ref {
  const length = shape[axis] as number
  const range = b.node('Range', [b.constant(dtype, 0), b.constant(dtype, length), b.constant(dtype, 1)], { Tidx: typed(dtype) })
  // Folded, a mask would be megabytes of numbers to read, where a register does.
  const line = shape.length === 1 ? range : unfolded(b, range, dtype)
  return broadcast(b, reshape(b, line, dtype, shape.map((_, i) => (i === axis ? length : 1))), dtype, shape)
}

/**
 * y_t = x_t + decay_t · y_(t−1) in ⌈log2 T⌉ rounds (Hillis and Steele, 1986): after round k, y_t holds the last 2^k terms and
 * decay_t their product.
 */
function linearScan(site: Site): Ref {
  const { b, node } = site
  const shape = sizes(node.type)
  const [axis, reverse] = [node.attributes['axis'] as number, node.attributes['reverse'] === true]
  const length = shape[axis] as number
  const op = (name: string, x: Ref, y: Ref) => b.node(name, [x, y], { T: typed('f32') })
  /** The element `by` places earlier; before the first there is zero. */
  const earlier = (x: Ref, by: number): Ref => {
    const at = (size: number) => shape.map((_, i) => (i === axis ? size : 0))
    const start = b.constant('i32', at(reverse ? by : 0))
    const kept = b.node('Slice', [x, start, b.constant('i32', shape.with(axis, length - by))], { T: typed('f32'), Index: typed('i32') })
    const [before, after] = reverse ? [at(0), at(by)] : [at(by), at(0)]
    return pad(b, kept, 'f32', before, after)
  }
  let [decay, y] = site.inputs as [Ref, Ref]
  for (let by = 1; by < length; by *= 2) {
    y = op('AddV2', y, op('Mul', decay, earlier(y, by)))
    if (by * 2 < length) decay = op('Mul', decay, earlier(decay, by))
  }
  return y
}

function pad(b: FunctionBuilder, x: Ref, type: DType, before: readonly number[], after: readonly number[]): Ref {
  const paddings = reshape(b, b.constant('i32', pairs(before, after)), 'i32', [before.length, 2])
  return b.node('PadV2', [x, paddings, b.constant(type, 0)], { T: typed(type), Tpaddings: typed('i32') })
}

function gather({ b, inputs, types: [table] }: Site): Ref {
  return b.node('GatherV2', [inputs[0] as Ref, inputs[1] as Ref, b.constant('i32', 0)], { Tparams: typed((table as TensorType).dtype), Tindices: typed('i32'), Taxis: typed('i32'), batch_dims: integer(0) })
}

function pick({ b, inputs, types: [x, index], node }: Site): Ref {
  const [from, at] = [x as TensorType, sizes(index as TensorType)]
  const places = reshape(b, inputs[1] as Ref, 'i32', [...at, 1])
  const attr: Attributes = { Tparams: typed(from.dtype), Tindices: typed('i32'), Taxis: typed('i32'), batch_dims: integer(at.length) }
  return reshape(b, b.node('GatherV2', [inputs[0] as Ref, places, b.constant('i32', at.length)], attr), from.dtype, sizes(node.type))
}

function scatterAdd({ b, inputs, types: [, update], node }: Site): Ref {
  const { dtype, shape } = node.type
  return b.node('UnsortedSegmentSum', [inputs[1] as Ref, inputs[0] as Ref, b.constant('i32', shape[0] as number)], { T: typed((update as TensorType).dtype ?? dtype), Tindices: typed('i32'), Tnumsegments: typed('i32') })
}

/** The comparators that sorts call, by name. */
export const comparator = (type: DType, operands: number): string => `ascending_${type}_${operands}`

/** Stable; `comparator` says which of two goes first. With an index beside the values, the index that sorted them. */
function sort({ b, inputs, types: [x], node }: Site, wantsIndex: boolean): Ref {
  const { dtype } = x as TensorType
  const shape = sizes(node.type)
  const last = shape.length - 1
  const index = wantsIndex ? [iota({ b, node: { ...node, attributes: { axis: last } }, inputs: [], types: [] })] : []
  const operands = [inputs[0] as Ref, ...index]
  const name = b.statement('XlaVariadicSort', [...operands, b.constant('i32', last)], { T: types([dtype, ...index.map(() => 'i32' as const)]), comparator: func(comparator(dtype, operands.length)), is_stable: flag(true) })
  return `${name}:outputs:${operands.length - 1}`
}

function matmul({ b, inputs, types: [left, right], node }: Site): Ref {
  const [transposeA, transposeB] = [node.attributes['transposeA'] === true, node.attributes['transposeB'] === true]
  const [a, c] = [sizes(left as TensorType), sizes(right as TensorType)]
  const cast = (x: Ref, from: TfType, to: TfType): Ref => (from === to ? x : b.node('Cast', [x], { SrcT: typed(from), DstT: typed(to), Truncate: flag(false) }))
  const [x, y] = inputs.map((input) => cast(input, 'f32', b.products)) as [Ref, Ref]
  if (c.length > 2 || (a.length > 2 && transposeA)) return cast(b.node('BatchMatMulV2', [x, y], { T: typed(b.products), adj_x: flag(transposeA), adj_y: flag(transposeB) }), b.products, 'f32')
  const product = (rows: Ref) => cast(b.node('MatMul', [rows, y], { T: typed(b.products), transpose_a: flag(transposeA), transpose_b: flag(transposeB) }), b.products, 'f32')
  if (a.length === 2) return product(x)
  // One matrix for the whole batch: the batch is more rows of it.
  const width = a.at(-1) as number
  return reshape(b, product(reshape(b, x, b.products, [a.slice(0, -1).reduce((p, q) => p * q, 1), width])), 'f32', sizes(node.type))
}

export const rows: Readonly<Record<Primitive, Row>> = {
  const: ({ b, node }) => b.constant(node.type.dtype, Number(node.attributes['value'])),
  iota,

  neg: same('Neg'),
  exp: same('Exp'),
  log: same('Log'),
  sqrt: same('Sqrt'),
  rsqrt: same('Rsqrt'),
  sin: once('Sin'),
  cos: once('Cos'),
  tanh: same('Tanh'),
  sigmoid: same('Sigmoid'),
  abs: same('Abs'),
  sign: same('Sign'),
  floor: same('Floor'),
  not: untyped('LogicalNot'),
  is_nan: same('IsNan'),
  cast,
  stop_gradient: ({ inputs }) => inputs[0] as Ref,

  add: same('AddV2'),
  sub: same('Sub'),
  mul: same('Mul'),
  div: same('RealDiv'),
  max: same('Maximum'),
  min: same('Minimum'),
  pow: same('Pow'),
  mod: same('FloorMod'),
  lt: same('Less'),
  le: same('LessEqual'),
  eq: same('Equal'),
  and: untyped('LogicalAnd'),
  or: untyped('LogicalOr'),
  bit_and: same('BitwiseAnd'),
  bit_or: same('BitwiseOr'),
  bit_xor: same('BitwiseXor'),
  shift_left: same('LeftShift'),
  shift_right: same('RightShift'),
  where: (site) => site.b.node('SelectV2', site.inputs, { T: typed(site.node.type.dtype) }),

  reduce_sum: sum,
  reduce_max: reduce('Max'),
  reduce_min: reduce('Min'),
  cumsum: (site) => site.b.node('Cumsum', [site.inputs[0] as Ref, site.b.constant('i32', site.node.attributes['axis'] as number)], { T: typed(first(site).dtype), Tidx: typed('i32'), exclusive: flag(false), reverse: flag(site.node.attributes['reverse'] === true) }),
  linear_scan: linearScan,

  reshape: ({ b, inputs, node }) => reshape(b, inputs[0] as Ref, node.type.dtype, sizes(node.type)),
  broadcast: (site) => {
    const { b, inputs, node } = site
    const axes = numbers(site, 'axes')
    const own = sizes(first(site))
    const aligned = reshape(b, inputs[0] as Ref, node.type.dtype, sizes(node.type).map((_, axis) => (axes.includes(axis) ? (own[axes.indexOf(axis)] as number) : 1)))
    return broadcast(b, aligned, node.type.dtype, sizes(node.type))
  },
  transpose: (site) => site.b.node('Transpose', [site.inputs[0] as Ref, site.b.constant('i32', numbers(site, 'permutation'))], { T: typed(first(site).dtype), Tperm: typed('i32') }),
  slice: (site) => site.b.node('Slice', [site.inputs[0] as Ref, site.b.constant('i32', numbers(site, 'start')), site.b.constant('i32', numbers(site, 'size'))], { T: typed(first(site).dtype), Index: typed('i32') }),
  pad: (site) => pad(site.b, site.inputs[0] as Ref, first(site).dtype, numbers(site, 'before'), numbers(site, 'after')),
  concat: ({ b, inputs, node }) => (inputs.length === 1 ? (inputs[0] as Ref) : b.node('ConcatV2', [...inputs, b.constant('i32', node.attributes['axis'] as number)], { N: integer(inputs.length), T: typed(node.type.dtype), Tidx: typed('i32') })),
  reverse: (site) => site.b.node('ReverseV2', [site.inputs[0] as Ref, site.b.constant('i32', numbers(site, 'axes'))], { T: typed(first(site).dtype), Tidx: typed('i32') }),

  gather,
  scatter_add: scatterAdd,
  pick,

  sort: (site) => sort(site, false),
  argsort: (site) => sort(site, true),

  matmul,
  random_bits: ({ b, inputs: [key0, key1, counter0, counter1] }) => threefry(b, key0 as Ref, key1 as Ref, counter0 as Ref, counter1 as Ref),
}
