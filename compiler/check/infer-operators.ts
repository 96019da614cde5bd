// Operators: arithmetic with units, ranges and levels; comparisons; logic; `..`.

import type { Binary, Expression, Unary } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Span } from '../../grammar/source/source.js'
import { ranges, type Interval } from '../arithmetic/ranges.js'
import { mismatch } from './assignable.js'
import { complain, insteadOfNone, unindexed } from './complain.js'
import { narrowed } from './conditions.js'
import { replace, shortened, sourceOf, type Context, type Env } from './context.js'
import { infer } from './infer.js'
import { BOOLEAN, join, list, optionsOf, POISON, same, show, TEXT, union, type BooleanType, type NumberType, type TextType, type Type } from './types.js'
import { shownUnit } from './units.js'

export function inferUnary(cx: Context, { operator, operand, span }: Unary, env: Env): Type {
  return byKey(cx, [infer(cx, operand, env)], span, ([type]) => {
    if (operator === 'not') {
      const truth = asBoolean(cx, operand, type as Type, operator)
      return truth ?? POISON
    }
    const number = asNumber(cx, operand, type as Type, operator)
    return number ? { ...number, ...rangeOfResult('neg', number) } : POISON
  })
}

export function inferBinary(cx: Context, expression: Binary, env: Env): Type {
  const { operator, left, right, span } = expression
  const a = infer(cx, left, env)
  const behind = operator === 'and' ? narrowed(cx, left, env, true) : operator === 'or' ? narrowed(cx, left, env, false) : env
  const b = infer(cx, right, behind)
  return byKey(cx, [a, b], span, ([x, y]) => {
    switch (operator) {
      case 'and':
      case 'or':
        return logic(cx, expression, x as Type, y as Type)
      case '==':
      case '!=':
        return equality(cx, expression, x as Type, y as Type)
      case 'in':
        return membership(cx, expression, x as Type, y as Type)
      case '..':
        return rangeOf(cx, expression, x as Type, y as Type)
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const pair = numbers(cx, expression, x as Type, y as Type)
        const level = pair && oneDimension(cx, expression, ...pair) ? commonLevel(cx, span, ...pair) : undefined
        return level ? { ...BOOLEAN, ...level } : POISON
      }
      default:
        return arithmetic(cx, expression, x as Type, y as Type)
    }
  })
}

/** Applies a rule key by key when an operand has values by key. */
export function byKey(cx: Context, operands: readonly Type[], span: Span, rule: (operands: readonly Type[]) => Type): Type {
  const keyed = operands.filter((type) => type.type === 'keyed')
  const [first] = keyed
  if (first?.type !== 'keyed') return rule(operands)
  if (keyed.some((type) => type.stars !== first.stars)) {
    cx.report('RLP3012', span, 'these values have different keys', { label: 'one side has more `*` than the other', help: 'take `*` over the same keys on both sides' })
    return POISON
  }
  const item = byKey(cx, operands.map((type) => (type.type === 'keyed' ? type.item : type)), span, rule)
  return item.type === 'poison' ? POISON : { type: 'keyed', stars: first.stars, item }
}

/** The operand as a number; anything else is reported. */
export function asNumber(cx: Context, operand: Expression, type: Type, operator: string): NumberType | undefined {
  if (type.type === 'number') return type
  badOperand(cx, operand, type, operator, 'numbers')
  return undefined
}

function asBoolean(cx: Context, operand: Expression, type: Type, operator: string): BooleanType | undefined {
  if (type.type === 'boolean') return type
  if (type.type === 'any') return BOOLEAN
  badOperand(cx, operand, type, operator, 'truth values')
  return undefined
}

