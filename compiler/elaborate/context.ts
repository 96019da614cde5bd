// What every part of elaboration shares: the program, its kinds, values found so far, and diagnostics.
// Knows nothing about any one kind of declaration.

import type { Diagnostic, DiagnosticDetails } from '../../grammar/diagnostics/diagnostic.js'
import type { Declaration, Expression, TypeNode } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { Kinds } from '../kinds/read.js'
import type { DeclarationSymbol, ModuleScope, Program } from '../resolve/program.js'
import { report, type Code } from './codes.js'
import type { Instance } from './instances.js'
import type { Given } from './parameters.js'
import type { Family } from './setting.js'
import type { Patch } from './variants.js'
import type { CompileValue } from './value.js'

/** Where an expression is evaluated: the module whose names it sees, and the names of the place itself. */
export interface Frame {
  readonly module: ModuleScope
  /** Instance keys, parameters of a function, `let`s, terms. */
  readonly locals: ReadonlyMap<string, CompileValue>
  /** Those of `row`, `completion`, `metrics`, `clock` that the place grants. */
  readonly grants: ReadonlySet<string>
}

/** The type that the place wants; function types keep functions as functions. */
export interface Expected {
  readonly type: TypeNode
  readonly scope: ModuleScope
}

export class Context {
  readonly diagnostics: Diagnostic[] = []
  /** Values of `const`, `param` and `secret` declarations; `undefined` while one is being evaluated. */
  readonly values = new Map<Declaration, CompileValue | undefined>()
  readonly instances = new Map<Declaration, readonly Instance[]>()
  /** Address of an instance → its declaration. */
  readonly owners = new Map<string, DeclarationSymbol>()
  /** What the instances of a declaration have in common, by the prefix of the phase (empty for the declaration itself). */
  readonly families = new Map<Declaration, Map<string, Family>>()
  /** Nested calls of functions of the language. */
  depth = 0
  private readonly seen = new Set<string>()

  constructor(
    readonly program: Program,
    readonly kinds: Kinds,
    readonly given: ReadonlyMap<string, Given>,
    readonly patches: ReadonlyMap<Declaration, readonly Patch[]>,
  ) {}

  /** Says a mistake once: instances of one declaration repeat each other's. */
  report(code: Code, span: Span, title: string, details: DiagnosticDetails = {}): void {
    const key = `${code} ${span.file.path} ${span.start} ${span.end}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    this.diagnostics.push(report(code, span, title, details))
  }
}

export const NO_GRANTS: ReadonlySet<string> = new Set()
export const NO_LOCALS: ReadonlyMap<string, CompileValue> = new Map()

/** The frame of a module's own declarations. */
export function moduleFrame(module: ModuleScope): Frame {
  return { module, locals: NO_LOCALS, grants: NO_GRANTS }
}

/** Source text of an expression on one line, for messages and claims. */
export function sourceText(expression: Expression): string {
  const { file, start, end } = expression.span
  return file.text.slice(start, end).replace(/\/\/[^\n]*/g, '').replace(/\s+/g, ' ').trim()
}
