// Values while a function is evaluated symbolically: constants stay numbers, tensors carry the level they are at.
// Does not evaluate anything.

import type { FunctionDeclaration } from '../../grammar/ast/ast.js'
import type { CompileValue } from '../elaborate/value.js'
import type { Value } from '../graph/builder.js'
import type { DeclarationSymbol } from '../resolve/program.js'

export type Term =
  | { readonly type: 'none' }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'list'; readonly items: readonly Term[] }
  | { readonly type: 'record'; readonly fields: ReadonlyMap<string, Term> }
  | { readonly type: 'range'; readonly low: Term | undefined; readonly high: Term | undefined }
  | TensorTerm
  | FunctionTerm
  /** A mistake was reported; anything made of it is silent. */
  | { readonly type: 'poison' }

/** One number (f32) or truth value (bool) for each element of a level; depth 0 is the whole batch. */
export interface TensorTerm {
  readonly type: 'tensor'
  readonly value: Value
  readonly depth: number
}

/** A function of the language with some parameters bound. */
export interface FunctionTerm {
  readonly type: 'function'
  readonly symbol: DeclarationSymbol
  readonly declaration: FunctionDeclaration
  readonly bound: ReadonlyMap<string, Term>
}

export const poison: Term = { type: 'poison' }
export const numberTerm = (value: number): Term => ({ type: 'number', value })
export const booleanTerm = (value: boolean): Term => ({ type: 'boolean', value })

/** `undefined` for what has no meaning inside a program: references, deferred values, host calls, secrets. Quantities become plain numbers. */
export function termOf(value: CompileValue): Term | undefined {
  switch (value.type) {
    case 'none':
    case 'boolean':
    case 'text':
    case 'poison':
      return value
    case 'number':
      return numberTerm(value.value)
    case 'list': {
      const items = value.items.map(termOf)
      return items.every((item) => item !== undefined) ? { type: 'list', items } : undefined
    }
    case 'record': {
      const fields = [...value.fields].map(([name, field]) => [name, termOf(field)] as const)
      return fields.every((entry): entry is readonly [string, Term] => entry[1] !== undefined) ? { type: 'record', fields: new Map(fields) } : undefined
    }
    case 'range': {
      const [low, high] = [value.low && termOf(value.low), value.high && termOf(value.high)]
      return { type: 'range', low, high }
    }
    case 'closure': {
      const bound = [...value.bound].map(([name, argument]) => [name, termOf(argument)] as const)
      const known = bound.every((entry): entry is readonly [string, Term] => entry[1] !== undefined)
      return known ? { type: 'function', symbol: value.symbol, declaration: value.declaration, bound: new Map(bound) } : undefined
    }
    default:
      return undefined
  }
}

/** What a value is called in a message. */
export function describe(term: Term): string {
  switch (term.type) {
    case 'tensor':
      return term.value.dtype === 'bool' ? 'a truth value' : 'a number'
    case 'function':
      return `the function \`${term.symbol.name}\``
    case 'number':
    case 'boolean':
      return `\`${String(term.value)}\``
    case 'text':
      return `the text "${term.value}"`
    case 'none':
      return '`none`'
    default:
      return `a ${term.type}`
  }
}
