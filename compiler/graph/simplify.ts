// Constant folding, algebraic identities, merged movement ops, common subexpressions and dead code, in one walk.
// Keeps every value, NaN and infinities included (so x·0 stays), except the sign of a zero; never reorders a sum.

import { addDims, sizeOf } from '../../spec/graph/dims.js'
import type { Dim, Graph, GraphNode, OpName, TensorType } from '../../spec/graph/graph.js'
import { ops } from '../../spec/graph/ops.js'
import { GraphBuilder } from './builder.js'
import { fold } from './fold.js'
import type { Attributes, Value } from './nodes.js'
import { rebuild } from './rebuild.js'

export const simplify = (graph: Graph): Graph => rebuild(graph, (name) => new Simplifier(name))

/** Asks the rules before it makes a node; what they make goes through them again. */
class Simplifier extends GraphBuilder {
  override node(op: OpName, inputs: readonly Value[], attributes: Attributes, declared: TensorType, extra: Pick<GraphNode, 'body' | 'outputs'> = {}): Value {
    const args = COMMUTATIVE.has(op) ? ordered(inputs) : inputs
    return hoist(this, op, args, declared) ?? fold(this, op, args, declared) ?? rules[op]?.(this, args, attributes, declared) ?? super.node(op, args, attributes, declared, extra)
  }
}

type Rule = (b: GraphBuilder, inputs: readonly Value[], attributes: Attributes, declared: TensorType) => Value | undefined

const COMMUTATIVE: ReadonlySet<OpName> = new Set<OpName>(['add', 'mul', 'max', 'min', 'eq', 'and', 'or', 'bit_and', 'bit_or', 'bit_xor'])
const ELEMENTWISE: ReadonlySet<string> = new Set(['unary', 'binary', 'ternary', 'random'])

/** The value of a constant, broadcast or not. */
function splat(x: Value): number | undefined {
  const { op, attributes } = x.node
  if (op === 'const') return Number(attributes.value)
  return op === 'broadcast' ? splat(source(x)) : undefined
}

const source = (x: Value, position = 0): Value => x.builder.valueAt(x.node.inputs[position] as number)
const is = (x: Value, op: OpName): boolean => x.node.op === op
const list = <T>(attributes: Attributes, name: string): readonly T[] => attributes[name] as unknown as readonly T[]

/** One order for both spellings of a commutative op: constants last. */
const ordered = (inputs: readonly Value[]): readonly Value[] =>
  [...inputs].sort((x, y) => Number(splat(x) !== undefined) - Number(splat(y) !== undefined) || x.id - y.id)

/** Element-wise ops on values broadcast the same way are done before the broadcast. */
function hoist(b: GraphBuilder, op: OpName, inputs: readonly Value[], declared: TensorType): Value | undefined {
  if (!ELEMENTWISE.has(ops[op].group)) return undefined
  const model = inputs.find((x) => is(x, 'broadcast') && !is(source(x), 'const')) ?? inputs.find((x) => is(x, 'broadcast'))
  if (!model) return undefined
  const [inner, axes] = [source(model).shape, list<number>(model.node.attributes, 'axes')]
  const small: Value[] = []
  for (const x of inputs) {
    const value = splat(x)
    const alike = is(x, 'broadcast') && source(x).shape.join() === inner.join() && list<number>(x.node.attributes, 'axes').join() === axes.join()
    if (alike) small.push(source(x))
    else if (value !== undefined) small.push(b.full(value, inner, x.dtype))
    else return undefined
  }
  return b.broadcastAlong(b.node(op, small, {}, { dtype: declared.dtype, shape: inner }), model.shape, axes)
}

const not = (x: Value): Value | undefined => (is(x, 'not') ? source(x) : undefined)
const negated = (x: Value): Value | undefined => (is(x, 'neg') ? source(x) : undefined)

/** `x op neutral` is `x`. */
const neutralRight = (neutral: number, other?: Rule): Rule => (b, inputs, attributes, declared) => (splat(inputs[1] as Value) === neutral ? inputs[0] : other?.(b, inputs, attributes, declared))

/** Twice the same is nothing. */
const involution = (op: OpName): Rule => (_, [x]) => (is(x as Value, op) ? source(x as Value) : undefined)

/** A constant moved around stays that constant. */
const ofSplat = (x: Value, b: GraphBuilder, shape: readonly Dim[]): Value | undefined => {
  const value = splat(x)
  return value === undefined ? undefined : b.full(value, shape, x.dtype)
}

const reduction = (ofMany: (value: number, count: number) => number): Rule => (b, [x], attributes) => {
  const [input, axes] = [x as Value, list<number>(attributes, 'axes')]
  const reduced = sizeOf(axes.map((axis) => input.shape[axis] as Dim))
  const rest = input.shape.filter((_, axis) => !axes.includes(axis))
  if (reduced === 1) return b.reshape(input, rest)
  const value = splat(input)
  return value !== undefined && typeof reduced === 'number' && reduced > 0 ? b.full(ofMany(value, reduced), rest, input.dtype) : undefined
}

