// Conditions of `if`, `and`, `or`: they must be true or false, and tell what is not `none`, or which texts are left, behind them.

import type { Expression } from '../../grammar/ast/ast.js'
import { shortened, sourceOf, type Context, type Env } from './context.js'
import { infer } from './infer.js'
import { join, optionsOf, POISON, show, union, type Type } from './types.js'

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

/** `env` where `condition` holds (or does not): behind `x != none`, `x` is a value; behind `x == "a"` or `x in ["a", "b"]`, one of these texts. */
export function narrowed(cx: Context, condition: Expression, env: Env, holds: boolean): Env {
  if (condition.node === 'Unary' && condition.operator === 'not') return narrowed(cx, condition.operand, env, !holds)
  if (condition.node !== 'Binary') return env
  const { operator, left, right } = condition
  const both = operator === 'and' ? holds : operator === 'or' ? !holds : undefined
  if (both === true) return narrowed(cx, right, narrowed(cx, left, env, holds), holds)
  if (both === false) return either(env, narrowed(cx, left, env, holds), narrowed(cx, right, narrowed(cx, left, env, !holds), holds))
  const fact = factOf(cx, operator, left, right)
  const type = fact && cx.types.get(fact.tested)
  if (!fact || !type || (fact.some && !holds)) return env
  const kept = keep(type, fact.values, holds !== fact.denied)
  return { ...env, narrowed: new Map([...env.narrowed, [sourceOf(fact.tested.span), kept]]) }
}

/** What is known whichever of two held. */
function either(env: Env, a: Env, b: Env): Env {
  const shared = [...a.narrowed].flatMap(([text, type]): [string, Type][] => {
    const other = b.narrowed.get(text)
    return other ? [[text, join(type, other)]] : []
  })
  return { ...env, narrowed: new Map([...env.narrowed, ...shared]) }
}

type Known = { readonly type: 'none' } | { readonly type: 'text'; readonly value: string }

/** A comparison with what is written out: what is compared, with which values, and whether it holds for all others instead. */
interface Fact {
  readonly tested: Expression
  readonly values: readonly Known[]
  readonly denied: boolean
  /** A list that is not written out has some of these values: of what is not in it nothing is known. */
  readonly some?: true
}

function factOf(cx: Context, operator: string, left: Expression, right: Expression): Fact | undefined {
  if (operator === 'in') {
    if (right.node === 'List') return allKnown(right.items.map(known), left)
    const type = cx.types.get(right)
    const fact = type?.type === 'list' ? allKnown(optionsOf(type.item).map(literal), left) : undefined
    return fact && { ...fact, some: true }
  }
  if (operator !== '==' && operator !== '!=') return undefined
  const [a, b] = [known(left), known(right)]
  const value = b ?? a
  return value && { tested: b ? left : right, values: [value], denied: operator === '!=' }
}

function allKnown(values: readonly (Known | undefined)[], tested: Expression): Fact | undefined {
  const all = values.filter((value) => value !== undefined)
  return all.length > 0 && all.length === values.length ? { tested, values: all, denied: false } : undefined
}

const known = (expression: Expression): Known | undefined => (expression.node === 'None' ? { type: 'none' } : expression.node === 'Text' ? { type: 'text', value: expression.value } : undefined)

const literal = (type: Type): Known | undefined => (type.type === 'text' && type.value !== undefined ? { type: 'text', value: type.value } : undefined)

/** The options of a type that are among `values`, or those that are not. Where none is left, nothing gets there: it fits everything. */
function keep(type: Type, values: readonly Known[], among: boolean): Type {
  const equals = (option: Type): boolean => values.some((value) => value.type === option.type && (value.type === 'none' || (option.type === 'text' && option.value === value.value)))
  const left = optionsOf(type).flatMap((option): readonly Type[] => {
    // Any text, and one of a few: these few.
    if (among && option.type === 'text' && option.value === undefined) return values.filter((value) => value.type === 'text')
    return option.type === 'poison' || option.type === 'any' || equals(option) === among ? [option] : []
  })
  return left.length > 0 ? union(left) : POISON
}

/** What the conditions around say about an expression. Expressions have no effects: the same text is the same value. */
export function narrowing(expression: Expression, env: Env): Type | undefined {
  return env.narrowed.size === 0 ? undefined : env.narrowed.get(sourceOf(expression.span))
}
