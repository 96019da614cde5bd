// Random differentiable graphs over the levels of an objective, from a list of choices.
// Kinks (max, clamp, comparisons) take only values that float64 holds exactly, so that a tie is a tie for every executor.

import { GraphBuilder, type Value } from '../../../compiler/graph/builder.js'
import type { Dim } from '../../../spec/graph/graph.js'
import type { TensorData } from '../../executors/executor.js'

export const SIZES = { G: 2, N: 3, T: 4 }
const SHAPES: readonly (readonly Dim[])[] = [['G', 'N', 'T'], ['G', 'N'], ['G'], ['N', 'T'], []]

export interface RandomGraph {
  readonly b: GraphBuilder
  readonly loss: Value
  readonly inputs: readonly Value[]
  readonly feeds: Readonly<Record<string, TensorData>>
}

/** Each choice adds one value made of earlier ones; all of the latest enter the loss. */
export function randomGraph(choices: readonly number[]): RandomGraph {
  const b = new GraphBuilder('random')
  const inputs = SHAPES.map((shape, i) => b.input(`x${i}`, 'f32', shape))
  const feeds = Object.fromEntries(inputs.map(({ shape }, i) => [`x${i}`, grid(shape, i)]))
  /** Multiples of a power of two, small: sums and products of them do not round. */
  const exact = new Set(inputs)
  const values = [...inputs]

  choices.forEach((choice, position) => {
    const pick = (salt: number, from: readonly Value[] = values): Value => from[(choice * 31 + salt * 17 + position * 7) % from.length] as Value
    const [x, y] = [pick(1), pick(2)]
    const [k, m] = [pick(3, [...exact]), pick(4, [...exact])]
    const keep = (value: Value, sources: readonly Value[]): Value => {
      if (sources.every((source) => exact.has(source))) exact.add(value)
      return value
    }
    const [left, right] = alignedTo(b, x, y)
    const [tied, other] = alignedTo(b, k, m)
    const kinks = tied.shape.length > 0
    const makers: readonly (() => Value)[] = [
      () => keep(b.add(left, right), [x, y]),
      () => keep(b.sub(left, right), [x, y]),
      () => b.mul(left, b.tanh(right)),
      () => b.div(left, b.add(b.square(right), 1)),
      () => keep(b.neg(x), [x]),
      () => b.exp(b.tanh(x)),
      () => b.log(b.add(b.square(x), 1)),
      () => b.sqrt(b.add(b.abs(b.sin(x)), 1)),
      () => b.sigmoid(x),
      () => b.stopGradient(x),
      () => keep(b.max(tied, other), [k, m]),
      () => keep(b.min(tied, 0.5), [k]),
      () => keep(b.clamp(k, -0.5, 1), [k]),
      () => keep(b.abs(k), [k]),
      () => b.where(b.lt(tied, other), b.cos(tied), tied),
      () => b.where(b.not(b.eq(tied, other)), tied, b.mul(other, 3)),
      () => (kinks ? b.reduceMax(tied, choice % tied.shape.length) : tied),
      () => (x.shape.length > 0 ? b.reduceSum(x, choice % x.shape.length) : x),
      () => (x.shape.length > 1 ? b.reduceSum(x, [0, x.shape.length - 1]) : x),
      () => (x.shape.length > 0 ? b.sub(x, b.spread(b.mean(x, -1), x.shape, -1)) : x),
      () => (x.shape.length > 0 ? b.cumsum(x, choice % x.shape.length, choice % 2 === 0) : x),
      () => (left.shape.length > 0 ? b.linearScan(b.tanh(left), right, -1, choice % 2 === 0) : left),
      () => (kinks ? b.sort(tied) : tied),
    ]
    const value = (makers[choice % makers.length] as () => Value)()
    if (choice % 5 === 0) b.label(value, `label ${choice % 3}`)
    values.push(value)
  })
  const loss = values.slice(-6).map((value, i) => b.mul(b.reduceSum(b.sin(value)), 1 + i / 8)).reduce((sum, each) => b.add(sum, each))
  return { b, loss, inputs, feeds }
}

/** Both in the shape of the one with more axes, where its levels hold the other's; otherwise the first twice. */
function alignedTo(b: GraphBuilder, x: Value, y: Value): [Value, Value] {
  const [wide, narrow] = x.shape.length >= y.shape.length ? [x, y] : [y, x]
  const axes = narrow.shape.map((dim) => wide.shape.indexOf(dim))
  if (axes.includes(-1)) return [x, x]
  const spread = b.broadcastAlong(narrow, wide.shape, axes)
  return x === wide ? [wide, spread] : [spread, wide]
}

/** Halves between −1.5 and 1.5, many of them equal. */
function grid(shape: readonly Dim[], seed: number): Float64Array {
  const length = shape.reduce<number>((product, dim) => product * SIZES[dim as keyof typeof SIZES], 1)
  return Float64Array.from({ length }, (_, i) => (((i * 5 + seed * 3 + ((i * i) % 7)) % 7) - 3) / 2)
}
