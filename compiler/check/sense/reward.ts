// Sense of a reward, from the ranges of its terms: every term matters, none drowns the others, and the total can differ.

import type { Expression } from '../../../grammar/ast/ast.js'
import type { DeclarationSymbol } from '../../resolve/program.js'
import { partsOf, walk } from '../../resolve/walk.js'
import { shortened, sourceOf, type Context } from '../context.js'
import { attributeOf, termsOf } from '../members.js'
import { showRange, type NumberType, type Type } from '../types.js'

/** A summand that can vary this many times more than all others together drowns them. */
const DROWNS = 100

export function checkRewardSense(cx: Context, symbol: DeclarationSymbol): void {
  const total = attributeOf(symbol.declaration, 'total')
  if (!total) return
  if ((cx.program.damaged ?? []).length === 0) checkUnused(cx, symbol, total)
  const range = numberIn(cx, total)
  if (range && range.low === range.high) {
    cx.report('RLP6102', total.span, 'every completion gets the same reward', { label: `this is always ${range.low}`, notes: ['a reward that never differs gives no direction to learn in'], help: 'let the total depend on a term' })
  }
  checkScale(cx, total)
}

/** A term must be read by the total, by a term that is, as `reward.term` elsewhere, or by an objective over all terms. */
function checkUnused(cx: Context, symbol: DeclarationSymbol, total: Expression): void {
  if (hasObjectiveOverTerms(cx, symbol)) return
  const terms = termsOf(symbol.declaration)
  const read = new Set<string>()
  const look = (expression: Expression): void => {
    if (expression.node === 'Name') {
      const term = read.has(expression.name) ? undefined : terms.get(expression.name)
      if (!term) return
      read.add(expression.name)
      if (term.value) look(term.value)
      return
    }
    if (!isNothing(cx, expression)) partsOf(expression).forEach(look)
  }
  look(total)
  for (const expression of cx.types.keys()) if (expression.node === 'Field' && isReward(expression.target, symbol)) read.add(expression.name.name)
  for (const [name, term] of terms) {
    if (read.has(name) || term.word.name === 'measure') continue
    cx.report('RLP6101', term.name.span, `term \`${name}\` changes nothing`, { label: '`total` does not depend on it', help: `use it in \`total\`, remove it, write \`measure ${name} = …\` to log it only, or give the stage an \`advantage\` that reads \`rewards\`` })
  }
}

/** A product that is always 0, such as `0 * brief`. */
function isNothing(cx: Context, expression: Expression): boolean {
  const range = expression.node === 'Binary' && expression.operator === '*' ? numberIn(cx, expression) : undefined
  return range?.low === 0 && range.high === 0
}

/** Whether a stage with this reward has a function that reads `rewards`, the terms beside their total, such as `advantage = decoupled`. */
function hasObjectiveOverTerms(cx: Context, symbol: DeclarationSymbol): boolean {
  for (const written of cx.written.values()) {
    let here = false
    walk(written.get('reward')?.value, (part) => {
      here ||= isReward(part, symbol)
    })
    if (here && [...written.values()].some(({ value }) => readsTerms(cx.types.get(value)))) return true
  }
  return false
}

function readsTerms(type: Type | undefined): boolean {
  return type?.type === 'function' && type.parameters.some(({ name }) => name === 'rewards')
}

function isReward(expression: Expression, symbol: DeclarationSymbol): boolean {
  const name = expression.node === 'Name' ? expression.name : expression.node === 'Index' && expression.target.node === 'Name' ? expression.target.name : expression.node === 'Field' ? expression.name.name : undefined
  return name === symbol.name
}

/** Summands of the total: one that is unbounded, or varies far more than the rest, decides alone. */
function checkScale(cx: Context, total: Expression): void {
  const summands = summandsOf(total).map((expression) => ({ expression, range: numberIn(cx, expression) }))
  const varying = summands.filter(({ range }) => range && range.low < range.high)
  if (varying.length < 2 || varying.length < summands.filter(({ range }) => !range || range.low < range.high).length) return
  for (const { expression, range } of varying) {
    const width = range ? range.high - range.low : 0
    const rest = varying.filter((other) => other.expression !== expression).reduce((sum, { range: other }) => sum + (other ? other.high - other.low : 0), 0)
    if (!Number.isFinite(rest) || width <= DROWNS * rest) continue
    cx.report('RLP6001', expression.span, `\`${shortened(sourceOf(expression.span), 32)}\` can drown the rest of the reward`, {
      label: `in ${showRange(range?.low ?? -Infinity, range?.high ?? Infinity)}`,
      related: varying.filter((other) => other.expression !== expression).map((other) => ({ span: other.expression.span, text: `in ${showRange(other.range?.low ?? -Infinity, other.range?.high ?? Infinity)}` })),
      help: `bound it, for example \`clamp(${shortened(sourceOf(expression.span), 24)}, -1, 1)\``,
    })
  }
}

function summandsOf(expression: Expression): readonly Expression[] {
  if (expression.node === 'Binary' && (expression.operator === '+' || expression.operator === '-')) return [...summandsOf(expression.left), ...summandsOf(expression.right)]
  return [expression]
}

function numberIn(cx: Context, expression: Expression): NumberType | undefined {
  const type = cx.types.get(expression)
  return type?.type === 'number' ? type : undefined
}
