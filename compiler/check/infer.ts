// The type of an expression, node by node. Each rule family has its own `infer-*.ts`; here they meet.

import type { Expression, If, ListLiteral, NumberLiteral, RecordLiteral } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { replace, type Context, type Env } from './context.js'
import { conditionOf, narrowed, narrowing } from './conditions.js'
import { inferCall } from './infer-calls.js'
import { inferField, inferIndex, inferName } from './infer-names.js'
import { inferBinary, inferUnary } from './infer-operators.js'
import { BOOLEAN, constant, join, list, NONE, optionsOf, POISON, union, type Type } from './types.js'
import { DIMENSIONS, shownUnit, unitNamed, unitSpellings } from './units.js'

/**
 * The type of `expression` in `env`; poison after a mistake, which is reported.
 * @param wanted what the place wants: a hint for literals, functions and type parameters. Whether it fits is checked by `expectType`.
 */
export function infer(cx: Context, expression: Expression, env: Env, wanted?: Type): Type {
  const type = narrowing(expression, env) ?? inferNode(cx, expression, env, wanted)
  cx.types.set(expression, type)
  return type
}

function inferNode(cx: Context, expression: Expression, env: Env, wanted: Type | undefined): Type {
  switch (expression.node) {
    case 'Number':
      return inferNumber(cx, expression)
    case 'Text':
      return { type: 'text', value: expression.value }
    case 'Boolean':
      return BOOLEAN
    case 'None':
      return NONE
    case 'Name':
      return inferName(cx, expression, env, wanted)
    case 'Unary':
      return inferUnary(cx, expression, env)
    case 'Binary':
      return inferBinary(cx, expression, env)
    case 'If':
      return inferIf(cx, expression, env, wanted)
    case 'Call':
      return inferCall(cx, expression, env, wanted)
    case 'Index':
      return inferIndex(cx, expression, env)
    case 'Field':
      return inferField(cx, expression, env)
    case 'List':
      return inferList(cx, expression, env, wanted)
    case 'Record':
      return inferRecord(cx, expression, env)
    case 'Invalid':
      return POISON
  }
}

function inferNumber(cx: Context, { value, integer, unit, span }: NumberLiteral): Type {
  if (!unit) return constant(value, integer)
  if (unit.name === '%') return constant(value, false)
  const known = unitNamed(unit.name)
  if (!known) {
    const better = suggest(unit.name, unitSpellings())
    cx.report('RLP4003', unit.span, `there is no unit \`${unit.name}\``, {
      label: better ? `did you mean \`${better}\`?` : 'unknown unit',
      notes: better ? [] : [`counts are ${Object.values(DIMENSIONS).filter((one) => one.whole).map((one) => one.unit).join(', ')}; times s, min, h, d; sizes KiB, MiB, GiB`],
      help: better ? `write \`${better}\`` : 'use a unit of the language, or none',
      fixes: better ? [replace(unit.span, better)] : [],
    })
    return POISON
  }
  if (DIMENSIONS[known.dimension]?.whole && !Number.isInteger(value)) {
    const near = Math.round(value)
    cx.report('RLP4007', span, `a number of ${known.unit} is whole`, {
      label: `found ${value}`,
      help: `write \`${near} ${shownUnit(known.dimension)}\``,
      fixes: [replace(span, `${near} ${shownUnit(known.dimension)}`, false)],
    })
    return POISON
  }
  return constant(value * known.factor, false, known.dimension)
}

function inferIf(cx: Context, { condition, then, else: otherwise }: If, env: Env, wanted: Type | undefined): Type {
  const level = conditionOf(cx, condition, env)
  const a = infer(cx, then, narrowed(cx, condition, env, true), wanted)
  const b = infer(cx, otherwise, narrowed(cx, condition, env, false), wanted)
  return branches(cx, a, b, level)
}

/** The branches of a choice as one type: they meet at the innermost level among them and the condition. */
export function branches(cx: Context, a: Type, b: Type, condition: string | undefined): Type {
  const levels = [...optionsOf(a), ...optionsOf(b)].flatMap((option) => (option.type === 'number' || option.type === 'boolean' ? [option.level] : []))
  const inner = levels.reduce((found, level) => {
    const both = cx.levels.innermost(found, level)
    return both === 'unrelated' ? found : both.level
  }, condition)
  return join(atLevel(cx, a, inner), atLevel(cx, b, inner))
}

/** A choice made for each token is a value for each token. */
export function atLevel(cx: Context, type: Type, level: string | undefined): Type {
  if (level === undefined) return type
  return union(
    optionsOf(type).map((option) => {
      if (option.type !== 'number' && option.type !== 'boolean') return option
      const both = cx.levels.innermost(option.level, level)
      return both === 'unrelated' || both.level === undefined ? option : { ...option, level: both.level }
    }),
  )
}

function inferList(cx: Context, { items }: ListLiteral, env: Env, wanted: Type | undefined): Type {
  const item = wanted && optionsOf(wanted).find((option) => option.type === 'list')
  const types = items.map((one) => infer(cx, one, env, item?.type === 'list' ? item.item : undefined))
  return types.length === 0 ? list({ type: 'any' }) : list(types.reduce(join))
}

function inferRecord(cx: Context, { fields }: RecordLiteral, env: Env): Type {
  return { type: 'record', fields: new Map(fields.map(({ name, value }) => [name.name, { type: infer(cx, value, env), optional: false }])) }
}
