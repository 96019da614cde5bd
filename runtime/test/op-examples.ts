// Small graphs for every primitive op, over shapes with and without vector tails: what every executor must compute as `reference` does.
// Not a test itself.

import { GraphBuilder, type Value } from '../../compiler/graph/builder.js'
import type { DType, Graph, OpName } from '../../spec/graph/graph.js'
import { uniform, type Feeds, type Tolerance } from './wasm-compare.js'

/** A graph, what to feed it, and how near its results are to float64. */
export interface Example extends Tolerance {
  readonly graph: Graph
  readonly feeds: Feeds
}

const SHAPES: readonly (readonly number[])[] = [[], [1], [3], [4], [5], [8], [2, 3], [3, 1, 5], [2, 17], [4, 2, 8], [0], [3, 0]]
/** Where implementations differ. */
const SPECIAL = [0, -0, 1, -1, 0.5, 2, 3, -2, 1e-3, 100, -100, 1e30, -1e30, 1e-30, Infinity, -Infinity, NaN, 88.5, -87]
/** Below the smallest normal float32: XLA takes it for 0. */
const SUBNORMAL = 1e-40

interface Operands extends Tolerance {
  readonly dtypes: readonly DType[]
  readonly low?: number
  readonly high?: number
  readonly special?: boolean
}
type Build = (b: GraphBuilder, ...args: Value[]) => Value

const elements = (shape: readonly number[]): number => shape.reduce((x, y) => x * y, 1)

function data(dtype: DType, count: number, seed: number, low: number, high: number): number[] {
  const values = uniform(count, seed, low, high)
  if (dtype === 'bool') return values.map((x) => Number(x > (low + high) / 2))
  return dtype === 'f32' ? values : values.map((x) => (dtype === 'u32' ? Math.abs(Math.trunc(x)) : Math.trunc(x)))
}

function elementwise(op: OpName, build: Build, { dtypes, low = -4, high = 4, special = true, rtol = 1e-6, atol = 0 }: Operands, values: readonly number[]): Example[] {
  const examples = SHAPES.map((shape): Example => {
    const b = new GraphBuilder(`${op} [${shape.join()}]`)
    const inputs = dtypes.map((dtype, i) => b.input(String(i), dtype, shape))
    b.fetch('y', build(b, ...inputs))
    return { graph: b.build(), feeds: Object.fromEntries(dtypes.map((dtype, i) => [String(i), data(dtype, elements(shape), i + 1, low, high)])), rtol, atol }
  })
  if (!special || dtypes.some((dtype) => dtype !== 'f32')) return examples
  const pairs = values.flatMap((x) => (dtypes.length === 1 ? [[x]] : values.map((y) => [x, y])))
  const b = new GraphBuilder(`${op} of special values`)
  b.fetch('y', build(b, ...dtypes.map((_, i) => b.input(String(i), 'f32', [pairs.length]))))
  return [...examples, { graph: b.build(), feeds: Object.fromEntries(dtypes.map((_, i) => [String(i), pairs.map((pair) => Math.fround(pair[i] as number))])), rtol: Math.max(rtol, 1e-5), atol: Math.max(atol, 1e-37) }]
}

const float1: Operands = { dtypes: ['f32'] }
const float2: Operands = { dtypes: ['f32', 'f32'] }
const integers: Operands = { dtypes: ['i32', 'i32'], low: -50, high: 50 }
const words: Operands = { dtypes: ['u32', 'u32'], high: 4e9 }
const numbers = [float2, integers, words]
const bools: Operands = { dtypes: ['bool', 'bool'] }

