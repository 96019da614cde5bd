// Interval arithmetic: which values an expression of a reward can take, from the ranges that its signals declare.
// Bounds are safe, not tight: operands are treated as independent. One row for each operator and function.

import type { RangeValue } from '../../spec/plan/plan.js'

/** Closed, possibly unbounded. Truth values are 0 and 1. */
export interface Interval {
  readonly low: number
  readonly high: number
}

export const everything: Interval = { low: -Infinity, high: Infinity }
export const truth: Interval = { low: 0, high: 1 }
export const exactly = (value: number): Interval => ({ low: value, high: value })
export const hull = (...parts: readonly Interval[]): Interval => ({ low: Math.min(...parts.map(({ low }) => low)), high: Math.max(...parts.map(({ high }) => high)) })

export const toRange = ({ low, high }: Interval): RangeValue => ({ low: bound(low), high: bound(high) })
const bound = (value: number): number | null => (Number.isFinite(value) ? value + 0 : null)

/** Range of `if condition then a else b`; a condition that cannot change takes one branch. */
export function choice(condition: Interval, a: Interval, b: Interval): Interval {
  if (condition.low > 0) return a
  return condition.high <= 0 ? b : hull(a, b)
}

/** 0 · ∞ is 0 here: a bound is never reached, it only limits. */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

const corners = (f: (a: number, b: number) => number) => (a: Interval, b: Interval): Interval => {
  const values = [f(a.low, b.low), f(a.low, b.high), f(a.high, b.low), f(a.high, b.high)]
  return values.some(Number.isNaN) ? everything : { low: Math.min(...values), high: Math.max(...values) }
}

const rising = (f: (x: number) => number) => (x: Interval): Interval => {
  const [low, high] = [f(x.low), f(x.high)]
  return { low: Number.isNaN(low) ? -Infinity : low, high: Number.isNaN(high) ? Infinity : high }
}

const contains = (x: Interval, value: number): boolean => x.low <= value && value <= x.high

const product = corners(times)
const quotient = (a: Interval, b: Interval): Interval => (contains(b, 0) ? everything : corners((x, y) => (Number.isFinite(x) || Number.isFinite(y) ? x / y : NaN))(a, b))

function magnitude(x: Interval): Interval {
  const [a, b] = [Math.abs(x.low), Math.abs(x.high)]
  return { low: contains(x, 0) ? 0 : Math.min(a, b), high: Math.max(a, b) }
}

function power(x: Interval, exponent: Interval): Interval {
  if (x.low >= 0) return corners((a, b) => a ** b)(x, exponent)
  const n = exponent.low
  if (exponent.high !== n || !Number.isInteger(n) || n < 0) return everything
  return n % 2 === 0 ? rising((a) => a ** n)(magnitude(x)) : rising((a) => a ** n)(x)
}

/** 1 where it always holds, 0 where it never can. */
const decided = (always: boolean, never: boolean): Interval => (always ? exactly(1) : never ? exactly(0) : truth)
const less = (a: Interval, b: Interval): Interval => decided(a.high < b.low, a.low >= b.high)
const lessEqual = (a: Interval, b: Interval): Interval => decided(a.high <= b.low, a.low > b.high)
const equal = (a: Interval, b: Interval): Interval => decided(a.low === a.high && b.low === b.high && a.low === b.low, a.high < b.low || b.high < a.low)
const not = (x: Interval): Interval => ({ low: 1 - x.high, high: 1 - x.low })
const waves = (): Interval => ({ low: -1, high: 1 })
const minimum = (a: Interval, b: Interval): Interval => ({ low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) })
const maximum = (a: Interval, b: Interval): Interval => ({ low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) })
const softplus = (x: number): number => (x === Infinity ? x : Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))

type Rule = (...operands: [Interval, Interval, Interval]) => Interval

export const ranges: Readonly<Record<string, Rule>> = {
  '+': (a, b) => ({ low: a.low + b.low, high: a.high + b.high }),
  '-': (a, b) => ({ low: a.low - b.high, high: a.high - b.low }),
  '*': product,
  '/': quotient,
  '^': power,
  neg: (x) => ({ low: -x.high, high: -x.low }),
  '<': less,
  '<=': lessEqual,
  '>': (a, b) => less(b, a),
  '>=': (a, b) => lessEqual(b, a),
  '==': equal,
  '!=': (a, b) => not(equal(a, b)),
  and: minimum,
  or: maximum,
  not,
  is_nan: () => ({ low: 0, high: 1 }),
  exp: rising(Math.exp),
  log: rising(Math.log),
  sqrt: (x) => rising(Math.sqrt)({ low: Math.max(0, x.low), high: x.high }),
  abs: magnitude,
  sign: rising(Math.sign),
  floor: rising(Math.floor),
  tanh: rising(Math.tanh),
  sigmoid: rising((x) => 1 / (1 + Math.exp(-x))),
  cos: waves,
  sin: waves,
  log_sigmoid: rising((x) => -softplus(-x)),
  softplus: rising(softplus),
  stop_gradient: (x) => x,
  min: minimum,
  max: maximum,
  pow: power,
  /** Bounds that may cross give either of them. */
  clamp: (x, low, high) => (low.high <= high.low ? minimum(maximum(x, low), high) : hull(minimum(maximum(x, low), high), maximum(minimum(x, high), low))),
}