function badOperand(cx: Context, operand: Expression, type: Type, operator: string, wanted: string): void {
  if (type.type === 'poison' || type.type === 'any') return
  if (type.type === 'instances') return unindexed(cx, operand, type.keys.map(({ name }) => name))
  if (type.type === 'function') return complain(cx, operand, type, wanted === 'numbers' ? { type: 'number', whole: false, low: -Infinity, high: Infinity } : BOOLEAN, { why: 'uncalled', missing: type.parameters.filter((one) => !one.optional).map(({ name }) => name) }, `\`${operator}\``)
  const source = shortened(sourceOf(operand.span), 24)
  if (optionsOf(type).some((option) => option.type === 'none')) {
    return cx.report('RLP3006', operand.span, `\`${operator}\` needs a value, and this may be \`none\``, { label: `found ${shortened(show(type))}`, help: insteadOfNone(type, source) })
  }
  cx.report('RLP3014', operand.span, `\`${operator}\` works on ${wanted}`, {
    label: `found ${shortened(show(type))}`,
    help: type.type === 'boolean' ? `write \`if ${source} then 1 else 0\`` : type.type === 'number' ? `compare it, for example \`${source} > 0\`` : type.type === 'stage' ? `name an output: \`${source}.…\`` : operator === '+' && isText(type) ? 'a text joins with a text only; write the number as one, or use numbers' : `use ${wanted}`,
  })
}

function numbers(cx: Context, { operator, left, right }: Binary, x: Type, y: Type): readonly [NumberType, NumberType] | undefined {
  const a = asNumber(cx, left, x, operator)
  const b = asNumber(cx, right, y, operator)
  return a && b && [a, b]
}

/** Level of an element-wise result; `undefined` after a mistake. */
export function commonLevel(cx: Context, span: Span, a: { readonly level?: string }, b: { readonly level?: string }): { level?: string } | undefined {
  const both = cx.levels.innermost(a.level, b.level)
  if (both === 'unrelated') {
    cx.report('RLP4103', span, `a value per ${a.level} meets one per ${b.level}`, {
      label: 'these levels are not part of one chain',
      notes: [`no stage kind has both levels, ${a.level} and ${b.level}`],
      help: 'reduce one of them to a level that both lie in',
    })
    return undefined
  }
  return both.level === undefined ? {} : { level: both.level }
}

/** Whether two numbers count the same; reported at the operand that differs. */
export function oneDimension(cx: Context, { operator, left, right }: Pick<Binary, 'left' | 'right'> & { operator: string }, a: NumberType, b: NumberType): boolean {
  if (a.dimension === b.dimension) return true
  const bare = a.dimension === undefined ? left : b.dimension === undefined ? right : undefined
  const dimension = a.dimension ?? b.dimension ?? ''
  if (bare) {
    const text = `${sourceOf(bare.span)} ${shownUnit(dimension)}`
    cx.report('RLP4002', bare.span, `\`${operator}\` needs the same unit on both sides`, {
      label: `a bare number; the other side is ${dimension}`,
      related: [{ span: bare === left ? right.span : left.span, text: `this is ${dimension}` }],
      help: bare.node === 'Number' ? `write \`${text}\`` : `give it the unit, or divide the other side by \`1 ${shownUnit(dimension)}\``,
      fixes: bare.node === 'Number' ? [replace(bare.span, text, false)] : [],
    })
    return false
  }
  cx.report('RLP4001', right.span, `\`${operator}\` needs the same unit on both sides`, {
    label: `expected ${a.dimension}, found ${b.dimension}`,
    related: [{ span: left.span, text: `this is ${a.dimension}` }],
    help: `use ${shownUnit(a.dimension ?? '')} on both sides`,
  })
  return false
}

/** Bounds of the result of an operator or function, from those of its operands. */
export function rangeOfResult(name: string, ...operands: readonly Interval[]): Interval {
  const [a, b = a, c = b] = operands
  const rule = ranges[name]
  if (!rule || !a || !b || !c) return { low: -Infinity, high: Infinity }
  const { low, high } = rule(a, b, c)
  return { low, high }
}

