// Evaluates the expressions of a plan over rows, completions, metrics and the clock, in float64.
// The numeric part of rewards and objectives is not here: that is graphs, run by an executor.

import type { Expr, Value } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import type { HostValue } from '../host.js'
import type { Secret } from '../secrets.js'

/** What an expression may read. */
export interface Scope {
  /** `row`, `completion`, `metrics`, `clock`, as the place allows. */
  readonly names: Readonly<Record<string, HostValue>>
  /** Runs an extern function. */
  readonly call?: (name: string, args: Readonly<Record<string, HostValue>>) => HostValue
  /** A secret of the plan. */
  readonly secret?: (name: string) => Secret
  /** A trained classifier or reward model, by the stage's output. */
  readonly judge?: (stage: string, output: string) => HostValue
  /** A metric of a finished stage. */
  readonly metric?: (stage: string, metric: string) => HostValue
  /** Numbers that are not further apart than this, or than this share of the larger one, are equal in `<`, `<=`, `>`, `>=`; 0 when absent. */
  readonly tolerance?: number
}

type Operation = (...args: readonly HostValue[]) => HostValue

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

/**
 * The operations, by name. None (`null`) makes the result of arithmetic and comparisons none; `and`, `or`, `not` are Kleene's;
 * `==` and `!=` always know the answer, so that `x == none` can be asked.
 */
export const operations: Readonly<Record<string, Operation>> = {
  '+': (a, b) => (typeof a === 'string' && typeof b === 'string' ? a + b : numeric((x, y) => x + y)(a as HostValue, b as HostValue)),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
  '^': numeric((a, b) => a ** b),
  pow: numeric((a, b) => a ** b),
  neg: numeric((a) => -a),
  ...Object.fromEntries(Object.entries(orders).map(([name, holds]) => [name, compared(holds)])),
  '==': (a, b) => same(a ?? null, b ?? null),
  '!=': (a, b) => !same(a ?? null, b ?? null),
  in: (a, b) => (a === null || b === null ? null : contains(b as HostValue, a as HostValue)),
  and: (a, b) => (a === false || b === false ? false : a === null || b === null ? null : true),
  or: (a, b) => (a === true || b === true ? true : a === null || b === null ? null : false),
  not: (a) => (a === null ? null : a === false),
  where: (condition, a, b) => (condition === null ? null : condition === true ? (a as HostValue) : (b as HostValue)),
  min: numeric(Math.min),
  max: numeric(Math.max),
  clamp: numeric((x, low, high) => Math.min(Math.max(x, low), high)),
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
  length: (a) => (a === null ? null : Array.isArray(a) || typeof a === 'string' ? a.length : asNumber(a as HostValue)),
}

/**
 * The value of an expression. Fields of none are none; a missing field is none.
 * @throws HostError RLP8108 for an operation or name that this version does not know, and whatever an extern function throws.
 */
export function evaluate(expr: Expr, scope: Scope): HostValue {
  if ('const' in expr) return constant(expr.const, scope)
  if ('name' in expr) {
    const value = scope.names[expr.name]
    if (value === undefined) throw failure('RLP8108', `the plan reads \`${expr.name}\`, which is not known here`)
    return value
  }
  if ('field' in expr) {
    const of = evaluate(expr.of, scope)
    return typeof of === 'object' && of !== null ? ((of as Readonly<Record<string, HostValue>>)[expr.field] ?? null) : null
  }
  if ('op' in expr) {
    // The right side of a decided `and`/`or` is not evaluated: it may call something slow.
    if (expr.op === 'and' || expr.op === 'or') return shortCircuit(expr.op, expr.args, scope)
    const order = Object.hasOwn(orders, expr.op) ? orders[expr.op] : undefined
    const operation = order ? compared(order, scope.tolerance) : Object.hasOwn(operations, expr.op) ? operations[expr.op] : undefined
    if (!operation) throw failure('RLP8108', `the plan uses the operation \`${expr.op}\`, which this version does not have`)
    return operation(...expr.args.map((arg) => evaluate(arg, scope)))
  }
  if ('if' in expr) {
    const condition = evaluate(expr.if, scope)
    return condition === null ? null : evaluate(condition === true ? expr.then : expr.else, scope)
  }
  if ('call' in expr) {
    if (!scope.call) throw failure('RLP8108', `\`${expr.call}\` cannot be called here`)
    return scope.call(expr.call, Object.fromEntries(Object.entries(expr.args).map(([name, arg]) => [name, evaluate(arg, scope)])))
  }
  if (!scope.metric) throw failure('RLP8108', `the metrics of \`${expr.stage}\` are not known here`)
  return scope.metric(expr.stage, expr.metric)
}

/** A constant of a plan as the host sees it: quantities as numbers, ranges and records as objects, expressions inside as their value. */
export function constant(value: Value, scope: Scope = { names: {} }): HostValue {
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map((item) => constant(item, scope))
  if ('unit' in value) return value.value
  if ('low' in value) return { low: value.low, high: value.high }
  if ('record' in value) return Object.fromEntries(Object.entries(value.record).map(([name, field]) => [name, constant(field, scope)]))
  if ('expr' in value) return evaluate(value.expr, scope)
  if ('stage' in value && scope.judge) return scope.judge(value.stage, value.output)
  if ('secret' in value && scope.secret) return scope.secret(value.secret)
  throw failure('RLP8108', `\`${JSON.stringify(value)}\` is not a constant`)
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

function shortCircuit(op: 'and' | 'or', args: readonly Expr[], scope: Scope): HostValue {
  const decided = op === 'or'
  let result: HostValue = !decided
  for (const arg of args) {
    const value = evaluate(arg, scope)
    if (value === decided) return decided
    if (value === null) result = null
  }
  return result
}

function asNumber(value: HostValue | undefined): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  throw failure('RLP8105', `a number is needed where ${JSON.stringify(value)} is`)
}

function same(a: HostValue, b: HostValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item as HostValue, b[i] as HostValue))
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) return JSON.stringify(a) === JSON.stringify(b)
  return a === b
}

/** An item of a list, a part of a text, or a number within a range (both ends included). */
function contains(all: HostValue, item: HostValue): boolean {
  if (Array.isArray(all)) return all.some((other) => same(other as HostValue, item))
  if (typeof all === 'string') return typeof item === 'string' && all.includes(item)
  const { low, high } = all as { low?: number | null; high?: number | null }
  const x = asNumber(item)
  return (low ?? -Infinity) <= x && x <= (high ?? Infinity)
}
