// Modules of one compilation and what each name means in them. Filled by `resolve.ts`; holds no types.

import type { Declaration, FunctionDeclaration, GenericDeclaration, Identifier, Module, TestDeclaration, TypeDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'

/** What a name refers to. A namespace is an `import * as x`; a lost name was imported from where it is not, which is already reported. */
export type Symbol = DeclarationSymbol | NamespaceSymbol | LostSymbol

export interface DeclarationSymbol {
  readonly symbol: 'declaration'
  readonly name: string
  readonly module: ModuleScope
  readonly declaration: GenericDeclaration | FunctionDeclaration | TypeDeclaration
}

export interface NamespaceSymbol {
  readonly symbol: 'namespace'
  readonly name: string
  readonly target: ModuleScope
}

/** Stands for anything: whatever is made of it is silent. */
export interface LostSymbol {
  readonly symbol: 'lost'
  readonly name: string
}

/** One module: its own declarations, its imports, and behind them the prelude. */
export interface ModuleScope {
  /** `main.rlp`, `std/losses`: part of a function's identity (`std/losses.clipped`). */
  readonly path: string
  readonly module: Module
  /** Declared here, by name (tests have no name). */
  readonly declared: ReadonlyMap<string, DeclarationSymbol>
  readonly tests: readonly TestDeclaration[]
  /** Declared, imported, or of the prelude; `undefined` when unknown. */
  lookup(name: string): Symbol | undefined
  /** Every name that `lookup` knows, for suggestions. */
  names(): readonly string[]
}

export interface Program {
  readonly entry: ModuleScope
  readonly prelude: ModuleScope
  /** All modules reached from the entry, dependencies first, the prelude first of all. */
  readonly modules: readonly ModuleScope[]
  /** Where the parser complained: nothing can be said to be missing there. */
  readonly damaged?: readonly Span[]
  /** Those of them where brackets or words were lost: what follows in that declaration may not be read as it was meant. */
  readonly torn?: readonly Span[]
  /** Paths of the modules of the standard library that declare `name`; read when first asked for. */
  readonly exporters?: (name: string) => readonly string[]
}

/** `std/losses.clipped`, the identity of a declaration in plans and messages. */
export function qualifiedName(symbol: DeclarationSymbol): string {
  return `${symbol.module.path}.${symbol.name}`
}

export function isFunction(declaration: Declaration): declaration is FunctionDeclaration {
  return declaration.node === 'Function'
}

/** The word of a generic declaration (`stage`, `param`, `kind`, …), or `fn` / `type`. */
export function wordOf(symbol: DeclarationSymbol): string {
  const d = symbol.declaration
  return d.node === 'Declaration' ? d.word.name : d.node === 'Function' ? 'fn' : 'type'
}

export type { Identifier }