function arithmetic(cx: Context, expression: Binary, x: Type, y: Type): Type {
  const { operator, span } = expression
  if (operator === '+' && x.type === 'list' && y.type === 'list') return list(join(x.item, y.item))
  if (operator === '+' && isText(x) && isText(y)) return joinedText(x, y)
  const pair = numbers(cx, expression, x, y)
  if (!pair) return POISON
  const [a, b] = pair
  const dimension = resultDimension(cx, expression, a, b)
  const level = dimension && commonLevel(cx, span, a, b)
  if (!level) return POISON
  if (operator === '/' && b.low <= 0 && b.high >= 0 && b.low > -Infinity && b.high < Infinity) reportDivision(cx, expression.right, b)
  const whole = operator !== '/' && operator !== '^' && a.whole && b.whole
  return { type: 'number', whole, ...dimension, ...level, ...rangeOfResult(operator, a, b) }
}

const isText = (type: Type): boolean => optionsOf(type).length > 0 && optionsOf(type).every((option) => option.type === 'text')

/** One text behind the other; which texts it can be is known when both sides are a few. */
function joinedText(x: Type, y: Type): Type {
  const texts = [x, y].map((type) => optionsOf(type).map((option) => (option.type === 'text' ? option.value : undefined)))
  const [left, right] = texts as [(string | undefined)[], (string | undefined)[]]
  if (texts.flat().includes(undefined) || left.length * right.length > MOST_TEXTS) return TEXT
  return union(left.flatMap((a) => right.map((b): Type => ({ type: 'text', value: `${a}${b}` }))))
}

/** So many texts are still told apart. */
const MOST_TEXTS = 16

/** A divisor that is known to be in a range around 0. */
function reportDivision(cx: Context, divisor: Expression, { low, high }: NumberType): void {
  const source = shortened(sourceOf(divisor.span), 24)
  cx.report('RLP6103', divisor.span, low === 0 && high === 0 ? 'this divides by zero' : 'this divisor can be zero', {
    label: low === high ? `this is ${low}` : `this is in ${low}..${high}`,
    help: `keep it away from 0, for example \`max(${source}, 1e-6)\``,
  })
}

function resultDimension(cx: Context, { operator, left, right, operatorSpan }: Binary, a: NumberType, b: NumberType): { dimension?: string } | undefined {
  const of = (dimension: string | undefined) => (dimension === undefined ? {} : { dimension })
  switch (operator) {
    case '+':
    case '-':
      return oneDimension(cx, { operator, left, right }, a, b) ? of(a.dimension) : undefined
    case '*':
      if (a.dimension === undefined || b.dimension === undefined) return of(a.dimension ?? b.dimension)
      break
    case '/':
      if (b.dimension === undefined) return of(a.dimension)
      if (a.dimension === undefined || a.dimension === b.dimension) return {}
      break
    default:
      if (a.dimension === undefined && b.dimension === undefined) return {}
  }
  cx.report('RLP4004', operatorSpan, `\`${operator}\` does not combine ${a.dimension ?? 'a number'} and ${b.dimension ?? 'a number'}`, {
    label: operator === '^' ? 'powers are of pure numbers' : `there is no unit for the result`,
    help: `make one of them a pure number: divide by \`1 ${shownUnit(b.dimension ?? a.dimension ?? '')}\``,
  })
  return undefined
}

function logic(cx: Context, { operator, left, right, span }: Binary, x: Type, y: Type): Type {
  const a = asBoolean(cx, left, x, operator)
  const b = asBoolean(cx, right, y, operator)
  const level = a && b && commonLevel(cx, span, a, b)
  return level ? { ...BOOLEAN, ...level } : POISON
}

