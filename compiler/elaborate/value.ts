// Values while the compiler evaluates a spec: constants, references to things of the plan, functions, and
// expressions that only a running stage can finish (`Deferred`).

import type { FunctionDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { Expr, SecretPlan } from '../../spec/plan/plan.js'
import type { DeclarationSymbol } from '../resolve/program.js'

export type CompileValue =
  | { readonly type: 'none' }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** `unit` is the canonical unit of a quantity (`steps`, `seconds`, …) or `undefined` for a pure number. */
  | { readonly type: 'number'; readonly value: number; readonly unit: string | undefined }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'list'; readonly items: readonly CompileValue[] }
  | { readonly type: 'record'; readonly fields: ReadonlyMap<string, CompileValue> }
  | { readonly type: 'range'; readonly low: CompileValue | undefined; readonly high: CompileValue | undefined }
  /** Values by instance key, made by `x[…, *]`: comparisons and arithmetic go key by key. */
  | { readonly type: 'map'; readonly keys: readonly string[]; readonly values: readonly CompileValue[] }
  | ClosureValue
  /** Call of an extern fn whose arguments are known; all parameters filled in, by name. */
  | { readonly type: 'call'; readonly fn: DeclarationSymbol; readonly arguments: ReadonlyMap<string, CompileValue> }
  | { readonly type: 'ref'; readonly to: ReferenceTarget }
  | { readonly type: 'deferred'; readonly expr: Expr }
  | { readonly type: 'secret'; readonly secret: SecretPlan }
  /** A mistake was already reported; anything made of it is silent. */
  | { readonly type: 'poison' }

/** A function with some of its parameters bound, in the language or extern. */
export interface ClosureValue {
  readonly type: 'closure'
  readonly symbol: DeclarationSymbol
  readonly declaration: FunctionDeclaration
  readonly bound: ReadonlyMap<string, CompileValue>
  /** Where it was written, for messages. */
  readonly span: Span
}

export type ReferenceTarget =
  | { readonly kind: 'model'; readonly address: string }
  | { readonly kind: 'dataset'; readonly address: string }
  | { readonly kind: 'reward'; readonly address: string; readonly term?: string }
  | { readonly kind: 'curriculum'; readonly address: string; readonly phase?: string }
  | { readonly kind: 'stage'; readonly address: string; readonly output: string }

export const NONE: CompileValue = { type: 'none' }
export const POISON: CompileValue = { type: 'poison' }

export function real(value: number, unit?: string): CompileValue {
  return { type: 'number', value, unit }
}

export function boolean(value: boolean): CompileValue {
  return { type: 'boolean', value }
}

export function text(value: string): CompileValue {
  return { type: 'text', value }
}

/** Whether anything inside has to wait for a running stage. */
export function isDeferred(value: CompileValue): boolean {
  return some(value, (inner) => inner.type === 'deferred')
}

/** Whether `test` holds for the value or anything inside it. */
export function some(value: CompileValue, test: (inner: CompileValue) => boolean): boolean {
  if (test(value)) return true
  return parts(value).some((part) => some(part, test))
}

/** What a value is directly made of. */
export function parts(value: CompileValue): readonly CompileValue[] {
  switch (value.type) {
    case 'list':
      return value.items
    case 'record':
      return [...value.fields.values()]
    case 'range':
      return [value.low, value.high].filter((bound) => bound !== undefined)
    case 'map':
      return value.values
    case 'closure':
      return [...value.bound.values()]
    case 'call':
      return [...value.arguments.values()]
    default:
      return []
  }
}
