// Functions along a level that keep it: `scan(x, decay = 0.9)`, `previous(x)`, `rank(x, over = group)`. Elements that do not count are skipped.
// Does not check levels: `evaluate.ts` does.

import { sizeOf } from '../../spec/graph/dims.js'
import type { Dim } from '../../spec/graph/graph.js'
import type { GraphBuilder, Value } from '../graph/builder.js'

export interface Along {
  readonly b: GraphBuilder
  /** Which elements count (bool, of x's shape). */
  readonly mask: Value
  /** Axes before this one separate what is ordered. */
  readonly outer: number
  /** A number option, of x's shape. */
  readonly option: (name: string) => Value
  readonly flag: (name: string) => boolean
}

export interface Ordering {
  /** Further parameters and their defaults: numbers of x's level, or constant truth values. */
  readonly options: Readonly<Record<string, number | boolean>>
  /** Whether `over` may name a level; without it, what lies in one element of the next level is ordered. */
  readonly over: boolean
  readonly build: (x: Value, along: Along) => Value
}

export const orderings: Readonly<Record<string, Ordering>> = {
  /** y_t = x_t + decay_t · y of the element before (behind it with `reverse`); elements that do not count hold the value they pass on. */
  scan: { options: { decay: 1, reverse: false }, over: false, build: (x, along) => held(x, along.option('decay'), along, along.flag('reverse')) },
  /** The value of the element before that counts. */
  previous: { options: { default: 0 }, over: false, build: (x, along) => beside(x, along, false) },
  /** The value of the next element that counts. */
  next: { options: { default: 0 }, over: false, build: (x, along) => beside(x, along, true) },
  /** Whether each element counts; `evaluate.ts` has it at hand. */
  counted: { options: {}, over: false, build: (_, { mask }) => mask },
  /** 0, 1, … for the elements that count. */
  index: { options: {}, over: false, build: (_, { b, mask }) => b.sub(b.cumsum(b.cast(mask, 'f32')), b.cast(mask, 'f32')) },
  /** How many elements that count are smaller, or equal and before it; NaN is largest, those that do not count come behind all. */
  rank: {
    options: {},
    over: true,
    build: (x, along) => along.b.reshape(along.b.cast(along.b.argsort(order(x, along)), 'f32'), x.shape),
  },
  /** The elements that count in ascending order, in the places of the elements that count. */
  sort: {
    options: {},
    over: true,
    build: (x, along) => {
      const { b } = along
      const counted = flat(along.mask, along)
      const place = b.sub(b.cumsum(b.cast(counted, 'i32')), b.cast(counted, 'i32'))
      const sorted = b.takeLast(flat(x, along), order(x, along))
      return b.reshape(b.where(counted, b.takeLast(sorted, place), 0), x.shape)
    },
  },
}

/** Positions in ascending order: those that count first. Two stable sorts, the second by the mask. */
function order(x: Value, along: Along): Value {
  const { b } = along
  const byValue = b.argsort(flat(x, along))
  const behind = b.sub(1, b.cast(flat(along.mask, along), 'f32'))
  return b.takeLast(byValue, b.argsort(b.takeLast(behind, byValue)))
}

function held(x: Value, decay: Value, { b, mask }: Along, reverse: boolean): Value {
  return b.linearScan(b.where(mask, decay, 1), b.where(mask, x, 0), -1, reverse)
}

function beside(x: Value, along: Along, reverse: boolean): Value {
  const { b } = along
  const fallback = along.option('default')
  // Relative to the default, so that the zero of the padding is the default.
  const kept = held(b.sub(x, fallback), b.zerosLike(x), along, reverse)
  const length = x.shape.at(-1) as Dim
  const shifted = reverse ? b.narrow(b.padAxis(kept, -1, 0, 1), -1, 1, length) : b.narrow(b.padAxis(kept, -1, 1, 0), -1, 0, length)
  return b.add(shifted, fallback)
}

/** The axes that are ordered, as one. */
const flat = (x: Value, { b, outer }: Along): Value => b.reshape(x, [...x.shape.slice(0, outer), sizeOf(x.shape.slice(outer))])

/**
 * A function of values whose k-th elements that count stand together (in row-major order of the outer axes), as if the others were not there.
 * @param along is given x and its mask with the elements that count first; its result is put back in their places.
 */
export function aligned(x: Value, mask: Value, b: GraphBuilder, along: (x: Value, mask: Value) => Value): Value {
  const flags = b.cast(mask, 'f32')
  const first = b.argsort(b.sub(1, flags))
  const place = b.sub(b.cumsum(b.cast(mask, 'i32')), b.cast(mask, 'i32'))
  return b.takeLast(along(b.takeLast(x, first), b.lt(0, b.takeLast(flags, first))), place)
}
