// Operators and element-wise functions on values that are already evaluated: constants, values by key, deferred ones.
// Returns a complaint instead of reporting it: only the caller knows the place.

import type { BinaryOperator } from '../../grammar/ast/ast.js'
import type { Expr } from '../../spec/plan/plan.js'
import { functions, operators, WHERE, type Elementwise } from '../arithmetic/elementwise.js'
import type { Code } from './codes.js'
import { toExpr } from './to-plan.js'
import { boolean, isDeferred, POISON, real, type CompileValue } from './value.js'

/** A mistake that the values themselves show. */
export interface Complaint {
  readonly type: 'complaint'
  readonly code: Code
  readonly title: string
  readonly notes: readonly string[]
  readonly help: string
}

type NumberValue = CompileValue & { type: 'number' }

/** Functions whose result is a quantity of the same unit as the first operand; those of the others are pure numbers. */
const KEEP_UNIT: ReadonlySet<string> = new Set(['abs', 'floor', 'stop_gradient', 'min', 'max', 'clamp'])

/** Names of the parameters of a function of the language that is not written in it; `undefined` when there is none. */
export function builtinParameters(name: string): readonly string[] | undefined {
  if (name === WHERE) return ['condition', 'a', 'b']
  return name === 'length' ? ['list'] : functions[name]?.parameters
}

export function isVariadic(name: string): boolean {
  return functions[name]?.variadic === true
}

/** `left op right`. `and` and `or` come here only when the left side does not decide. */
export function binary(op: BinaryOperator, left: CompileValue, right: CompileValue): CompileValue | Complaint {
  return keyByKey([left, right], ([a, b]) => binaryOf(op, a as CompileValue, b as CompileValue))
}

/** `-x` or `not x`. */
export function unary(op: '-' | 'not', operand: CompileValue): CompileValue | Complaint {
  return keyByKey([operand], ([x]) => {
    if (waits(x as CompileValue)) return operation(op === '-' ? 'neg' : 'not', [x as CompileValue])
    if (op === 'not') return x?.type === 'boolean' ? boolean(!x.value) : POISON
    return x?.type === 'number' ? real(x.value === 0 ? 0 : -x.value, x.unit) : POISON
  })
}

/** An element-wise function, `where` or `length`; all arguments by position. */
export function applyBuiltin(name: string, operands: readonly CompileValue[]): CompileValue | Complaint {
  return keyByKey(operands, (values) => {
    if (isVariadic(name) && values.length > 2) return folded(name, values)
    if (values.some(waits)) return operation(name, values)
    if (name === WHERE) {
      const [condition, then, otherwise] = values
      return condition?.type === 'boolean' ? ((condition.value ? then : otherwise) ?? POISON) : POISON
    }
    if (name === 'length') return values[0]?.type === 'list' ? real(values[0].items.length) : POISON
    const row = functions[name]
    const numbers = values.filter((value): value is NumberValue => value.type === 'number')
    if (!row || numbers.length !== values.length) return POISON
    return finite(fold(row, numbers), KEEP_UNIT.has(name) ? numbers.find(({ unit }) => unit !== undefined)?.unit : undefined, `${name}(${numbers.map(show).join(', ')})`)
  })
}

function folded(name: string, values: readonly CompileValue[]): CompileValue | Complaint {
  let result: CompileValue | Complaint = values[0] as CompileValue
  for (const value of values.slice(1)) {
    if (result.type === 'complaint') return result
    result = applyBuiltin(name, [result, value])
  }
  return result
}

function fold(row: Elementwise, numbers: readonly NumberValue[]): number {
  return Number((row.fold as (...x: number[]) => number | boolean)(...numbers.map(({ value }) => value)))
}

/** A choice that only the run can make. */
export function deferredIf(condition: CompileValue, then: CompileValue, otherwise: CompileValue): CompileValue {
  return { type: 'deferred', expr: { if: toExpr(condition), then: operandExpr(then), else: operandExpr(otherwise) } }
}

/** Same content: what `==` means on constants. */
export function equalValues(a: CompileValue, b: CompileValue): boolean {
  if (a.type !== b.type) return false
  if (a.type === 'number' && b.type === 'number') return a.value === b.value && a.unit === b.unit
  if ((a.type === 'text' && b.type === 'text') || (a.type === 'boolean' && b.type === 'boolean')) return a.value === b.value
  if (a.type === 'list' && b.type === 'list') return a.items.length === b.items.length && a.items.every((item, i) => equalValues(item, b.items[i] as CompileValue))
  if (a.type === 'record' && b.type === 'record') {
    return a.fields.size === b.fields.size && [...a.fields].every(([name, field]) => b.fields.has(name) && equalValues(field, b.fields.get(name) as CompileValue))
  }
  return JSON.stringify(a) === JSON.stringify(b)
}

