// The element-wise operators and functions of the language: constant folding and graph of each, one row.
// Reductions over levels are in `reductions.ts`, ranges in `ranges.ts` (same names; a test compares the tables).

import type { GraphBuilder, Value } from '../graph/builder.js'

type Kind = 'number' | 'boolean'

export interface Elementwise {
  readonly parameters: readonly string[]
  /** What the operands must be; `same` = any, all alike. */
  readonly takes: Kind | 'same'
  readonly gives: Kind | 'same'
  /** More operands than parameters fold from the left: `max(a, b, c)`. */
  readonly variadic?: true
  readonly fold: (...operands: never[]) => number | boolean
  /** All operands have one shape. */
  readonly build: (b: GraphBuilder, ...operands: Value[]) => Value
}

type Unary = (b: GraphBuilder, x: Value) => Value
type Binary = (b: GraphBuilder, x: Value, y: Value) => Value

const unary = (fold: (x: number) => number, build: Unary): Elementwise => ({ parameters: ['x'], takes: 'number', gives: 'number', fold, build: build as Elementwise['build'] })
const binary = (fold: (a: number, b: number) => number, build: Binary): Elementwise => ({ parameters: ['a', 'b'], takes: 'number', gives: 'number', fold, build: build as Elementwise['build'] })
const comparison = (fold: (a: number, b: number) => boolean, build: Binary): Elementwise => ({ parameters: ['a', 'b'], takes: 'number', gives: 'boolean', fold, build: build as Elementwise['build'] })
const logical = (fold: (a: boolean, b: boolean) => boolean, build: Binary): Elementwise => ({ parameters: ['a', 'b'], takes: 'boolean', gives: 'boolean', fold, build: build as Elementwise['build'] })

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** Operators under the names they have in a plan's expressions; `neg` is prefix minus. */
export const operators: Readonly<Record<string, Elementwise>> = {
  '+': binary((a, b) => a + b, (b, x, y) => b.add(x, y)),
  '-': binary((a, b) => a - b, (b, x, y) => b.sub(x, y)),
  '*': binary((a, b) => a * b, (b, x, y) => b.mul(x, y)),
  '/': binary((a, b) => a / b, (b, x, y) => b.div(x, y)),
  '^': binary((a, b) => a ** b, (b, x, y) => b.pow(x, y)),
  neg: unary((x) => -x, (b, x) => b.neg(x)),
  '<': comparison((a, b) => a < b, (b, x, y) => b.lt(x, y)),
  '<=': comparison((a, b) => a <= b, (b, x, y) => b.le(x, y)),
  '>': comparison((a, b) => a > b, (b, x, y) => b.gt(x, y)),
  '>=': comparison((a, b) => a >= b, (b, x, y) => b.ge(x, y)),
  '==': { ...comparison((a, b) => a === b, (b, x, y) => b.eq(x, y)), takes: 'same' },
  '!=': { ...comparison((a, b) => a !== b, (b, x, y) => b.ne(x, y)), takes: 'same' },
  and: logical((a, b) => a && b, (b, x, y) => b.and(x, y)),
  or: logical((a, b) => a || b, (b, x, y) => b.or(x, y)),
  not: { parameters: ['x'], takes: 'boolean', gives: 'boolean', fold: (x: boolean) => !x, build: (b, x) => b.not(x as Value) },
}

export const functions: Readonly<Record<string, Elementwise>> = {
  is_nan: { parameters: ['x'], takes: 'number', gives: 'boolean', fold: (x: number) => Number.isNaN(x), build: (b, x) => b.isNan(x as Value) },
  exp: unary(Math.exp, (b, x) => b.exp(x)),
  log: unary(Math.log, (b, x) => b.log(x)),
  sqrt: unary(Math.sqrt, (b, x) => b.sqrt(x)),
  abs: unary(Math.abs, (b, x) => b.abs(x)),
  sign: unary(Math.sign, (b, x) => b.sign(x)),
  floor: unary(Math.floor, (b, x) => b.floor(x)),
  tanh: unary(Math.tanh, (b, x) => b.tanh(x)),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x)), (b, x) => b.sigmoid(x)),
  cos: unary(Math.cos, (b, x) => b.cos(x)),
  sin: unary(Math.sin, (b, x) => b.sin(x)),
  log_sigmoid: unary((x) => -softplus(-x), (b, x) => b.logSigmoid(x)),
  softplus: unary(softplus, (b, x) => b.softplus(x)),
  /** The value, as a constant: no gradient flows through it. */
  stop_gradient: unary((x) => x, (b, x) => b.stopGradient(x)),
  min: { ...binary(Math.min, (b, x, y) => b.min(x, y)), variadic: true },
  max: { ...binary(Math.max, (b, x, y) => b.max(x, y)), variadic: true },
  pow: { ...binary((a, b) => a ** b, (b, x, y) => b.pow(x, y)), parameters: ['x', 'exponent'] },
  /** The gradient passes at the bounds, as in torch.clamp. */
  clamp: {
    parameters: ['x', 'low', 'high'],
    takes: 'number',
    gives: 'number',
    fold: (x: number, low: number, high: number) => (x < low ? low : x > high ? high : x),
    build: (b, x, low, high) => b.clamp(x as Value, low as Value, high as Value),
  },
}

/** `where(condition, a, b)` is not a row: its operands differ in kind, and a constant condition takes one branch only. */
export const WHERE = 'where'
