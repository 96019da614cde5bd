// Conditions of `if`, `and`, `or`: they must be true or false, and tell what is not `none` behind them.

import type { Expression } from '../../grammar/ast/ast.js'
import { shortened, sourceOf, type Context, type Env } from './context.js'
import { infer } from './infer.js'
import { show, withoutNone, type Type } from './types.js'

/** Checks that `condition` is a Bool; its level. */
export function conditionOf(cx: Context, condition: Expression, env: Env): string | undefined {
  const type = infer(cx, condition, env)
  if (type.type === 'boolean') return type.level
  if (type.type === 'poison' || type.type === 'any') return undefined
  cx.report('RLP3001', condition.span, 'a condition is true or false', {
    label: `expected Bool, found ${shortened(show(type))}`,
    help: type.type === 'number' ? 'compare the number, for example `x > 0`' : 'write a comparison',
  })
  return undefined
}

/** `env` where `condition` holds (or does not): behind `x != none`, `x` is a value. */
export function narrowed(cx: Context, condition: Expression, env: Env, holds: boolean): Env {
  if (condition.node === 'Unary' && condition.operator === 'not') return narrowed(cx, condition.operand, env, !holds)
  if (condition.node !== 'Binary') return env
  const { operator, left, right } = condition
  if ((operator === 'and' && holds) || (operator === 'or' && !holds)) return narrowed(cx, right, narrowed(cx, left, env, holds), holds)
  if (operator !== (holds ? '!=' : '==')) return env
  const tested = right.node === 'None' ? left : left.node === 'None' ? right : undefined
  const type = tested && cx.types.get(tested)
  if (!type) return env
  return { ...env, narrowed: new Map([...env.narrowed, [sourceOf(tested.span), withoutNone(type)]]) }
}

/** What the conditions around say about an expression. Expressions have no effects: the same text is the same value. */
export function narrowing(expression: Expression, env: Env): Type | undefined {
  return env.narrowed.size === 0 ? undefined : env.narrowed.get(sourceOf(expression.span))
}