/** Op → its builder and the operand types it is tried with. */
const elementwiseOps: Readonly<Partial<Record<OpName, readonly [Build, readonly Operands[]]>>> = {
  neg: [(b, x) => b.neg(x), [float1, { dtypes: ['i32'] }]],
  exp: [(b, x) => b.exp(x), [{ ...float1, low: -20, high: 20 }]],
  log: [(b, x) => b.log(x), [{ ...float1, low: 0, high: 50, atol: 1e-7 }]],
  sqrt: [(b, x) => b.sqrt(x), [{ ...float1, low: 0 }]],
  rsqrt: [(b, x) => b.rsqrt(x), [{ ...float1, low: 0.01 }]],
  sin: [(b, x) => b.sin(x), [{ ...float1, low: -1000, high: 1000, special: false, atol: 2e-7 }]],
  cos: [(b, x) => b.cos(x), [{ ...float1, low: -1000, high: 1000, special: false, atol: 2e-7 }]],
  tanh: [(b, x) => b.tanh(x), [float1]],
  sigmoid: [(b, x) => b.sigmoid(x), [{ ...float1, low: -30, high: 30 }]],
  abs: [(b, x) => b.abs(x), [float1, { dtypes: ['i32'] }]],
  sign: [(b, x) => b.sign(x), [float1, { dtypes: ['i32'] }]],
  floor: [(b, x) => b.floor(x), [float1]],
  not: [(b, x) => b.not(x), [{ dtypes: ['bool'] }]],
  is_nan: [(b, x) => b.isNan(x), [float1]],
  stop_gradient: [(b, x) => b.stopGradient(x), [float1]],
  add: [(b, x, y) => b.add(x, y), numbers],
  sub: [(b, x, y) => b.sub(x, y), numbers],
  mul: [(b, x, y) => b.mul(x, y), numbers],
  div: [(b, x, y) => b.div(x, y), [float2]],
  max: [(b, x, y) => b.max(x, y), numbers],
  min: [(b, x, y) => b.min(x, y), numbers],
  pow: [(b, x, y) => b.pow(x, y), [{ ...float2, low: 0.1 }]],
  // What an integer is mod 0 is undefined.
  mod: [(b, x, y) => b.mod(x, y.dtype === 'f32' ? y : b.where(b.eq(y, 0), 3, y)), [{ ...float2, special: false }, integers, words]],
  lt: [(b, x, y) => b.lt(x, y), numbers],
  le: [(b, x, y) => b.le(x, y), numbers],
  eq: [(b, x, y) => b.eq(x, y), [...numbers, bools, { dtypes: ['i32', 'i32'], low: 0, high: 3 }]],
  and: [(b, x, y) => b.and(x, y), [bools]],
  or: [(b, x, y) => b.or(x, y), [bools]],
  bit_and: [(b, x, y) => b.bitAnd(x, y), [words]],
  bit_or: [(b, x, y) => b.bitOr(x, y), [words]],
  bit_xor: [(b, x, y) => b.bitXor(x, y), [words]],
  shift_left: [(b, x, y) => b.shiftLeft(x, y), [words, { dtypes: ['u32', 'u32'], high: 40 }]],
  shift_right: [(b, x, y) => b.shiftRight(x, y), [words, { dtypes: ['u32', 'u32'], high: 40 }]],
  where: [(b, c, x, y) => b.where(c, x, y), [{ dtypes: ['bool', 'f32', 'f32'] }, { dtypes: ['bool', 'i32', 'i32'] }, { dtypes: ['bool', 'bool', 'bool'] }]],
  random_bits: [(b, k0, k1, c0, c1) => b.randomBits(k0 as Value, k1 as Value, c0 as Value, c1 as Value), [{ dtypes: ['u32', 'u32', 'u32', 'u32'], high: 4e9 }]],
}

type Case = readonly [string, readonly (readonly [DType, readonly number[]])[], Build]
const f = (...shape: number[]): readonly [DType, readonly number[]] => ['f32', shape]
const i = (...shape: number[]): readonly [DType, readonly number[]] => ['i32', shape]
const u = (...shape: number[]): readonly [DType, readonly number[]] => ['u32', shape]
const bool = (...shape: number[]): readonly [DType, readonly number[]] => ['bool', shape]

