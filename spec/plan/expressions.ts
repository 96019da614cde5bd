// The value of an expression of a plan, in float64: over rows, completions, metrics and the clock, at compile time and in a run.
// The numeric part of rewards and objectives runs as graphs; tests of rewards compute it here.

import { isList, type Expr, type Value } from './plan.js'

/** What an expression may read. Values are plain data, and what the host puts among them. */
export interface Scope {
  /** `row`, `completion`, `metrics`, `clock`, as the place allows. */
  readonly names: Readonly<Record<string, unknown>>
  /** Runs an extern function; whatever it throws goes through. */
  readonly call?: (name: string, args: Readonly<Record<string, unknown>>) => unknown
  /** A metric of a finished stage. */
  readonly metric?: (stage: string, metric: string) => unknown
  /** What a constant stands for that is not data: an output of a stage, a secret; undefined where it is not known. */
  readonly object?: (value: Value) => unknown
  /** An expression whose value is known already; undefined for others. */
  readonly known?: (expr: Expr) => unknown
  /** Numbers that are not further apart than this, or than this share of the larger one, are equal in `<`, `<=`, `>`, `>=`; 0 when absent. */
  readonly tolerance?: number
}

/** Why an expression has no value: something is not known here, or an operand is of another type. */
export class ExpressionError extends Error {
  constructor(
    readonly why: 'unknown' | 'operand',
    message: string,
  ) {
    super(message)
  }
}

type Operation = (...args: readonly unknown[]) => unknown

/** None if an argument is none. */
const numeric = (apply: (...args: number[]) => number): Operation => (...args) => (args.some((arg) => arg === null) ? null : apply(...args.map(asNumber)))

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

const compared = (holds: (order: number) => boolean, tolerance = 0): Operation => (a, b) => {
  if (a === null || b === null || a === undefined || b === undefined) return null
  if (typeof a === 'string' && typeof b === 'string') return holds(a < b ? -1 : a > b ? 1 : 0)
  const [left, right] = [asNumber(a), asNumber(b)]
  if (Number.isNaN(left) || Number.isNaN(right)) return false
  const near = tolerance > 0 && Math.abs(left - right) <= tolerance * Math.max(1, Math.min(Math.abs(left), Math.abs(right)))
  return holds(near ? 0 : left < right ? -1 : left > right ? 1 : 0)
}

/** Kleene's: decided by one operand that is `decided`, else none where one is none. */
const logical = (decided: boolean): Operation => (a, b) => {
  const [x, y] = [truth(a), truth(b)]
  return x === decided || y === decided ? decided : x === null || y === null ? null : !decided
}

/**
 * The operations, by name. None (`null`) makes the result of arithmetic and comparisons none; `and`, `or`, `not` are Kleene's;
 * `==` and `!=` always know the answer, so that `x == none` can be asked.
 */
