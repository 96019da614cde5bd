// What the compiler writes graphs with: primitives, plus what is derived from them, plus composites.
// Does not hold model or algorithm code; those call it.

import { divideDims, multiplyDims, sizeOf } from '../../spec/graph/dims.js'
import type { Dim, Graph, Shape } from '../../spec/graph/graph.js'
import { Value, type Attributes, type CompositeGradient, type Expand } from './nodes.js'
import { normalAxes, normalAxis, Primitives, type Axes, type Operand } from './primitives.js'

export { Value } from './nodes.js'
export type { Axes, Operand } from './primitives.js'

export class GraphBuilder extends Primitives {
  private readonly expansions = new Map<string, Graph>()

  /**
   * A named node whose meaning is `expand`: name, attributes and input types must determine the expansion, which is
   * made once for them. `gradient` differentiates it with other composites; without it the gradient goes through the expansion.
   */
  composite(name: string, attributes: Attributes, inputs: readonly Value[], expand: Expand, gradient?: CompositeGradient): Value[] {
    const key = JSON.stringify([name, attributes, inputs.map((input) => input.type)])
    const body = this.expansions.get(key) ?? expansion(name, inputs, expand)
    this.expansions.set(key, body)
    const outputs = this.compositeOf(inputs, { ...attributes, name }, body)
    this.remember(outputs[0] as Value, { expand, ...(gradient ? { gradient } : {}) })
    return outputs
  }

  // Fills and sizes

  full(value: number | boolean, shape: Shape, dtype?: Value['dtype']): Value {
    return this.broadcastTo(this.constant(value, dtype), shape)
  }
  zerosLike(x: Value): Value {
    return this.full(0, x.shape, x.dtype)
  }
  /** A size as an f32 scalar; a symbolic one is counted, which `simplify` folds once it is bound. */
  size(dim: Dim): Value {
    return typeof dim === 'number' ? this.constant(dim) : this.reduceSum(this.full(1, [dim]))
  }

  // Element-wise

  gt(a: Operand, b: Operand): Value { return this.lt(b, a) }
  ge(a: Operand, b: Operand): Value { return this.le(b, a) }
  ne(a: Operand, b: Operand): Value { return this.not(this.eq(a, b)) }
  square(x: Value): Value { return this.mul(x, x) }
  reciprocal(x: Value): Value { return this.div(1, x) }
  ceil(x: Value): Value { return this.neg(this.floor(this.neg(x))) }
  /** NaN stays NaN. The gradient passes at the bounds, as in torch.clamp. */
  clamp(x: Value, low: Operand, high: Operand): Value {
    return this.where(this.lt(x, low), low, this.where(this.lt(high, x), high, x))
  }
  /** The gradient at 0 is 0, as in torch. */
  relu(x: Value): Value { return this.where(this.le(x, 0), 0, x) }
  silu(x: Value): Value { return this.mul(x, this.sigmoid(x)) }
  /** The tanh approximation. */
  gelu(x: Value): Value {
    const inner = this.mul(this.add(x, this.mul(0.044715, this.mul(x, this.mul(x, x)))), Math.sqrt(2 / Math.PI))
    return this.mul(this.mul(0.5, x), this.add(1, this.tanh(inner)))
  }
  /** log(1 + exp(x)), without overflow. */
  softplus(x: Value): Value { return this.add(this.max(x, 0), this.log(this.add(1, this.exp(this.neg(this.abs(x)))))) }
  logSigmoid(x: Value): Value { return this.neg(this.softplus(this.neg(x))) }
  /** log(exp(a) + exp(b)); both −∞ give −∞. */
  logaddexp(a: Operand, b: Operand): Value {
    // An infinity minus itself is NaN, and its gradient would be too.
    const distance = this.abs(this.where(this.eq(a, b), 0, this.sub(a, b)))
    return this.add(this.max(a, b), this.log(this.add(1, this.exp(this.neg(distance)))))
  }
  /** u32 bits → uniform f32 in [0, 1): the upper 24 bits, which f32 holds exactly. */
  uniform(bits: Value): Value { return this.mul(this.cast(this.shiftRight(bits, 8), 'f32'), 2 ** -24) }

  // Reductions