const reductions = (name: string, build: (b: GraphBuilder, x: Value, axes?: number | readonly number[]) => Value, dtypes: readonly DType[]): Case[] =>
  dtypes.flatMap((dtype) =>
    ([[[7], 0], [[3, 5], 0], [[3, 5], 1], [[3, 5], [0, 1]], [[2, 3, 9], 1], [[4, 6, 8], [0, 2]], [[4, 6, 8], [1]], [[6, 1, 5], [1]], [[3, 4, 5, 2], [0, 2]], [[130, 3], 0], [[2, 1001], 1], [[0, 3], 0], [[3, 0], 1], [[0], 0]] as const).map(
      ([shape, axes]): Case => [`${name} ${dtype} [${shape.join()}] over ${String(axes)}`, [[dtype, shape]], (b, x) => build(b, x as Value, axes)],
    ),
  )

const matmuls: Case[] = [[1, 1, 1], [3, 5, 7], [4, 8, 16], [13, 9, 31], [5, 33, 3], [130, 70, 300], [2, 1, 9], [3, 4, 0], [97, 8, 257], [5, 530, 6], [100, 24, 20]].flatMap(([m, n, k]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): Case => {
      const [a, c] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]] as [number[], number[]]
      return [`matmul ${m} ${n} ${k} ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`, [f(...a), f(...c)], (b, x, y) => b.matmul(x as Value, y as Value, { transposeA, transposeB })]
    }),
  ),
)

