// The primitive ops, one row each: arity, attributes, and the rule that gives the result's type.
// Does not compute anything: executors do, and the `reference` executor is the meaning of each op.

import { addDims, sameShape, sameType, sizeOf, subtractDims, typeText } from './dims.js'
import type { AttributeValue, Dim, DType, OpName, Shape, TensorType } from './graph.js'

export type Attributes = Readonly<Record<string, AttributeValue>>

/** `value`: a finite number or "Infinity", "-Infinity", "NaN". `axes`: distinct axes. `dims`: sizes, possibly symbolic. */
export type AttributeKind = 'axis' | 'axes' | 'boolean' | 'dims' | 'index' | 'name' | 'storage' | 'value'

export type OpGroup = 'leaf' | 'unary' | 'binary' | 'ternary' | 'reduce' | 'scan' | 'movement' | 'indexing' | 'sort' | 'matmul' | 'random' | 'composite'

export interface OpRule {
  readonly group: OpGroup
  /** Number of inputs; `many` is at least one, `any` is not checked here. */
  readonly inputs: number | 'many' | 'any'
  readonly attributes: Readonly<Record<string, AttributeKind>>
  /**
   * The result's type, or what is wrong. `declared` is the type the node carries, for ops whose result its inputs do
   * not determine (`input`, `iota`, `cast`, `reshape`, `broadcast`, `scatter_add`).
   */
  readonly type: (inputs: readonly TensorType[], attributes: Attributes, declared: TensorType) => TensorType | string
}

const FLOAT: readonly DType[] = ['f32']
const SIGNED: readonly DType[] = ['f32', 'i32']
const NUMBER: readonly DType[] = ['f32', 'i32', 'u32']
const WORD: readonly DType[] = ['u32']
const LOGICAL: readonly DType[] = ['bool']
const ANY: readonly DType[] = ['f32', 'i32', 'u32', 'bool']

const of = (dtype: DType, shape: Shape): TensorType => ({ dtype, shape })
const input = (inputs: readonly TensorType[], position: number): TensorType => inputs[position] as TensorType
const refuse = (type: TensorType, dtypes: readonly DType[]): string | undefined => (dtypes.includes(type.dtype) ? undefined : `takes ${dtypes.join(' or ')}, not ${type.dtype}`)

/** Operands of one type from `dtypes`; the result has their shape, and their dtype unless `result` says another. */
function elementwise(group: OpGroup, inputs: number, dtypes: readonly DType[], result?: DType): OpRule {
  return {
    group,
    inputs,
    attributes: {},
    type: (types) => {
      const first = input(types, 0)
      const odd = types.find((type) => !sameType(type, first))
      if (odd) return `operands differ: ${typeText(first)} and ${typeText(odd)}`
      return refuse(first, dtypes) ?? of(result ?? first.dtype, first.shape)
    },
  }
}
const unary = (dtypes: readonly DType[], result?: DType): OpRule => elementwise('unary', 1, dtypes, result)
const binary = (dtypes: readonly DType[], result?: DType): OpRule => elementwise('binary', 2, dtypes, result)

function reduce(dtypes: readonly DType[]): OpRule {
  return {
    group: 'reduce',
    inputs: 1,
    attributes: { axes: 'axes' },
    type: (types, attributes) => {
      const { dtype, shape } = input(types, 0)
      const axes = attributes.axes as readonly number[]
      if (!axes.every((axis, i) => axis < shape.length && (i === 0 || axis > (axes[i - 1] as number)))) return `axes [${axes.join(', ')}] are not ascending axes of rank ${shape.length}`
      return refuse(input(types, 0), dtypes) ?? of(dtype, shape.filter((_, axis) => !axes.includes(axis)))
    },
  }
}

function scan(inputs: number, dtypes: readonly DType[]): OpRule {
  const { type } = elementwise('scan', inputs, dtypes)
  return {
    group: 'scan',
    inputs,
    attributes: { axis: 'axis', reverse: 'boolean' },
    type: (types, attributes, declared) => ((attributes.axis as number) < input(types, 0).shape.length ? type(types, attributes, declared) : `axis ${attributes.axis as number} of rank ${input(types, 0).shape.length}`),
  }
}

const sorting = (result?: DType): OpRule => ({
  group: 'sort',
  inputs: 1,
  attributes: {},
  type: ([type]) => ((type as TensorType).shape.length === 0 ? 'needs an axis to sort' : (refuse(type as TensorType, NUMBER) ?? of(result ?? (type as TensorType).dtype, (type as TensorType).shape))),
})

const perAxis = (list: AttributeValue | undefined, shape: Shape): boolean => (list as readonly Dim[]).length === shape.length
const negative = (dim: Dim): boolean => typeof dim === 'number' && dim < 0

