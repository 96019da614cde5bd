// The vector-Jacobian product of each primitive op: from the gradient of its output to those of its inputs.
// Ties and edges follow PyTorch. Does not walk graphs: `gradient.ts` does.

import { addDims, subtractDims } from '../../spec/graph/dims.js'
import type { Dim, OpName } from '../../spec/graph/graph.js'
import type { GraphBuilder, Value } from './builder.js'
import type { Attributes } from './nodes.js'

/** `g`: gradient of the output `y`. One gradient for each input; undefined where none flows. */
export type Vjp = (b: GraphBuilder, g: Value, y: Value, inputs: readonly Value[], attributes: Attributes) => (Value | undefined)[]

type Args = readonly [Value, Value]
const shapeOf = (x: Value): readonly Dim[] => x.shape
const axesOf = (attributes: Attributes, name = 'axes'): readonly number[] => attributes[name] as readonly number[]

const unary = (rule: (b: GraphBuilder, g: Value, x: Value, y: Value) => Value): Vjp => (b, g, y, inputs) => [rule(b, g, inputs[0] as Value, y)]
const binary = (rule: (b: GraphBuilder, g: Value, a: Value, c: Value, y: Value) => [Value, Value]): Vjp => (b, g, y, inputs) => rule(b, g, ...(inputs as Args), y)

/** torch.maximum: the larger operand takes the gradient, equal operands take half each. */
const extremum = (loses: (b: GraphBuilder, a: Value, c: Value) => Value): Vjp =>
  binary((b, g, a, c) => {
    const shared = b.where(b.eq(a, c), b.mul(g, 0.5), g)
    return [b.where(loses(b, a, c), 0, shared), b.where(loses(b, c, a), 0, shared)]
  })

/** torch.amax: equal extrema share the gradient evenly. */
const reduceExtremum: Vjp = (b, g, y, [x], attributes) => {
  const [input, axes] = [x as Value, axesOf(attributes)]
  const isTop = b.eq(input, b.spread(y, shapeOf(input), axes))
  const share = b.div(g, b.reduceSum(b.cast(isTop, 'f32'), axes))
  return [b.where(isTop, b.spread(share, shapeOf(input), axes), 0)]
}

