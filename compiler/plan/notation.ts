// How values, expressions, amounts and times of a plan are written for people: in the notation of the language, short.
// The plan has all digits; nothing here is read back.

import { isList, type Expr, type RangeValue, type Value } from '../../spec/plan/plan.js'

/** More items than this of a list are counted instead of shown. */
const MOST_ITEMS = 8

/** A value in the notation of the language; functions by their short names. */
export function showValue(value: Value): string {
  if (value === null) return 'none'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return showNumber(value)
  if (typeof value !== 'object') return String(value)
  if (isList(value)) return value.length > MOST_ITEMS ? `[${value.slice(0, 3).map(showValue).join(', ')}, … ${value.length} in all]` : `[${value.map(showValue).join(', ')}]`
  if ('unit' in value) return `${showNumber(value.value)} ${value.value === 1 ? value.unit.replace(/s$/, '') : value.unit}`
  if ('record' in value) return `{ ${Object.entries(value.record).map(([name, field]) => `${name} = ${showValue(field)}`).join(', ')} }`
  if ('call' in value) return `${short(value.call)}(${args(value.args)})`
  if ('fn' in value) return Object.keys(value.args).length === 0 ? short(value.fn) : `${short(value.fn)}(${args(value.args)})`
  if ('expr' in value) return showExpr(value.expr)
  if ('secret' in value) return `secret ${value.secret}`
  if ('model' in value) return value.model
  if ('dataset' in value) return value.dataset
  if ('curriculum' in value) return value.curriculum
  if ('reward' in value) return value.term === undefined ? value.reward : `${value.reward}.${value.term}`
  if ('stage' in value) return `${value.stage}.${value.output}`
  return showRange(value)
}

/** An expression in the notation of the language, with every operation in parentheses. */
export function showExpr(expr: Expr): string {
  if ('const' in expr) return showValue(expr.const)
  if ('name' in expr) return expr.name
  if ('field' in expr) return `${showExpr(expr.of)}.${expr.field}`
  if ('if' in expr) return `if ${showExpr(expr.if)} then ${showExpr(expr.then)} else ${showExpr(expr.else)}`
  if ('call' in expr) return `${short(expr.call)}(${Object.entries(expr.args).map(([name, arg]) => `${name} = ${showExpr(arg)}`).join(', ')})`
  if ('stage' in expr) return `${expr.stage}.${expr.metric}`
  const [left, right] = expr.args.map((arg) => ('op' in arg && arg.args.length > 1 ? `(${showExpr(arg)})` : showExpr(arg)))
  if (/^[a-z_]+$/.test(expr.op) && !['and', 'or', 'in', 'not', 'neg'].includes(expr.op)) return `${expr.op}(${expr.args.map(showExpr).join(', ')})`
  return right === undefined ? `${expr.op === 'neg' ? '-' : `${expr.op} `}${left}` : `${left} ${expr.op} ${right}`
}

export function showRange({ low, high }: RangeValue): string {
  return `${low ?? ''}..${high ?? ''}`
}

function args(given: Readonly<Record<string, Value>>): string {
  return Object.entries(given).map(([name, value]) => `${name} = ${showValue(value)}`).join(', ')
}

/** `std/tasks/knights.puzzles` → `puzzles` */
function short(qualified: string): string {
  return qualified.slice(qualified.lastIndexOf('.') + 1)
}

/** What a person wrote: `10 * 3e-4` is 0.003 to them. The plan has all digits. */
function showNumber(value: number): string {
  return String(Number(value.toPrecision(12)))
}

/** `2.25 M` before the name of what is counted, three digits. */
export function metric(value: number): string {
  const steps = ['', 'k', 'M', 'G', 'T', 'P', 'E']
  const power = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(value, 1)) / 3)))
  const scaled = value / 1000 ** power
  return `${Number(scaled.toPrecision(3))} ${steps[power]}`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
/** Of a time, the largest whose limit of 90 it does not reach. */
const TIMES: readonly (readonly [seconds: number, unit: string])[] = [
  [1, 's'],
  [60, 'min'],
  [3600, 'h'],
  [86_400, 'days'],
]

/** `61 MiB`, three digits at most. */
export function showBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)))
  const scaled = bytes / 1024 ** power
  return `${scaled >= 100 ? Math.round(scaled) : Number(scaled.toPrecision(2))} ${UNITS[power]}`
}

/** `40 s`, `12 min`, `3.5 h`, `2.1 days`: an estimate, so two digits. */
export function showSeconds(seconds: number): string {
  const [size, unit] = TIMES.find(([limit]) => seconds < limit * 90) ?? ([86_400, 'days'] as const)
  const amount = seconds / size
  return amount < 1 && size === 1 ? 'under 1 s' : `${amount < 10 && size > 60 ? Number(amount.toPrecision(2)) : Math.round(amount)} ${unit}`
}