function equality(cx: Context, expression: Binary, x: Type, y: Type): Type {
  const { left, right, operator, span } = expression
  if (x.type === 'poison' || y.type === 'poison') return POISON
  if (x.type === 'none' || y.type === 'none' || x.type === 'any' || y.type === 'any') return BOOLEAN
  if (x.type === 'number' && y.type === 'number') {
    const level = oneDimension(cx, expression, x, y) ? commonLevel(cx, span, x, y) : undefined
    return level ? { ...BOOLEAN, ...level } : POISON
  }
  const texts = [x, y].map((type) => optionsOf(type).flatMap((option) => (option.type === 'text' && option.value !== undefined ? [option.value] : [])))
  const [of, written] = y.type === 'text' && y.value !== undefined ? [x, right] : [y, left]
  const legal = texts[of === x ? 0 : 1] as string[]
  const found = (texts[of === x ? 1 : 0] as string[])[0]
  if (written.node === 'Text' && found !== undefined && legal.length > 0 && legal.length === optionsOf(of).length && !legal.includes(found)) {
    const source = shortened(sourceOf((of === x ? left : right).span), 24)
    complain(cx, written, { type: 'text', value: found } satisfies TextType, of, { why: 'literal', legal, found }, `\`${source}\``)
    return POISON
  }
  const comparable = optionsOf(x).some((a) => optionsOf(y).some((b) => a.type === b.type && (a.type !== 'artefact' || same(a, b)) && a.type !== 'function'))
  if (comparable) {
    const level = x.type === 'boolean' && y.type === 'boolean' ? commonLevel(cx, span, x, y) : {}
    return level ? { ...BOOLEAN, ...level } : POISON
  }
  for (const [operand, type] of [[left, x], [right, y]] as const) if (type.type === 'instances') unindexed(cx, operand, type.keys.map(({ name }) => name))
  cx.report('RLP3014', span, `\`${operator}\` compares values of one type`, { label: `${shortened(show(x), 28)} and ${shortened(show(y), 28)} are never equal`, help: 'compare with a value of the same type' })
  return POISON
}

function membership(cx: Context, { left, right, span }: Binary, x: Type, y: Type): Type {
  if (x.type === 'poison' || y.type === 'poison') return POISON
  if (y.type !== 'list' && y.type !== 'range') {
    if (y.type !== 'any') cx.report('RLP3014', right.span, '`in` asks a list or a range', { label: `found ${shortened(show(y))}`, help: 'write `x in 0.2..0.8` or `x in ["a", "b"]`' })
    return y.type === 'any' ? BOOLEAN : POISON
  }
  // Between two bounds, element by element: what is asked may lie further in than the bounds.
  const level = y.type === 'range' && x.type === 'number' && y.item.type === 'number' ? commonLevel(cx, span, x, y.item) : x.type === 'number' && x.level !== undefined ? { level: x.level } : {}
  if (!level) return POISON
  const reason = mismatch(open(x), open(y.type === 'range' && y.item.type === 'number' ? { ...y.item, ...level } : y.item), cx.levels)
  if (reason && reason.why !== 'literal' && reason.why !== 'range') {
    complain(cx, left, x, y.item, reason, '`in`')
    return POISON
  }
  if (reason?.why === 'literal' && left.node === 'Text') cx.report('RLP3014', span, 'this is never true', { label: `${JSON.stringify(left.value)} is not in the list`, help: suggest(left.value, reason.legal) ? `write ${JSON.stringify(suggest(left.value, reason.legal))}` : 'ask for an element of the list' })
  return { ...BOOLEAN, ...level }
}

/** A number without its bounds. */
function open(type: Type): Type {
  return type.type === 'number' ? { ...type, whole: false, low: -Infinity, high: Infinity } : type
}

function rangeOf(cx: Context, expression: Binary, x: Type, y: Type): Type {
  const { left, right, span } = expression
  if (x.type === 'none' || y.type === 'none') return { type: 'range', item: open(x.type === 'none' ? y : x) }
  const pair = numbers(cx, expression, x, y)
  if (!pair || !oneDimension(cx, expression, ...pair)) return POISON
  const [a, b] = pair
  if (a.low > b.high) {
    const text = `${sourceOf(right.span)}..${sourceOf(left.span)}`
    cx.report('RLP4008', span, 'this range is empty', { label: `${sourceOf(left.span)} is above ${sourceOf(right.span)}`, help: `write \`${text}\``, fixes: [replace(span, text, false)] })
    return POISON
  }
  const level = commonLevel(cx, span, a, b)
  if (!level) return POISON
  return { type: 'range', item: { ...a, ...level, whole: a.whole && b.whole, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) } }
}