export const operations: Readonly<Record<string, Operation>> = {
  '+': (a, b) => (typeof a === 'string' && typeof b === 'string' ? a + b : numeric((x, y) => x + y)(a, b)),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
  '^': numeric((a, b) => a ** b),
  pow: numeric((a, b) => a ** b),
  neg: numeric((a) => -a),
  ...Object.fromEntries(Object.entries(orders).map(([name, holds]) => [name, compared(holds)])),
  '==': (a, b) => same(a ?? null, b ?? null),
  '!=': (a, b) => !same(a ?? null, b ?? null),
  in: (a, b) => (a === null || b === null ? null : contains(b, a)),
  and: logical(false),
  or: logical(true),
  not: (a) => (truth(a) === null ? null : !truth(a)),
  where: (condition, a, b) => chosen(condition, () => a, () => b),
  is_nan: (a) => (a === null ? null : Number.isNaN(asNumber(a))),
  min: numeric(Math.min),
  max: numeric(Math.max),
  clamp: numeric((x, low, high) => (x < low ? low : x > high ? high : x)),
  exp: numeric(Math.exp),
  log: numeric(Math.log),
  sqrt: numeric(Math.sqrt),
  abs: numeric(Math.abs),
  sign: numeric(Math.sign),
  floor: numeric(Math.floor),
  stop_gradient: numeric((x) => x),
  tanh: numeric(Math.tanh),
  sin: numeric(Math.sin),
  cos: numeric(Math.cos),
  sigmoid: numeric((x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  softplus: numeric((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  log_sigmoid: numeric((x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)))),
  length: (a) => (a === null ? null : Array.isArray(a) || typeof a === 'string' ? a.length : asNumber(a)),
}

/** The value of an expression. Fields of none are none; a missing field is none. Throws `ExpressionError`, and whatever `call` throws. */
export function evaluate(expr: Expr, scope: Scope): unknown {
  const known = scope.known?.(expr)
  if (known !== undefined) return known
  if ('const' in expr) return constant(expr.const, scope)
  if ('name' in expr) {
    const value = scope.names[expr.name]
    if (value === undefined) throw new ExpressionError('unknown', `the plan reads \`${expr.name}\`, which is not known here`)
    return value
  }
  if ('field' in expr) {
    const of = evaluate(expr.of, scope)
    return typeof of === 'object' && of !== null ? ((of as Readonly<Record<string, unknown>>)[expr.field] ?? null) : null
  }
  if ('op' in expr) {
    // The right side of a decided `and`/`or` is not evaluated: it may call something slow.
    if (expr.op === 'and' || expr.op === 'or') return shortCircuit(expr.op, expr.args, scope)
    const order = Object.hasOwn(orders, expr.op) ? orders[expr.op] : undefined
    const operation = order ? compared(order, scope.tolerance) : Object.hasOwn(operations, expr.op) ? operations[expr.op] : undefined
    if (!operation) throw new ExpressionError('unknown', `the plan uses the operation \`${expr.op}\`, which this version does not have`)
    return operation(...expr.args.map((arg) => evaluate(arg, scope)))
  }
  if ('if' in expr) return chosen(evaluate(expr.if, scope), () => evaluate(expr.then, scope), () => evaluate(expr.else, scope))
  if ('call' in expr) {
    if (!scope.call) throw new ExpressionError('unknown', `\`${expr.call}\` cannot be called here`)
    return scope.call(expr.call, Object.fromEntries(Object.entries(expr.args).map(([name, arg]) => [name, evaluate(arg, scope)])))
  }
  if (!scope.metric) throw new ExpressionError('unknown', `the metrics of \`${expr.stage}\` are not known here`)
  return scope.metric(expr.stage, expr.metric)
}

/** A constant of a plan: quantities as numbers, ranges and records as objects, expressions inside as their value. Throws as `evaluate`. */
export function constant(value: Value, scope: Scope = { names: {} }): unknown {
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map((item) => constant(item, scope))
  if ('unit' in value) return value.value
  if ('low' in value) return { low: value.low, high: value.high }
  if ('record' in value) return Object.fromEntries(Object.entries(value.record).map(([name, field]) => [name, constant(field, scope)]))
  if ('expr' in value) return evaluate(value.expr, scope)
  const object = scope.object?.(value)
  if (object === undefined) throw new ExpressionError('unknown', `\`${JSON.stringify(value)}\` is not a constant`)
  return object
}

function shortCircuit(op: 'and' | 'or', args: readonly Expr[], scope: Scope): boolean | null {
  const decided = op === 'or'
  let result: boolean | null = !decided
  for (const arg of args) {
    const value = truth(evaluate(arg, scope))
    if (value === decided) return decided
    if (value === null) result = null
  }
  return result
}

function chosen(condition: unknown, then: () => unknown, otherwise: () => unknown): unknown {
  const holds = truth(condition)
  return holds === null ? null : holds ? then() : otherwise()
}

/** As graphs see it: a number is true when it is above 0. */
function truth(value: unknown): boolean | null {
  return value === null ? null : value === true || (typeof value === 'number' && value > 0)
}

function asNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  throw new ExpressionError('operand', `a number is needed where ${JSON.stringify(value)} is`)
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) return JSON.stringify(a) === JSON.stringify(b)
  return a === b
}

/** An item of a list, a part of a text, or a number within a range (both ends included). */
function contains(all: unknown, item: unknown): boolean {
  if (Array.isArray(all)) return all.some((other) => same(other, item))
  if (typeof all === 'string') return typeof item === 'string' && all.includes(item)
  const { low, high } = all as { readonly low?: number | null; readonly high?: number | null }
  const x = asNumber(item)
  return (low ?? -Infinity) <= x && x <= (high ?? Infinity)
}