function binaryOf(op: BinaryOperator, a: CompileValue, b: CompileValue): CompileValue | Complaint {
  if (op === '..') return { type: 'range', low: a.type === 'none' ? undefined : a, high: b.type === 'none' ? undefined : b }
  if (waits(a) || waits(b)) return operation(op, [a, b])
  switch (op) {
    case 'and':
    case 'or':
      return b.type === 'boolean' ? b : POISON
    case '==':
      return boolean(equalValues(a, b))
    case '!=':
      return boolean(!equalValues(a, b))
    case 'in':
      return contains(b, a)
  }
  if (op === '+' && a.type === 'list' && b.type === 'list') return { ...a, items: [...a.items, ...b.items] }
  if (op === '+' && a.type === 'text' && b.type === 'text') return { type: 'text', value: a.value + b.value }
  if (a.type !== 'number' || b.type !== 'number') return POISON
  const row = operators[op] as Elementwise
  if (row.gives === 'boolean') return boolean(fold(row, [a, b]) === 1)
  return finite(fold(row, [a, b]), unitOf(op, a, b), `${show(a)} ${op} ${show(b)}`)
}

/** `Quantity * Real` and `Quantity / Real` keep the unit, a ratio of quantities and a rate are pure numbers. */
function unitOf(op: BinaryOperator, a: NumberValue, b: NumberValue): string | undefined {
  if (op === '*') return a.unit ?? b.unit
  if (op === '/') return b.unit === undefined ? a.unit : undefined
  return op === '^' ? undefined : a.unit
}

function contains(container: CompileValue, item: CompileValue): CompileValue {
  if (container.type === 'list') return boolean(container.items.some((one) => equalValues(one, item)))
  if (container.type !== 'range' || item.type !== 'number') return POISON
  const { low, high } = container
  return boolean((low?.type !== 'number' || low.value <= item.value) && (high?.type !== 'number' || item.value <= high.value))
}

/** Applies `f` key by key when an operand is a map; all maps must have the same keys. */
export function keyByKey(operands: readonly CompileValue[], f: (values: readonly CompileValue[]) => CompileValue | Complaint): CompileValue | Complaint {
  if (operands.some((value) => value.type === 'poison')) return POISON
  const maps = operands.filter((value): value is CompileValue & { type: 'map' } => value.type === 'map')
  const first = maps[0]
  if (!first) return f(operands)
  for (const other of maps) {
    const missing = first.keys.filter((key) => !other.keys.includes(key))
    const extra = other.keys.filter((key) => !first.keys.includes(key))
    if (missing.length + extra.length > 0) {
      return {
        type: 'complaint',
        code: 'RLP5009',
        title: 'these values have different keys',
        notes: [`one side has ${first.keys.join(', ')}; the other has ${other.keys.join(', ')}`],
        help: 'take `*` over the same set of keys on both sides',
      }
    }
  }
  const values: CompileValue[] = []
  for (const key of first.keys) {
    const value = keyByKey(operands.map((operand) => (operand.type === 'map' ? (operand.values[operand.keys.indexOf(key)] as CompileValue) : operand)), f)
    if (value.type === 'complaint') return value
    values.push(value)
  }
  return { type: 'map', keys: first.keys, values }
}

function waits(value: CompileValue): boolean {
  return value.type === 'call' || isDeferred(value)
}

function operation(op: string, values: readonly CompileValue[]): CompileValue {
  return { type: 'deferred', expr: { op, args: values.map(operandExpr) } }
}

/** Operands of operators are plain numbers in their canonical unit; only arguments of calls keep the unit. */
function operandExpr(value: CompileValue): Expr {
  return value.type === 'number' ? { const: value.value } : toExpr(value)
}

function finite(value: number, unit: string | undefined, what: string): CompileValue | Complaint {
  if (Number.isFinite(value)) return real(value === 0 ? 0 : value, unit)
  return {
    type: 'complaint',
    code: 'RLP5010',
    title: `\`${what}\` is not a finite number`,
    notes: ['a plan holds finite numbers only'],
    help: 'guard the operation, for example with `if x == 0 then … else …`',
  }
}

function show({ value, unit }: NumberValue): string {
  return unit === undefined ? String(value) : `${value} ${unit}`
}