export const ops: Readonly<Record<OpName, OpRule>> = {
  input: { group: 'leaf', inputs: 0, attributes: { name: 'name', storage: 'storage' }, type: (_, __, declared) => declared },
  const: { group: 'leaf', inputs: 0, attributes: { value: 'value' }, type: (_, attributes, { dtype }) => constant(attributes.value as number | string, dtype) },
  iota: {
    group: 'leaf',
    inputs: 0,
    attributes: { axis: 'axis' },
    type: (_, attributes, declared) => ((attributes.axis as number) < declared.shape.length ? (refuse(declared, SIGNED) ?? declared) : `axis ${attributes.axis as number} of rank ${declared.shape.length}`),
  },

  neg: unary(SIGNED),
  exp: unary(FLOAT),
  log: unary(FLOAT),
  sqrt: unary(FLOAT),
  rsqrt: unary(FLOAT),
  sin: unary(FLOAT),
  cos: unary(FLOAT),
  tanh: unary(FLOAT),
  sigmoid: unary(FLOAT),
  abs: unary(SIGNED),
  sign: unary(SIGNED),
  floor: unary(FLOAT),
  not: unary(LOGICAL),
  is_nan: unary(FLOAT, 'bool'),
  cast: { group: 'unary', inputs: 1, attributes: {}, type: ([type], _, declared) => of(declared.dtype, (type as TensorType).shape) },
  stop_gradient: unary(ANY),

  add: binary(NUMBER),
  sub: binary(NUMBER),
  mul: binary(NUMBER),
  div: binary(FLOAT),
  max: binary(NUMBER),
  min: binary(NUMBER),
  pow: binary(FLOAT),
  mod: binary(NUMBER),
  lt: binary(NUMBER, 'bool'),
  le: binary(NUMBER, 'bool'),
  eq: binary(ANY, 'bool'),
  and: binary(LOGICAL),
  or: binary(LOGICAL),
  bit_and: binary(WORD),
  bit_or: binary(WORD),
  bit_xor: binary(WORD),
  shift_left: binary(WORD),
  shift_right: binary(WORD),

  where: {
    group: 'ternary',
    inputs: 3,
    attributes: {},
    type: ([condition, a, b]) => {
      const [c, x, y] = [condition as TensorType, a as TensorType, b as TensorType]
      if (c.dtype !== 'bool') return `the condition is ${c.dtype}, not bool`
      if (!sameType(x, y)) return `branches differ: ${typeText(x)} and ${typeText(y)}`
      return sameShape(c.shape, x.shape) ? x : `the condition is ${typeText(c)}, the branches ${typeText(x)}`
    },
  },

  reduce_sum: reduce(SIGNED),
  reduce_max: reduce(NUMBER),
  reduce_min: reduce(NUMBER),
  cumsum: scan(1, SIGNED),
  linear_scan: scan(2, FLOAT),

  reshape: {
    group: 'movement',
    inputs: 1,
    attributes: {},
    type: ([type], _, { shape }) => (sizeOf((type as TensorType).shape) === sizeOf(shape) ? of((type as TensorType).dtype, shape) : `cannot reshape ${typeText(type as TensorType)} to [${shape.join(', ')}]`),
  },
  broadcast: {
    group: 'movement',
    inputs: 1,
    attributes: { axes: 'axes' },
    type: ([type], attributes, { shape }) => {
      const from = type as TensorType
      const axes = attributes.axes as readonly number[]
      const fits = axes.length === from.shape.length && axes.every((axis, i) => shape[axis] === from.shape[i] && (i === 0 || axis > (axes[i - 1] as number)))
      return fits ? of(from.dtype, shape) : `cannot broadcast ${typeText(from)} along axes [${axes.join(', ')}] of [${shape.join(', ')}]`
    },
  },
  transpose: {
    group: 'movement',
    inputs: 1,
    attributes: { permutation: 'axes' },
    type: ([type], attributes) => {
      const { dtype, shape } = type as TensorType
      const permutation = attributes.permutation as readonly number[]
      if (permutation.length !== shape.length || !permutation.every((axis) => axis < shape.length)) return `[${permutation.join(', ')}] does not permute ${shape.length} axes`
      return of(dtype, permutation.map((axis) => shape[axis] as Dim))
    },
  },
  slice: {
    group: 'movement',
    inputs: 1,
    attributes: { start: 'dims', size: 'dims' },
    type: ([type], attributes) => {
      const { dtype, shape } = type as TensorType
      const [start, size] = [attributes.start as readonly Dim[], attributes.size as readonly Dim[]]
      if (!perAxis(start, shape) || !perAxis(size, shape)) return `start and size need ${shape.length} entries`
      const inside = shape.every((dim, axis) => ![start[axis] as Dim, size[axis] as Dim, subtractDims(dim, addDims(start[axis] as Dim, size[axis] as Dim))].some(negative))
      return inside ? of(dtype, size) : `[${start.join(', ')}] + [${size.join(', ')}] leaves [${shape.join(', ')}]`
    },
  },
  pad: {
    group: 'movement',
    inputs: 1,
    attributes: { before: 'dims', after: 'dims' },
    type: ([type], attributes) => {
      const { dtype, shape } = type as TensorType
      const [before, after] = [attributes.before as readonly Dim[], attributes.after as readonly Dim[]]
      if (!perAxis(before, shape) || !perAxis(after, shape)) return `before and after need ${shape.length} entries`
      if ([...before, ...after].some(negative)) return 'padding is negative'
      return of(dtype, shape.map((dim, axis) => addDims(addDims(before[axis] as Dim, dim), after[axis] as Dim)))
    },
  },
  concat: {
    group: 'movement',
    inputs: 'many',
    attributes: { axis: 'axis' },
    type: (types, attributes) => {
      const axis = attributes.axis as number
      const { dtype, shape } = input(types, 0)
      if (axis >= shape.length) return `axis ${axis} of rank ${shape.length}`
      const odd = types.find((type) => type.dtype !== dtype || type.shape.length !== shape.length || !type.shape.every((dim, i) => i === axis || dim === shape[i]))
      if (odd) return `parts differ: ${typeText(input(types, 0))} and ${typeText(odd)}`
      const total = types.map((type) => type.shape[axis] as Dim).reduce(addDims)
      return of(dtype, shape.map((dim, i) => (i === axis ? total : dim)))
    },
  },
  reverse: {
    group: 'movement',
    inputs: 1,
    attributes: { axes: 'axes' },
    type: ([type], attributes) => ((attributes.axes as readonly number[]).every((axis) => axis < (type as TensorType).shape.length) ? (type as TensorType) : `axes of rank ${(type as TensorType).shape.length}`),
  },

  gather: {
    group: 'indexing',
    inputs: 2,
    attributes: {},
    type: ([table, index]) => {
      const [from, at] = [table as TensorType, index as TensorType]
      if (from.shape.length === 0) return 'the table is a scalar'
      return at.dtype === 'i32' ? of(from.dtype, [...at.shape, ...from.shape.slice(1)]) : `the index is ${at.dtype}, not i32`
    },
  },
  scatter_add: {
    group: 'indexing',
    inputs: 2,
    attributes: {},
    type: ([index, update], _, { shape }) => {
      const [at, from] = [index as TensorType, update as TensorType]
      if (at.dtype !== 'i32') return `the index is ${at.dtype}, not i32`
      if (shape.length === 0 || !sameShape(from.shape, [...at.shape, ...shape.slice(1)])) return `updates ${typeText(from)} at ${typeText(at)} do not fit [${shape.join(', ')}]`
      return refuse(from, SIGNED) ?? of(from.dtype, shape)
    },
  },
  pick: {
    group: 'indexing',
    inputs: 2,
    attributes: {},
    type: ([x, index]) => {
      const [from, at] = [x as TensorType, index as TensorType]
      if (at.dtype !== 'i32') return `the index is ${at.dtype}, not i32`
      return from.shape.length > 0 && sameShape(at.shape, from.shape.slice(0, -1)) ? of(from.dtype, at.shape) : `index ${typeText(at)} does not pick from ${typeText(from)}`
    },
  },

  sort: sorting(),
  argsort: sorting('i32'),

  matmul: {
    group: 'matmul',
    inputs: 2,
    attributes: { transposeA: 'boolean', transposeB: 'boolean' },
    type: ([left, right], attributes) => {
      const [a, b] = [left as TensorType, right as TensorType]
      const wrong = refuse(a, FLOAT) ?? refuse(b, FLOAT)
      if (wrong) return wrong
      if (a.shape.length < 2 || b.shape.length < 2) return `takes matrices, not ${typeText(a)} and ${typeText(b)}`
      const batch = a.shape.slice(0, -2)
      const [m, ka] = attributes.transposeA === true ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)]
      const [n, kb] = attributes.transposeB === true ? [b.shape.at(-2), b.shape.at(-1)] : [b.shape.at(-1), b.shape.at(-2)]
      const fits = ka === kb && (b.shape.length === 2 || sameShape(batch, b.shape.slice(0, -2)))
      return fits ? of('f32', [...batch, m as Dim, n as Dim]) : `cannot multiply ${typeText(a)} and ${typeText(b)} (transposeA ${String(attributes.transposeA)}, transposeB ${String(attributes.transposeB)})`
    },
  },

  random_bits: elementwise('random', 4, WORD),

  // The types of these two come from the composite's body: `verify.ts` checks them.
  composite: { group: 'composite', inputs: 'any', attributes: { name: 'name' }, type: (_, __, declared) => declared },
  part: { group: 'composite', inputs: 1, attributes: { index: 'index' }, type: (_, __, declared) => declared },
}

function constant(value: number | string, dtype: DType): TensorType | string {
  const number = Number(value)
  const fits = dtype === 'f32' || (dtype === 'i32' ? (number | 0) === number : dtype === 'u32' ? number >>> 0 === number : number === 0 || number === 1)
  return fits ? of(dtype, []) : `${value} is not a value of ${dtype}`
}