  mean(x: Value, axes?: Axes): Value {
    const reduced = axes === undefined ? x.shape : normalAxes(axes, x.rank).map((axis) => x.shape[axis] as Dim)
    return this.div(this.reduceSum(x, axes), this.size(sizeOf(reduced)))
  }
  /** A reduced value back along the axes that were reduced from `shape`. */
  spread(reduced: Value, shape: Shape, axes: Axes): Value {
    const gone = normalAxes(axes, shape.length)
    return this.broadcastAlong(reduced, shape, shape.map((_, axis) => axis).filter((axis) => !gone.includes(axis)))
  }
  logSumExp(x: Value, axis = -1): Value {
    const top = this.stopGradient(this.reduceMax(x, axis))
    return this.add(this.log(this.reduceSum(this.exp(this.sub(x, this.spread(top, x.shape, axis))), axis)), top)
  }
  softmax(x: Value, axis = -1): Value {
    const top = this.stopGradient(this.reduceMax(x, axis))
    const e = this.exp(this.sub(x, this.spread(top, x.shape, axis)))
    return this.div(e, this.spread(this.reduceSum(e, axis), x.shape, axis))
  }
  logSoftmax(x: Value, axis = -1): Value {
    const centred = this.sub(x, this.spread(this.stopGradient(this.reduceMax(x, axis)), x.shape, axis))
    return this.sub(centred, this.spread(this.log(this.reduceSum(this.exp(centred), axis)), x.shape, axis))
  }
  /** The first position of the largest element of the last axis. */
  argmax(x: Value): Value {
    const last = x.rank - 1
    const isTop = this.eq(x, this.spread(this.reduceMax(x, last), x.shape, last))
    return this.reduceMin(this.where(isTop, this.iota(x.shape, last), 2 ** 31 - 1), last)
  }
  any(x: Value, axes?: Axes): Value { return this.ne(this.reduceMax(this.cast(x, 'i32'), axes), 0) }
  all(x: Value, axes?: Axes): Value { return this.ne(this.reduceMin(this.cast(x, 'i32'), axes), 0) }

  // Movement and indexing

  expandDims(x: Value, axis: number): Value {
    return this.reshape(x, x.shape.toSpliced(normalAxis(axis, x.rank + 1), 0, 1))
  }
  squeeze(x: Value, axis: number): Value {
    return this.reshape(x, x.shape.toSpliced(normalAxis(axis, x.rank), 1))
  }
  swapAxes(x: Value, a: number, b: number): Value {
    const [i, j] = [normalAxis(a, x.rank), normalAxis(b, x.rank)]
    return this.transpose(x, x.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis)))
  }
  /** Part of one axis. */
  narrow(x: Value, axis: number, start: Dim, size: Dim): Value {
    const at = normalAxis(axis, x.rank)
    return this.slice(x, x.shape.map((_, i) => (i === at ? start : 0)), x.shape.with(at, size))
  }
  /** Zeros before and after one axis. */
  padAxis(x: Value, axis: number, before: Dim, after: Dim): Value {
    const at = normalAxis(axis, x.rank)
    return this.pad(x, x.shape.map((_, i) => (i === at ? before : 0)), x.shape.map((_, i) => (i === at ? after : 0)))
  }
  oneHot(index: Value, classes: Dim, dtype: 'f32' | 'bool' = 'f32'): Value {
    const shape = [...index.shape, classes]
    return this.cast(this.eq(this.spread(index, shape, -1), this.iota(shape, -1)), dtype)
  }
  /** x [i…, n] at positions index [i…, m] of its last axis → [i…, m]. */
  takeLast(x: Value, index: Value): Value {
    const n = x.shape.at(-1) as Dim
    const rows = x.shape.slice(0, -1)
    // The start of each row in the flattened table, without a symbolic product: flat position minus column.
    const table = this.iota([multiplyDims(sizeOf(rows), n)], 0)
    const starts = this.narrow(this.reshape(table, [...rows, n]), -1, 0, 1)
    return this.gather(this.reshape(x, [sizeOf(x.shape)]), this.add(index, starts))
  }
  /** Splits an axis in two: [a·b] → [a, b]. */
  splitAxis(x: Value, axis: number, first: Dim): Value {
    const at = normalAxis(axis, x.rank)
    const second = divideDims(x.shape[at] as Dim, first)
    if (second === undefined) throw new Error(`cannot split ${x.shape[at]} by ${first}`)
    return this.reshape(x, x.shape.toSpliced(at, 1, first, second))
  }
  /** Merges the axes from `first` to `last` in one: [a, b] → [a·b]. */
  mergeAxes(x: Value, first: number, last: number): Value {
    const [from, to] = [normalAxis(first, x.rank), normalAxis(last, x.rank)]
    return this.reshape(x, x.shape.toSpliced(from, to - from + 1, sizeOf(x.shape.slice(from, to + 1))))
  }
}

function expansion(name: string, inputs: readonly Value[], expand: Expand): Graph {
  const body = new GraphBuilder(name)
  const parameters = inputs.map((input, position) => body.input(String(position), input.dtype, input.shape))
  expand(body, ...parameters).forEach((value, position) => body.fetch(String(position), value))
  return body.build({ keepInputs: true })
}