const rules: Partial<Record<OpName, Rule>> = {
  iota: (b, _, attributes, { dtype, shape }) => (shape[attributes.axis as number] === 1 ? b.full(0, shape, dtype) : undefined),
  neg: involution('neg'),
  not: involution('not'),
  cast: (_, [x], __, { dtype }) => (x?.dtype === dtype ? x : undefined),
  stop_gradient: (_, [x]) => (is(x as Value, 'stop_gradient') ? x : undefined),

  add: neutralRight(0, (b, [x, y]) => {
    const [nx, ny] = [negated(x as Value), negated(y as Value)]
    return ny ? b.sub(x as Value, ny) : nx ? b.sub(y as Value, nx) : undefined
  }),
  sub: neutralRight(0, (b, [x, y]) => {
    const ny = negated(y as Value)
    return ny ? b.add(x as Value, ny) : undefined
  }),
  mul: neutralRight(1, (b, [x, y]) => {
    const [nx, ny] = [negated(x as Value), negated(y as Value)]
    return splat(y as Value) === -1 ? b.neg(x as Value) : nx && ny ? b.mul(nx, ny) : undefined
  }),
  div: neutralRight(1),
  pow: neutralRight(1, (b, [x, y]) => (splat(y as Value) === 2 ? b.mul(x as Value, x as Value) : undefined)),
  and: (_, [x, y]) => (x === y || splat(y as Value) === 1 ? x : splat(y as Value) === 0 ? y : undefined),
  or: (_, [x, y]) => (x === y || splat(y as Value) === 0 ? x : splat(y as Value) === 1 ? y : undefined),
  where: (b, [condition, x, y]) => {
    const [always, flipped] = [splat(condition as Value), not(condition as Value)]
    if (x === y || always === 1) return x
    return always === 0 ? y : flipped ? b.where(flipped, y as Value, x as Value) : undefined
  },

  reduce_sum: reduction((value, count) => value * count),
  reduce_max: reduction((value) => value),
  reduce_min: reduction((value) => value),

  reshape: (b, [x], _, { shape }) => {
    const input = x as Value
    if (input.shape.join() === shape.join()) return input
    return is(input, 'reshape') ? b.reshape(source(input), shape) : ofSplat(input, b, shape)
  },
  broadcast: (b, [x], attributes, { shape }) => {
    const [input, axes] = [x as Value, list<number>(attributes, 'axes')]
    if (input.rank === shape.length) return input
    return is(input, 'broadcast') ? b.broadcastAlong(source(input), shape, list<number>(input.node.attributes, 'axes').map((axis) => axes[axis] as number)) : undefined
  },
  transpose: (b, [x], attributes) => {
    const [input, permutation] = [x as Value, list<number>(attributes, 'permutation')]
    if (permutation.every((axis, i) => axis === i)) return input
    if (is(input, 'transpose')) return b.transpose(source(input), permutation.map((axis) => list<number>(input.node.attributes, 'permutation')[axis] as number))
    return ofSplat(input, b, permutation.map((axis) => input.shape[axis] as Dim))
  },
  slice: (b, [x], attributes) => {
    const [input, start, size] = [x as Value, list<Dim>(attributes, 'start'), list<Dim>(attributes, 'size')]
    if (input.shape.join() === size.join()) return input
    if (is(input, 'slice')) return b.slice(source(input), start.map((from, axis) => addDims(from, list<Dim>(input.node.attributes, 'start')[axis] as Dim)), size)
    return ofSplat(input, b, size)
  },
  pad: (b, [x], attributes) => {
    const [input, before, after] = [x as Value, list<Dim>(attributes, 'before'), list<Dim>(attributes, 'after')]
    if ([...before, ...after].every((width) => width === 0)) return input
    if (!is(input, 'pad')) return undefined
    const sum = (name: string, outer: readonly Dim[]): Dim[] => outer.map((width, axis) => addDims(width, list<Dim>(input.node.attributes, name)[axis] as Dim))
    return b.pad(source(input), sum('before', before), sum('after', after))
  },
  concat: (_, inputs) => (inputs.length === 1 ? inputs[0] : undefined),
  reverse: (b, [x], attributes) => {
    const [input, axes] = [x as Value, list<number>(attributes, 'axes')]
    if (axes.every((axis) => input.shape[axis] === 1)) return input
    return is(input, 'reverse') && list<number>(input.node.attributes, 'axes').join() === axes.join() ? source(input) : ofSplat(input, b, input.shape)
  },

  matmul: (b, [x, y], attributes) => {
    const [a, c] = [untransposed(x as Value), untransposed(y as Value)]
    if (!a && !c) return undefined
    return b.matmul(a ?? (x as Value), c ?? (y as Value), { transposeA: (attributes.transposeA === true) !== Boolean(a), transposeB: (attributes.transposeB === true) !== Boolean(c) })
  },
}

/** What a swap of the last two axes was applied to: matmul has flags for it. */
function untransposed(x: Value): Value | undefined {
  if (!is(x, 'transpose')) return undefined
  const permutation = list<number>(x.node.attributes, 'permutation')
  const last = permutation.length - 1
  return permutation.every((axis, i) => axis === (i === last ? last - 1 : i === last - 1 ? last : i)) ? source(x) : undefined
}