/** Everything that is not element-wise. */
const cases: Readonly<Partial<Record<OpName, readonly Case[]>>> = {
  const: [['const', [f(5)], (b, x) => b.add(x, 2.5)], ['const alone', [], (b) => b.constant(3)], ['const infinity', [f(3)], (b, x) => b.max(x, -Infinity)], ['const bool', [f(3)], (b, x) => b.where(b.full(true, [3]), x, 0)], ['const word', [u(3)], (b, x) => b.add(x, 4294967295)]],
  iota: [['iota', [], (b) => b.iota([3, 5], 1)], ['iota outer', [], (b) => b.iota([3, 5], 0)], ['iota f32', [], (b) => b.iota([7], 0, 'f32')], ['iota reversed', [], (b) => b.reverse(b.iota([2, 7], 1), 1)], ['iota sliced', [], (b) => b.slice(b.iota([9], 0), [3], [5])]],
  cast: (['f32', 'i32', 'u32', 'bool'] as const).flatMap((from) => (['f32', 'i32', 'u32', 'bool'] as const).filter((to) => from !== to && !(from === 'f32' && to === 'u32')).map((to): Case => [`cast ${from} to ${to}`, [[from, [2, 7]]], (b, x) => b.cast(x as Value, to)])),
  reduce_sum: reductions('sum', (b, x, axes) => b.reduceSum(x, axes), ['f32', 'i32']),
  reduce_max: reductions('max', (b, x, axes) => b.reduceMax(x, axes), ['f32', 'i32', 'u32']),
  reduce_min: reductions('min', (b, x, axes) => b.reduceMin(x, axes), ['f32', 'i32', 'u32']),
  cumsum: [false, true].flatMap((reverse) => [0, 1, 2].flatMap((axis) => [f(3, 4, 5), i(3, 4, 5)].map((type): Case => [`cumsum ${type[0]} ${axis} ${reverse}`, [type], (b, x) => b.cumsum(x as Value, axis, reverse)]))),
  linear_scan: [false, true].flatMap((reverse) => [0, 1, 2].map((axis): Case => [`linear_scan ${axis} ${reverse}`, [f(3, 4, 5), f(3, 4, 5)], (b, d, x) => b.linearScan(d as Value, x as Value, axis, reverse)])),
  reshape: [
    ['reshape', [f(4, 6)], (b, x) => b.neg(b.reshape(b.neg(x as Value), [2, 12]))],
    ['reshape of a slice', [f(4, 6)], (b, x) => b.neg(b.reshape(b.slice(x as Value, [0, 1], [4, 3]), [12]))],
    ['reshape of a transpose', [f(4, 6)], (b, x) => b.neg(b.reshape(b.transpose(x as Value, [1, 0]), [3, 8]))],
    ['reshape of a transpose, odd', [f(5, 7)], (b, x) => b.reshape(b.transpose(x as Value, [1, 0]), [35])],
    ['reshape through incompatible sizes', [f(4, 6)], (b, x) => b.neg(b.reshape(b.slice(b.exp(b.reshape(x as Value, [3, 8])), [0, 1], [3, 7]), [7, 3]))],
    ['reshape of a reverse', [f(4, 6)], (b, x) => b.reshape(b.reverse(x as Value, [0]), [24])],
    ['reshape of both reversed', [f(4, 6)], (b, x) => b.exp(b.reshape(b.reverse(b.exp(x as Value), [0, 1]), [2, 2, 6]))],
    ['reshape to a scalar', [f(1, 1)], (b, x) => b.reshape(b.exp(x as Value), [])],
  ],
  broadcast: [['broadcast inner', [f(3)], (b, x) => b.broadcastAlong(x as Value, [3, 5], [0])], ['broadcast outer', [f(5)], (b, x) => b.broadcastAlong(x as Value, [3, 5], [1])], ['broadcast scalar', [f()], (b, x) => b.broadcastAlong(x as Value, [2, 2, 3], [])], ['broadcast of an expression', [f(3)], (b, x) => b.reduceSum(b.broadcastAlong(b.exp(x as Value), [4, 3, 5], [1]), 0)]],
  transpose: [['transpose', [f(3, 5)], (b, x) => b.transpose(x as Value, [1, 0])], ['transpose 4', [f(2, 3, 4, 5)], (b, x) => b.exp(b.transpose(x as Value, [2, 0, 3, 1]))], ['transpose twice', [f(2, 3, 4)], (b, x) => b.transpose(b.exp(b.transpose(x as Value, [2, 0, 1])), [1, 2, 0])], ['transpose bool', [bool(3, 5)], (b, x) => b.transpose(x as Value, [1, 0])]],
  slice: [['slice', [f(5, 7)], (b, x) => b.slice(x as Value, [1, 2], [3, 4])], ['slice strided', [f(5, 7)], (b, x) => b.exp(b.transpose(b.slice(x as Value, [1, 2], [3, 5]), [1, 0]))], ['slice to nothing', [f(5)], (b, x) => b.slice(x as Value, [2], [0])]],
  pad: [['pad', [f(3, 4)], (b, x) => b.pad(x as Value, [1, 2], [2, 1])], ['pad of an expression', [f(5)], (b, x) => b.neg(b.pad(b.exp(x as Value), [0], [3]))], ['pad bool', [bool(3)], (b, x) => b.pad(x as Value, [1], [1])]],
  concat: [['concat 0', [f(2, 3), f(4, 3)], (b, x, y) => b.concat([x as Value, y as Value], 0)], ['concat 1', [f(2, 3), f(2, 5), f(2, 1)], (b, x, y, z) => b.neg(b.concat([x as Value, b.exp(y as Value), z as Value], 1))], ['concat the same twice', [f(2, 3)], (b, x) => b.concat([x as Value, x as Value], 1)]],
  reverse: [['reverse', [f(5)], (b, x) => b.reverse(x as Value, 0)], ['reverse inner', [f(3, 6)], (b, x) => b.exp(b.reverse(x as Value, 1))], ['reverse both', [f(3, 6)], (b, x) => b.reverse(x as Value, [0, 1])], ['many shifted sums', [f(40)], (b, x) => Array.from({ length: 35 }).reduce<Value>((y) => { const n = y.shape[0] as number; return b.mul(b.add(b.slice(b.tanh(y), [0], [n - 1]), b.slice(y, [1], [n - 1])), 0.5) }, x as Value)], ['shifted sum', [f(3, 6)], (b, x) => b.add(b.slice(b.exp(x as Value), [0, 0], [3, 5]), b.slice(b.exp(x as Value), [0, 1], [3, 5]))]],
  gather: [['gather rows', [f(5, 7)], (b, x) => b.gather(x as Value, b.mod(b.iota([2, 6], 1), 5))], ['gather elements', [f(5)], (b, x) => b.gather(x as Value, b.mod(b.iota([9], 0), 5))], ['gather bools', [bool(5)], (b, x) => b.gather(x as Value, b.mod(b.iota([9], 0), 5))]],
  scatter_add: [['scatter rows', [f(9, 7)], (b, x) => b.scatterAdd(b.mod(b.iota([9], 0), 4), x as Value, [4, 7])], ['scatter elements', [f(2, 9)], (b, x) => b.scatterAdd(b.mod(b.iota([2, 9], 1), 4), x as Value, [5])], ['scatter integers', [i(9, 2)], (b, x) => b.scatterAdd(b.mod(b.iota([9], 0), 4), x as Value, [4, 2])]],
  pick: [['pick', [f(2, 3, 5)], (b, x) => b.pick(x as Value, b.mod(b.iota([2, 3], 1), 5))], ['pick bool', [bool(3, 5)], (b, x) => b.pick(x as Value, b.iota([3], 0))]],
  sort: [f(7), f(3, 16), i(3, 5), u(3, 5), f(2, 1)].map((type): Case => [`sort ${type[0]} ${type[1].join()}`, [type], (b, x) => b.sort(x as Value)]),
  argsort: [f(7), f(3, 16), i(3, 33), u(3, 5)].map((type): Case => [`argsort ${type[0]} ${type[1].join()}`, [type], (b, x) => b.argsort(x as Value)]),
  matmul: [
    ...matmuls,
    ['matmul batched', [f(3, 2, 5, 7), f(3, 2, 7, 6)], (b, x, y) => b.matmul(x as Value, y as Value)],
    ['matmul batched, one B', [f(3, 5, 7), f(7, 6)], (b, x, y) => b.matmul(x as Value, y as Value)],
    ['matmul batched, transposed A, one B', [f(3, 7, 5), f(7, 6)], (b, x, y) => b.matmul(x as Value, y as Value, { transposeA: true })],
    ['matmul of views', [f(4, 3, 6), f(4, 3, 6)], (b, x, y) => b.matmul(b.transpose(x as Value, [1, 0, 2]), b.transpose(y as Value, [1, 2, 0]))],
    ['matmul of slices', [f(9, 12)], (b, x) => b.matmul(b.slice(x as Value, [1, 2], [4, 5]), b.slice(x as Value, [2, 6], [5, 3]))],
    ['matmul of unmergeable batches', [f(2, 3, 4, 5), f(2, 3, 5, 4)], (b, x, y) => b.matmul(b.transpose(x as Value, [1, 0, 2, 3]), b.transpose(y as Value, [1, 0, 2, 3]))],
    ['matmul of expressions', [f(5, 7), f(7, 6)], (b, x, y) => b.exp(b.matmul(b.neg(x as Value), b.mul(y as Value, 0.5)))],
  ],
}

/** The ops that have examples. */
export const exemplified: readonly OpName[] = [...Object.keys(elementwiseOps), ...Object.keys(cases)] as OpName[]

export function examplesOf(op: OpName, { subnormal }: { readonly subnormal: boolean }): Example[] {
  const values = subnormal ? [...SPECIAL, SUBNORMAL] : SPECIAL
  const [build, operands] = elementwiseOps[op] ?? [undefined, []]
  const [low, high, atol] = op === 'matmul' ? [-2, 2, 4e-5] : [-9, 9, 2e-5]
  return [
    ...operands.flatMap((types) => elementwise(op, build as Build, types, values)),
    ...(cases[op] ?? []).map(([title, types, make]): Example => {
      const b = new GraphBuilder(title)
      b.fetch('y', make(b, ...types.map(([dtype, shape], n) => b.input(String(n), dtype, shape))))
      return { graph: b.build(), feeds: Object.fromEntries(types.map(([dtype, shape], n) => [String(n), data(dtype, elements(shape), n + 3, low, high)])), rtol: 1e-5, atol }
    }),
  ]
}
