// The checker's front door: every declaration of every module, then what only the whole shows.

import type { Declaration, Expression, TypeNode } from '../../grammar/ast/ast.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { Kinds } from '../kinds/read.js'
import type { DeclarationSymbol, ModuleScope, Program } from '../resolve/program.js'
import { unused } from '../resolve/unused.js'
import { checkDeclaration } from './check-declaration.js'
import { checkFunction, checkTypeDeclaration } from './check-function.js'
import { checkTest } from './check-test.js'
import { Context, moduleEnv } from './context.js'
import { expectType } from './expect.js'
import { readType } from './read-type.js'
import { checkRecursion } from './recursion.js'
import { checkSense } from './sense/sense.js'
import { typeOfSymbol } from './symbols.js'
import type { Type } from './types.js'

/** Types as the checker found them, for hover texts and completion. */
export interface TypeTable {
  /** Of an expression of a checked module. */
  of(expression: Expression): Type | undefined
  /** Of what a name refers to; `undefined` for types, kinds, claims, pipelines and variants. */
  ofSymbol(symbol: DeclarationSymbol): Type | undefined
}

export interface CheckResult {
  /** In the order of modules and of the text; empty when all is well. */
  readonly diagnostics: readonly Diagnostic[]
  readonly types: TypeTable
}

/**
 * Types, units, levels and sense of a whole program. Never throws on user input: one mistake gives one diagnostic,
 * whatever depends on it is silent. Modules of the standard library are looked at only as far as the program uses them,
 * unless the entry is one.
 */
export function check(program: Program, kinds: Kinds): CheckResult {
  const cx = new Context(program, kinds)
  const library = (scope: ModuleScope) => scope.path.startsWith('std/') && scope !== program.entry
  for (const scope of program.modules) {
    if (library(scope)) continue
    for (const declaration of scope.module.declarations) checkOne(cx, declaration, scope)
  }
  checkRecursion(cx)
  checkSense(cx)
  if (!cx.diagnostics.some(({ severity }) => severity === 'error') && (program.damaged ?? []).length === 0) {
    for (const scope of program.modules) if (!library(scope)) cx.diagnostics.push(...unused(scope, scope === program.entry))
  }
  const order = new Map(program.modules.map(({ module }, i) => [module.file, i]))
  const place = ({ primary: { span } }: Diagnostic) => order.get(span.file) ?? -1
  const diagnostics = withoutFollowUps(cx.diagnostics, program).toSorted((a, b) => place(a) - place(b) || a.primary.span.start - b.primary.span.start)
  return { diagnostics, types: { of: (expression) => cx.types.get(expression), ofSymbol: (symbol) => typeOfSymbol(cx, symbol) } }
}

/** A name, a type or a kind that nothing declares. */
const UNKNOWN: ReadonlySet<string> = new Set(['RLP2001', 'RLP2011'])

/**
 * Behind a place where the parser lost its way, up to the end of the declaration, mistakes are not the user's.
 * Nor is a name unknown that stands on such a line: `import std/signals as s` may have meant to bring it.
 */
function withoutFollowUps(diagnostics: readonly Diagnostic[], { modules, damaged = [], torn = [] }: Program): readonly Diagnostic[] {
  const lost = torn.flatMap(({ file, start }) => {
    const module = modules.find((scope) => scope.module.file === file)?.module
    const around = module?.declarations.find(({ span }) => span.start <= start && start <= span.end)
    const line = start - file.position(start).column + 1
    return around ? [{ file, start: line, end: around.span.end }] : []
  })
  const lostWords = damaged.map(({ file, start }) => ({ file, words: new Set(file.line(file.position(start).line).match(/\w+/g)) }))
  // Whatever a broken import was to bring is not said again.
  const lostImport = ({ file, words }: { file: unknown; words: ReadonlySet<string> }, span: Span) => file === span.file && words.has('import')
  const maybeLost = ({ code, primary: { span } }: Diagnostic) => UNKNOWN.has(code) && lostWords.some((line) => lostImport(line, span) || (line.file === span.file && line.words.has(span.file.text.slice(span.start, span.end))))
  const rest = diagnostics.filter((one) => !maybeLost(one))
  return rest.filter(({ primary: { span } }) => !lost.some(({ file, start, end }) => span.file === file && start <= span.start && span.end <= end))
}

/** A value from outside of the text, such as that of `--set name=value`, against a type of `scope`. */
export function checkValue(expression: Expression, type: TypeNode, scope: ModuleScope, program: Program, kinds: Kinds, name: string): readonly Diagnostic[] {
  const cx = new Context(program, kinds)
  expectType(cx, expression, readType(cx, type, scope), moduleEnv(scope), `\`${name}\``)
  return cx.diagnostics
}

function checkOne(cx: Context, declaration: Declaration, scope: ModuleScope): void {
  switch (declaration.node) {
    case 'Test':
      return checkTest(cx, declaration, scope)
    case 'Type':
      return checkTypeDeclaration(cx, declaration, scope)
    case 'Function':
      return checkFunction(cx, symbolOf(declaration, scope), declaration)
    case 'Declaration':
      return checkDeclaration(cx, symbolOf(declaration, scope), declaration)
  }
}

/** The symbol of a declaration; a second one of the same name still gets checked. */
function symbolOf(declaration: DeclarationSymbol['declaration'], scope: ModuleScope): DeclarationSymbol {
  const symbol = scope.declared.get(declaration.name.name)
  return symbol?.declaration === declaration ? symbol : { symbol: 'declaration', name: declaration.name.name, module: scope, declaration }
}
