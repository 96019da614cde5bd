// A reward → signals that the host computes from text, and a graph of everything numeric after them.
// Does not run signals, nor decide what a failed one counts as: the host does, before the graph sees it.

import type { TypeNode } from '../../grammar/ast/ast.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { Expr } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { simplify } from '../graph/simplify.js'
import { functions, operators, WHERE, type Elementwise } from '../arithmetic/elementwise.js'
import { report } from './codes.js'
import { choice, everything, exactly, hull, ranges, toRange, truth, type Interval } from '../arithmetic/ranges.js'
import type { LoweredReward, RewardToLower } from './types.js'

/** What an expression gives: `host` is text or anything else that no tensor holds, `unknown` may be a number (a field of the row). */
type Kind = 'number' | 'boolean' | 'unknown' | 'host'

/** A tensor [N], or one that depends on nothing, and the values it can take. */
interface Numeric {
  readonly value: Value
  readonly range: Interval
}

/** Never throws on what a user can write; terms that are not numbers are reported and read as 0. */
export function lowerReward(reward: RewardToLower): LoweredReward {
  const lowering = new RewardLowering(reward)
  const terms = reward.terms.map(({ name, measure, expr, span }) => ({ name, range: toRange(lowering.term(name, expr, span).range), ...(measure ? { measure } : {}) }))
  const total = lowering.total(reward.total.expr, reward.total.span)
  return { signals: lowering.signals, terms, total: toRange(total.range), program: lowering.program(), diagnostics: lowering.diagnostics }
}

class RewardLowering {
  readonly diagnostics: Diagnostic[] = []
  readonly signals: LoweredReward['signals'][number][] = []
  private readonly b: GraphBuilder
  private readonly terms = new Map<string, Numeric>()
  /** By the canonical text of their expression, so that one signal is computed once. */
  private readonly known = new Map<string, Numeric>()
  /** Where the expression at hand was written, and the name of a signal that is all of a term. */
  private span: Span
  private whole: string | undefined

  constructor(private readonly reward: RewardToLower) {
    this.b = new GraphBuilder(reward.name)
    this.span = reward.total.span
  }

  term(name: string, expr: Expr, span: Span): Numeric {
    this.span = span
    this.whole = name
    const lowered = this.vector(this.number(expr))
    this.terms.set(name, lowered)
    this.b.fetch(name, this.b.label(lowered.value, name))
    return lowered
  }

  total(expr: Expr, span: Span): Numeric {
    this.span = span
    this.whole = undefined
    const lowered = this.vector(this.number(expr))
    this.b.fetch('total', lowered.value)
    return lowered
  }

  program() {
    return simplify(this.b.build())
  }

  private vector({ value, range }: Numeric): Numeric {
    return { value: this.b.broadcastTo(this.b.cast(value, 'f32'), ['N']), range }
  }

  private kindOf(expr: Expr): Kind {
    if ('const' in expr) return typeof expr.const === 'number' || isQuantity(expr.const) ? 'number' : typeof expr.const === 'boolean' ? 'boolean' : 'host'
    if ('name' in expr) return this.terms.has(expr.name) ? 'number' : 'host'
    if ('field' in expr) return 'unknown'
    if ('call' in expr) return kindOfType(this.reward.extern(expr.call)?.result)
    if ('if' in expr) return this.kindOf(expr.then) === 'host' || this.kindOf(expr.else) === 'host' ? 'host' : this.kindOf(expr.then)
    if ('op' in expr) {
      if (expr.op === WHERE) return this.kindOf(expr.args[1] as Expr)
      return (operators[expr.op] ?? functions[expr.op])?.gives === 'boolean' || expr.op === 'in' ? 'boolean' : 'number'
    }
    return 'host'
  }

  /** Text can be compared, but only by the host. */
  private staysOnHost(expr: Expr): boolean {
    if ('call' in expr || 'field' in expr) return true
    if (!('op' in expr)) return false
    if (expr.op === 'in' || expr.op === '..' || !(expr.op === WHERE || operators[expr.op] || functions[expr.op])) return true
    if (expr.op !== '==' && expr.op !== '!=') return false
    const kinds = expr.args.map((arg) => this.kindOf(arg))
    return kinds.includes('host') || kinds.every((kind) => kind === 'unknown')
  }

  private number(expr: Expr): Numeric {
    if ('const' in expr) return this.constant(expr)
    if ('name' in expr) return this.terms.get(expr.name) ?? this.notNumeric(`\`${expr.name}\` is not a number`)
    const whole = this.whole
    if (this.staysOnHost(expr)) return this.signal(expr, whole)
    this.whole = undefined
    if ('if' in expr) return this.choose(this.condition(expr.if), this.number(expr.then), this.number(expr.else))
    if ('op' in expr) return this.operation(expr.op, expr.args)
    return this.notNumeric('a metric of a stage cannot be part of a reward')
  }

  private constant({ const: value }: Expr & { readonly const: unknown }): Numeric {
    const plain = isQuantity(value) ? value.value : value
    if (typeof plain !== 'number' && typeof plain !== 'boolean') return this.notNumeric(`${JSON.stringify(value)} is not a number`)
    return { value: this.b.constant(plain), range: exactly(Number(plain)) }
  }

  private condition(expr: Expr): Numeric {
    const { value, range } = this.number(expr)
    return { value: this.asTruth(value), range }
  }

  private asTruth(value: Value): Value {
    return value.dtype === 'bool' ? value : this.b.lt(0, value)
  }