/** 'none': the result is not a real number, or constant almost everywhere. 'composite': `gradient.ts` knows. */
export const vjps: Readonly<Record<OpName, Vjp | 'none' | 'composite'>> = {
  input: 'none', const: 'none', iota: 'none',

  neg: unary((b, g) => b.neg(g)),
  exp: unary((b, g, _, y) => b.mul(g, y)),
  log: unary((b, g, x) => b.div(g, x)),
  sqrt: unary((b, g, _, y) => b.div(b.mul(g, 0.5), y)),
  rsqrt: unary((b, g, _, y) => b.mul(b.mul(g, -0.5), b.mul(y, b.mul(y, y)))),
  sin: unary((b, g, x) => b.mul(g, b.cos(x))),
  cos: unary((b, g, x) => b.neg(b.mul(g, b.sin(x)))),
  tanh: unary((b, g, _, y) => b.mul(g, b.sub(1, b.mul(y, y)))),
  sigmoid: unary((b, g, _, y) => b.mul(g, b.mul(y, b.sub(1, y)))),
  abs: unary((b, g, x) => b.mul(g, b.sign(x))),
  sign: 'none', floor: 'none', not: 'none', is_nan: 'none', cast: 'none', stop_gradient: 'none',

  add: binary((_, g) => [g, g]),
  sub: binary((b, g) => [g, b.neg(g)]),
  mul: binary((b, g, x, y) => [b.mul(g, y), b.mul(g, x)]),
  div: binary((b, g, _, divisor, y) => [b.div(g, divisor), b.neg(b.div(b.mul(g, y), divisor))]),
  max: extremum((b, a, c) => b.lt(a, c)),
  min: extremum((b, a, c) => b.lt(c, a)),
  pow: binary((b, g, base, exponent, y) => [
    b.where(b.eq(exponent, 0), 0, b.mul(g, b.mul(exponent, b.pow(base, b.sub(exponent, 1))))),
    b.where(b.and(b.eq(base, 0), b.le(0, exponent)), 0, b.mul(g, b.mul(y, b.log(base)))),
  ]),
  mod: binary((b, g, x, divisor) => [g, b.neg(b.mul(g, b.floor(b.div(x, divisor))))]),
  lt: 'none', le: 'none', eq: 'none', and: 'none', or: 'none',
  bit_and: 'none', bit_or: 'none', bit_xor: 'none', shift_left: 'none', shift_right: 'none',

  where: (b, g, _, [condition]) => [undefined, b.where(condition as Value, g, 0), b.where(condition as Value, 0, g)],

  reduce_sum: (b, g, _, [x], attributes) => [b.spread(g, shapeOf(x as Value), axesOf(attributes))],
  reduce_max: reduceExtremum,
  reduce_min: reduceExtremum,
  cumsum: (b, g, _, __, attributes) => [b.cumsum(g, attributes.axis as number, !(attributes.reverse as boolean))],
  linear_scan: (b, g, y, [decay], attributes) => {
    // y_t = x_t + d_t·y_(t−1)  ⇒  dx_t = g_t + d_(t+1)·dx_(t+1) and dd_t = dx_t·y_(t−1): the same scan, backwards.
    const [axis, reverse] = [attributes.axis as number, attributes.reverse as boolean]
    const next = shift(b, decay as Value, axis, reverse ? 1 : -1)
    const dx = b.linearScan(next, g, axis, !reverse)
    return [b.mul(dx, shift(b, y, axis, reverse ? -1 : 1)), dx]
  },

  reshape: (b, g, _, [x]) => [b.reshape(g, shapeOf(x as Value))],
  broadcast: (b, g, y, _, attributes) => [b.reduceSum(g, y.shape.map((_dim, axis) => axis).filter((axis) => !axesOf(attributes).includes(axis)))],
  transpose: (b, g, _, __, attributes) => {
    const permutation = axesOf(attributes, 'permutation')
    return [b.transpose(g, permutation.map((_axis, i) => permutation.indexOf(i)))]
  },
  slice: (b, g, y, [x], attributes) => {
    const start = attributes.start as readonly Dim[]
    return [b.pad(g, start, shapeOf(x as Value).map((dim, axis) => subtractDims(subtractDims(dim, start[axis] as Dim), y.shape[axis] as Dim)))]
  },
  pad: (b, g, _, [x], attributes) => [b.slice(g, attributes.before as readonly Dim[], shapeOf(x as Value))],
  concat: (b, g, _, parts, attributes) => {
    const axis = attributes.axis as number
    let start: Dim = 0
    return parts.map((part) => {
      const size = part.shape[axis] as Dim
      const piece = b.narrow(g, axis, start, size)
      start = addDims(start, size)
      return piece
    })
  },
  reverse: (b, g, _, __, attributes) => [b.reverse(g, axesOf(attributes))],

  gather: (b, g, _, [table, index]) => [b.scatterAdd(index as Value, g, shapeOf(table as Value)), undefined],
  scatter_add: (b, g, _, [index]) => [undefined, b.gather(g, index as Value)],
  pick: (b, g, _, [x, index]) => {
    const shape = shapeOf(x as Value)
    return [b.where(b.oneHot(index as Value, shape.at(-1) as Dim, 'bool'), b.spread(g, shape, -1), 0), undefined]
  },

  // Element i of the input went to position rank[i]; equal elements keep their order, so the permutation is unique.
  sort: (b, g, _, [x]) => [b.takeLast(g, b.argsort(b.argsort(x as Value)))],
  argsort: 'none',

  matmul: (b, g, _, inputs, attributes) => matmulVjp(b, g, ...(inputs as Args), attributes.transposeA as boolean, attributes.transposeB as boolean),
  random_bits: 'none',
  composite: 'composite',
  part: 'composite',
}

/** Moves elements along an axis by one position (to later ones for 1), zeros come in. */
function shift(b: GraphBuilder, x: Value, axis: number, by: 1 | -1): Value {
  const kept = subtractDims(x.shape[axis] as Dim, 1)
  return by === 1 ? b.padAxis(b.narrow(x, axis, 0, kept), axis, 1, 0) : b.padAxis(b.narrow(x, axis, 1, kept), axis, 0, 1)
}

/** y = A·B with A, B as transposed: dA = g·Bᵀ, dB = Aᵀ·g; a B without batch axes sums over them. */
function matmulVjp(b: GraphBuilder, g: Value, left: Value, right: Value, transposeA: boolean, transposeB: boolean): [Value, Value] {
  const dA = b.matmul(g, right, { transposeB: !transposeB })
  const dLeft = transposeA ? b.swapAxes(dA, -1, -2) : dA
  const shared = right.rank < left.rank
  const a = shared ? rows(b, transposeA ? b.swapAxes(left, -1, -2) : left) : left
  const up = shared ? rows(b, g) : g
  const flipped = shared ? false : transposeA
  const dRight = transposeB ? b.matmul(up, a, { transposeA: true, transposeB: flipped }) : b.matmul(a, up, { transposeA: !flipped })
  return [dLeft, dRight]
}

/** [batch…, m, k] → [batch·m, k] */
const rows = (b: GraphBuilder, x: Value): Value => b.mergeAxes(x, 0, -2)
