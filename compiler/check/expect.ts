// Checks an expression against the type that its place wants, down to the innermost part that is wrong.

import type { Expression, ListLiteral } from '../../grammar/ast/ast.js'
import { mismatch } from './assignable.js'
import { complain } from './complain.js'
import { conditionOf, narrowed } from './conditions.js'
import type { Context, Env } from './context.js'
import { branches, infer } from './infer.js'
import { join, list, optionsOf, POISON, TEXT, type FieldType, type Type } from './types.js'

/**
 * Infers `expression` and reports when it is not a `wanted`.
 * @param subject what the value is for, as messages call it: `` `batch` ``, `` argument `data` of `share` ``.
 * @returns the inferred type, or poison after a mistake.
 */
export function expectType(cx: Context, expression: Expression, wanted: Type, env: Env, subject: string): Type {
  const type = expectPart(cx, expression, wanted, env, subject)
  cx.types.set(expression, type)
  return type
}

function expectPart(cx: Context, expression: Expression, wanted: Type, env: Env, subject: string): Type {
  switch (expression.node) {
    case 'If': {
      const level = conditionOf(cx, expression.condition, env)
      const then = expectType(cx, expression.then, wanted, narrowed(cx, expression.condition, env, true), subject)
      const otherwise = expectType(cx, expression.else, wanted, narrowed(cx, expression.condition, env, false), subject)
      const type = branches(cx, then, otherwise, level)
      const reason = level === undefined ? undefined : mismatch(type, wanted, cx.levels)
      if (reason) complain(cx, expression, type, wanted, reason, subject)
      return reason ? POISON : type
    }
    case 'List': {
      const option = optionsOf(wanted).find((each) => each.type === 'list')
      if (option?.type !== 'list') break
      const items = expression.items.map((item) => expectType(cx, item, option.item, env, `an item of ${subject}`))
      if (option.set) reportRepetition(cx, expression, subject)
      return items.some(({ type }) => type === 'poison') ? POISON : items.length === 0 || option.item === TEXT ? option : list(items.reduce(join))
    }
    case 'Record': {
      const option = optionsOf(wanted).find((each) => each.type === 'record' || each.type === 'map')
      if (option?.type === 'map') {
        const fields = expression.fields.map(({ name, value }) => [name.name, { type: expectType(cx, value, option.item, env, `\`${name.name}\` of ${subject}`), optional: false }] as const)
        return { type: 'record', fields: new Map<string, FieldType>(fields) }
      }
      if (option?.type !== 'record') break
      const fields = new Map<string, FieldType>()
      for (const { name, value } of expression.fields) {
        const field = option.fields.get(name.name)
        const type = field ? expectType(cx, value, field.type, env, `\`${name.name}\` of ${subject}`) : infer(cx, value, env)
        fields.set(name.name, { type, optional: false })
      }
      return accept(cx, expression, { type: 'record', fields }, wanted, subject)
    }
  }
  return accept(cx, expression, infer(cx, expression, env, wanted), wanted, subject)
}

function accept(cx: Context, expression: Expression, type: Type, wanted: Type, subject: string): Type {
  const reason = mismatch(type, wanted, cx.levels)
  if (!reason) return type
  complain(cx, expression, type, wanted, reason, subject)
  return POISON
}

/** The elements of a set are texts or integers, each once. */
export function reportRepetition(cx: Context, expression: ListLiteral, subject: string): void {
  const seen = new Map<string, Expression>()
  expression.items.forEach((item, i) => {
    if (item.node !== 'Text' && item.node !== 'Number') return
    const value = JSON.stringify(item.value)
    const first = seen.get(value)
    if (!first) {
      seen.set(value, item)
      return
    }
    const previous = expression.items[i - 1] as Expression
    cx.report('RLP3009', item.span, `${value} is in ${subject} twice`, {
      label: 'repeated',
      related: [{ span: first.span, text: 'first here' }],
      help: 'remove one of them',
      fixes: [{ title: `remove the second ${value}`, edits: [{ span: { ...item.span, start: previous.span.end }, insert: '' }], safe: true }],
    })
  })
}