  private choose(condition: Numeric, a: Numeric, b: Numeric): Numeric {
    const [x, y] = a.value.dtype === b.value.dtype ? [a.value, b.value] : [this.b.cast(a.value, 'f32'), this.b.cast(b.value, 'f32')]
    return { value: this.b.where(condition.value, x, y), range: choice(condition.range, a.range, b.range) }
  }

  private operation(op: string, args: readonly Expr[]): Numeric {
    if (op === WHERE) return this.choose(this.condition(args[0] as Expr), this.number(args[1] as Expr), this.number(args[2] as Expr))
    const row = (operators[op] ?? functions[op]) as Elementwise
    const rule = ranges[op] as (typeof ranges)[string]
    const operands = args.map((arg) => this.number(arg))
    const combine = (...parts: Numeric[]): Numeric => ({ value: this.built(row, parts.map(({ value }) => value)), range: rule(...(parts.map(({ range }) => range) as [Interval, Interval, Interval])) })
    return row.variadic ? operands.reduce((a, b) => combine(a, b)) : combine(...operands)
  }

  private built(row: Elementwise, operands: readonly Value[]): Value {
    const alike = row.takes === 'boolean' ? operands.map((value) => this.asTruth(value)) : operands.map((value) => this.b.cast(value, 'f32'))
    const vector = alike.some((value) => value.rank > 0)
    return row.build(this.b, ...(vector ? alike.map((value) => this.b.broadcastTo(value, ['N'])) : alike))
  }

  /** A number that the host computes. */
  private signal(named: Expr, term: string | undefined): Numeric {
    const expr = this.writtenOut(named)
    if (this.kindOf(expr) === 'host') return this.notNumeric('this is not a number')
    const key = JSON.stringify(expr)
    const known = this.known.get(key)
    if (known) return known
    const range = hull(this.rangeOf(expr), ...(this.reward.substitutes ?? []).map(exactly))
    const name = this.fresh(term ?? shortName(expr))
    this.signals.push({ name, expr, range: toRange(range) })
    const made = { value: this.b.input(name, 'f32', ['N']), range }
    this.known.set(key, made)
    return made
  }

  /** The host knows no terms: where an argument of a signal names one, its own expression stands there. */
  private writtenOut(expr: Expr): Expr {
    const inner = (part: Expr): Expr => this.writtenOut(part)
    if ('name' in expr) {
      const term = this.terms.has(expr.name) ? this.reward.terms.find(({ name }) => name === expr.name) : undefined
      return term ? inner(term.expr) : expr
    }
    if ('call' in expr) return { ...expr, args: Object.fromEntries(Object.entries(expr.args).map(([name, arg]) => [name, inner(arg)])) }
    if ('op' in expr) return { ...expr, args: expr.args.map(inner) }
    if ('if' in expr) return { if: inner(expr.if), then: inner(expr.then), else: inner(expr.else) }
    return 'field' in expr ? { ...expr, of: inner(expr.of) } : expr
  }

  private rangeOf(expr: Expr): Interval {
    if ('call' in expr) return rangeOfType(this.reward.extern(expr.call)?.result)
    return this.kindOf(expr) === 'boolean' ? truth : everything
  }

  private fresh(name: string): string {
    const taken = new Set(this.signals.map((signal) => signal.name))
    let candidate = name
    for (let i = 2; taken.has(candidate); i++) candidate = `${name}_${i}`
    return candidate
  }

  private notNumeric(title: string): Numeric {
    this.diagnostics.push(report('RLP5102', this.span, title, { help: 'use a signal that gives a number, such as `exact`, `matches` or `length`' }))
    return { value: this.b.constant(0), range: everything }
  }
}

const isQuantity = (value: unknown): value is { readonly value: number; readonly unit: string } => typeof value === 'object' && value !== null && 'unit' in value

/** What people would call it: the function or field, of a comparison the first one. */
function shortName(expr: Expr): string {
  if ('call' in expr) return expr.call.slice(Math.max(expr.call.lastIndexOf('.'), expr.call.lastIndexOf('/')) + 1)
  if ('field' in expr) return expr.field
  return 'op' in expr && expr.args[0] ? shortName(expr.args[0]) : 'signal'
}

/** Types whose values are numbers; quantities come as numbers in their canonical unit. */
const NUMBERS: ReadonlySet<string> = new Set(['Real', 'Int', 'Float', 'Tokens', 'Steps', 'Samples', 'Prompts', 'Rollouts', 'Groups', 'Epochs', 'Turns', 'Transitions', 'Episodes', 'Duration', 'Bytes'])

function kindOfType(type: TypeNode | undefined): Kind {
  switch (type?.node) {
    case 'OptionalType':
    case 'RangeType':
      return kindOfType(type.inner)
    case 'NamedType':
      return NUMBERS.has(type.name.name) ? 'number' : type.name.name === 'Bool' ? 'boolean' : type.name.name === 'Text' ? 'host' : 'unknown'
    default:
      return type === undefined ? 'unknown' : 'host'
  }
}

function rangeOfType(type: TypeNode | undefined): Interval {
  if (type?.node === 'OptionalType') return rangeOfType(type.inner)
  if (type?.node === 'NamedType') return type.name.name === 'Bool' ? truth : everything
  if (type?.node !== 'RangeType') return everything
  return { low: constantOf(type.low) ?? -Infinity, high: constantOf(type.high) ?? Infinity }
}

function constantOf(bound: (TypeNode & { node: 'RangeType' })['low']): number | undefined {
  if (bound?.node === 'Number') return bound.value
  const inner = bound?.node === 'Unary' && bound.operator === '-' ? constantOf(bound.operand) : undefined
  return inner === undefined ? undefined : -inner
}
