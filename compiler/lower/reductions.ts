// Reductions over levels, `mean(x, over = group)` and its relatives: masked tokens never count, empty rollouts still do.
// Does not check levels: `evaluate.ts` passes operands that are further in than the level reduced to.

import { sizeOf } from '../../spec/graph/dims.js'
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
    const square = variance(x, r)
    const some = r.b.lt(0, square)
    return r.b.where(some, r.b.sqrt(r.b.where(some, square, 1)), 0)
  },
  /** 0 where nothing counts. */
  min_of: (x, r) => orZero(r.b.reduceMin(filled(x, r, Infinity), axes(r)), r),
  max_of: (x, r) => orZero(r.b.reduceMax(filled(x, r, -Infinity), axes(r)), r),
  any: (x, r) => r.b.any(r.mask ? r.b.and(x, r.mask) : x, axes(r)),
  all: (x, r) => r.b.all(r.mask ? r.b.or(x, r.b.not(r.mask)) : x, axes(r)),
}

const axes = ({ from, to }: Reduction): number[] => Array.from({ length: from - to }, (_, i) => to + i)

/** Elements that do not count become `value`, whatever they were, NaN too. */
const filled = (x: Value, { b, mask }: Reduction, value: number): Value => (mask ? b.where(mask, x, value) : x)

function sum(x: Value, r: Reduction): Value {
  return r.b.reduceSum(filled(x, r, 0), axes(r))
}

function count(r: Reduction): Value {
  const { b, levels, mask, from, to } = r
  if (mask) return b.reduceSum(b.cast(mask, 'f32'), axes(r))
  return b.broadcastTo(b.size(sizeOf(levels.shapeAt(from).slice(to))), levels.shapeAt(to))
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
