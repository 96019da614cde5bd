// Reductions over levels, `mean(x, over = group)` and its relatives: masked elements never count, empty rollouts still do.
// Does not check levels: `evaluate.ts` passes operands that are further in than the level reduced to.

import { sizeOf } from '../../spec/graph/dims.js'
import type { Dim } from '../../spec/graph/graph.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import type { Levels } from './levels.js'

export interface Reduction {
  readonly b: GraphBuilder
  readonly levels: Levels
  /** Which elements count (bool, of x's shape); absent where all do. */
  readonly mask: Value | undefined
  /** The level of x and of the result. */
  readonly from: number
  readonly to: number
  /** Only elements with one index of the innermost axis are taken together: the result keeps that axis, and the level of x. */
  readonly by: boolean
  /** Of `std` and `var`: the divisor is count − ddof, at least 1. */
  readonly ddof: number
}

/** One row for each name; x is f32, or bool for `any` and `all`, of the shape of level `from`. */
export const reductions: Readonly<Record<string, (x: Value, r: Reduction) => Value>> = {
  sum,
  /** How many elements count. */
  count: (_, r) => count(r),
  /** 0 where nothing counts. */
  mean,
  var: variance,
  /** The gradient is 0 where the deviation is, as in torch.std. */
  std: (x, r) => {
    const square = r.b.label(variance(x, r), 'variance')
    const some = r.b.lt(0, square)
    return r.b.where(some, r.b.sqrt(r.b.where(some, square, 1)), 0)
  },
  /** 0 where nothing counts. */
  min_of: (x, r) => orZero(r.b.reduceMin(filled(x, r, Infinity), axes(r)), r),
  max_of: (x, r) => orZero(r.b.reduceMax(filled(x, r, -Infinity), axes(r)), r),
  any: (x, r) => r.b.any(r.mask ? r.b.and(x, r.mask) : x, axes(r)),
  all: (x, r) => r.b.all(r.mask ? r.b.or(x, r.b.not(r.mask)) : x, axes(r)),
  /** The first and the last element that counts; 0 where none does. */
  first: (x, r) => end(x, r, (at) => r.b.reduceMin(r.mask ? r.b.where(r.mask, at, 2 ** 31 - 1) : at, axes(r))),
  last: (x, r) => end(x, r, (at) => r.b.reduceMax(r.mask ? r.b.where(r.mask, at, -1) : at, axes(r))),
}

/** One value for each element of the result's level; with `by` it is spread back over x. */
export function reduce(name: string, x: Value, r: Reduction): Value {
  const reduced = (reductions[name] as (typeof reductions)[string])(x, r)
  return r.by ? r.b.spread(reduced, r.levels.shapeAt(r.from), axes(r)) : reduced
}

function axes({ levels, from, to, by }: Reduction): number[] {
  const [outer, inner] = [levels.shapeAt(to).length, levels.shapeAt(from).length - (by ? 1 : 0)]
  return Array.from({ length: inner - outer }, (_, i) => outer + i)
}

/** Elements that do not count become `value`, whatever they were, NaN too. */
const filled = (x: Value, { b, mask }: Reduction, value: number): Value => (mask ? b.where(mask, x, value) : x)

function sum(x: Value, r: Reduction): Value {
  return r.b.reduceSum(filled(x, r, 0), axes(r))
}

function count(r: Reduction): Value {
  const { b, levels, mask, from } = r
  if (mask) return b.reduceSum(b.cast(mask, 'f32'), axes(r))
  const gone = axes(r)
  const shape = levels.shapeAt(from)
  return b.broadcastTo(b.size(sizeOf(gone.map((axis) => shape[axis] as Dim))), shape.filter((_, axis) => !gone.includes(axis)))
}

function mean(x: Value, r: Reduction): Value {
  return r.b.div(sum(x, r), r.b.max(count(r), 1))
}

function variance(x: Value, r: Reduction): Value {
  const { b } = r
  const centred = b.sub(x, b.spread(mean(x, r), x.shape, axes(r)))
  return b.div(sum(b.square(centred), r), b.max(b.sub(count(r), r.ddof), 1))
}

function orZero(x: Value, r: Reduction): Value {
  return r.mask ? r.b.where(r.b.lt(0, count(r)), x, 0) : x
}

/** The element whose place in row-major order `place` finds. */
function end(x: Value, r: Reduction, place: (at: Value) => Value): Value {
  const { b } = r
  const at = b.reshape(b.iota([sizeOf(x.shape)], 0), x.shape)
  return b.reduceSum(b.where(b.eq(at, b.spread(place(at), x.shape, axes(r))), x, 0), axes(r))
}
