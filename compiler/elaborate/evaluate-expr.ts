// Evaluates expressions of a plan in float64 at compile time, for the tests of rewards.
// The run's own evaluator is in the runtime, which the compiler does not load; a test compares the two.

import type { Expr, Value } from '../../spec/plan/plan.js'
import { functions, operators, WHERE, type Elementwise } from '../lower/builtins.js'

/** `undefined` is no value: something here has none. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [field: string]: Plain }

export interface Names {
  /** `row`, `completion`, terms. */
  readonly names: ReadonlyMap<string, unknown>
  /** Runs an `extern fn`; whatever it throws goes through. */
  call(name: string, args: Readonly<Record<string, unknown>>): unknown
  /** An expression whose value is known already: a signal. */
  known?(expr: Expr): unknown
}

/** The value of `expr`; unknown names and operands of the wrong type give `null`, as `none` does in arithmetic. */
export function evaluateExpr(expr: Expr, scope: Names): unknown {
  const known = scope.known?.(expr)
  if (known !== undefined) return known
  if ('const' in expr) return plain(expr.const)
  if ('name' in expr) return scope.names.get(expr.name) ?? null
  if ('field' in expr) {
    const of = evaluateExpr(expr.of, scope)
    return typeof of === 'object' && of !== null ? ((of as Record<string, unknown>)[expr.field] ?? null) : null
  }
  if ('if' in expr) {
    const condition = evaluateExpr(expr.if, scope)
    return condition === null ? null : evaluateExpr(isTrue(condition) ? expr.then : expr.else, scope)
  }
  if ('call' in expr) return scope.call(expr.call, Object.fromEntries(Object.entries(expr.args).map(([name, arg]) => [name, evaluateExpr(arg, scope)])))
  if ('op' in expr) return operation(expr.op, expr.args.map((arg) => evaluateExpr(arg, scope)))
  return null
}

function operation(op: string, operands: readonly unknown[]): unknown {
  const [a, b] = operands
  if (op === WHERE) return a === null ? null : isTrue(a) ? b : operands[2]
  if (op === '==' || op === '!=') return (JSON.stringify(a) === JSON.stringify(b)) === (op === '==')
  if (op === 'in') return Array.isArray(b) ? b.some((item) => JSON.stringify(item) === JSON.stringify(a)) : within(a, b)
  if (op === 'length') return Array.isArray(a) || typeof a === 'string' ? a.length : null
  const row = operators[op] ?? functions[op]
  if (!row || operands.some((operand) => operand === null || typeof operand === 'object' || typeof operand === 'string')) return null
  const typed = operands.map((operand) => (row.takes === 'boolean' ? isTrue(operand) : Number(operand)))
  const apply = (...values: (number | boolean)[]) => (row.fold as (...x: (number | boolean)[]) => number | boolean)(...values)
  return folds(row, typed.length) ? typed.reduce((x, y) => apply(x, y)) : apply(...typed)
}

function folds(row: Elementwise, operands: number): boolean {
  return row.variadic === true && operands > row.parameters.length
}

function within(item: unknown, range: unknown): boolean | null {
  if (typeof item !== 'number' || typeof range !== 'object' || range === null || !('low' in range && 'high' in range)) return null
  const { low, high } = range as { low: number | null; high: number | null }
  return (low === null || low <= item) && (high === null || item <= high)
}

/** As graphs see truth: a number is true when it is above 0. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'number' && value > 0)
}

/** Quantities as numbers, records as objects, ranges as `{ low, high }`. */
function plain(value: Value): Plain {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return (value as readonly Value[]).map(plain)
  if ('unit' in value) return value.value
  if ('record' in value) return Object.fromEntries(Object.entries(value.record).map(([name, field]) => [name, plain(field)]))
  if ('low' in value) return { low: value.low, high: value.high }
  return null
}
