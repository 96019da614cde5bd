// What every rule of the checker shares: the program, diagnostics, and the types found so far.
// Knows no rule itself.

import type { Declaration, Expression, TypeNode } from '../../grammar/ast/ast.js'
import type { Diagnostic, DiagnosticDetails, Fix } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { Kinds } from '../kinds/read.js'
import { codes as resolveCodes, report as reportName } from '../resolve/codes.js'
import type { DeclarationSymbol, ModuleScope, Program } from '../resolve/program.js'
import { report as reportCheck, type Code as CheckCode } from './codes.js'
import { Levels } from './levels.js'
import type { InstancesType, Type } from './types.js'

export type Code = CheckCode | keyof typeof resolveCodes

/** Where an expression stands: the module whose names it sees, and the names of the place itself. */
export interface Env {
  readonly scope: ModuleScope
  /** Instance keys, parameters, `let`s, terms, and those of `row`, `completion`, `metrics`, `clock` that the place grants. */
  readonly locals: ReadonlyMap<string, Type>
  /** What conditions around say about an expression, by its text. */
  readonly narrowed: ReadonlyMap<string, Type>
  /** The declaration that uses the names, to find definitions that need themselves. */
  readonly owner: DeclarationSymbol | undefined
  /** Names that are declared further down, or being declared, where what is above is read. */
  readonly below?: ReadonlySet<string>
}

/** One use of a declaration by another. */
export interface Reference {
  readonly to: DeclarationSymbol
  readonly span: Span
}

/** Values of a body by path; a path that was misspelt stands under its right name, so that it is not called missing too. */
export type Written = ReadonlyMap<string, { readonly value: Expression; readonly span: Span }>

const NOTHING: ReadonlyMap<string, Type> = new Map()

export class Context {
  readonly diagnostics: Diagnostic[] = []
  readonly levels: Levels
  /** Types of expressions, as far as they were asked for. */
  readonly types = new Map<Expression, Type>()
  readonly typeNodes = new Map<TypeNode, Type>()
  /** Types of declarations; `undefined` while one is being found. */
  readonly symbols = new Map<Declaration, Type | undefined>()
  readonly keys = new Map<Declaration, InstancesType['keys']>()
  readonly references = new Map<Declaration, Reference[]>()
  /** What each body writes, by path (`optimizer.lr`). */
  readonly written = new Map<Declaration, Written>()
  /** Stages whose rows are being found. */
  readonly rowsOpen = new Set<Declaration>()
  /** Rewards whose missing fields are reported already. */
  readonly rowsTold = new Set<string>()
  /** Names without a meaning that were reported, by module: without them nothing else that uses them can be judged. */
  private readonly unknown = new Set<string>()
  private readonly reported = new Set<string>()

  constructor(
    readonly program: Program,
    readonly kinds: Kinds,
  ) {
    this.levels = new Levels([...kinds.all.values()].map(({ levels }) => levels))
  }

  /** Says a mistake once, however often the place is looked at. */
  report(code: Code, span: Span, title: string, details: DiagnosticDetails = {}): void {
    const key = `${code} ${span.file.path} ${span.start} ${span.end}`
    if (this.reported.has(key)) return
    this.reported.add(key)
    this.diagnostics.push(code in resolveCodes ? reportName(code as keyof typeof resolveCodes, span, title, details) : reportCheck(code as CheckCode, span, title, details))
  }

  /** Whether this is the first time that `name` is unknown in a module. */
  firstUnknown(name: string, file: Span['file']): boolean {
    const key = `${file.path} ${name}`
    if (this.unknown.has(key)) return false
    this.unknown.add(key)
    return true
  }

  hasErrorIn({ file, start, end }: Span): boolean {
    return this.diagnostics.some(({ severity, primary: { span } }) => severity === 'error' && span.file === file && span.start >= start && span.end <= end)
  }

  /** Whether the parser complained inside `span`: what seems to be missing there may only be unreadable. */
  isDamaged(span: Span): boolean {
    return (this.program.damaged ?? []).some((damage) => damage.file === span.file && damage.start <= span.end && damage.end >= span.start)
  }
}

/** The place of a module's own declarations. */
export function moduleEnv(scope: ModuleScope, owner?: DeclarationSymbol): Env {
  return { scope, locals: NOTHING, narrowed: NOTHING, owner }
}

/** `env` with more names. */
export function withLocals(env: Env, names: Iterable<readonly [string, Type]>): Env {
  return { ...env, locals: new Map([...env.locals, ...names]) }
}

/** A fix that writes `text` in the place of `span`. */
export function replace(span: Span, text: string, safe = true, title = `write \`${text}\``): Fix {
  return { title, edits: [{ span, insert: text }], safe }
}

/** `` `a`, `b`, … ``, at most `most` of them. */
export function listed(names: readonly string[], most = 10): string {
  const shown = names.slice(0, most).map((name) => `\`${name}\``)
  return names.length > most ? `${shown.join(', ')}, …` : shown.join(', ')
}

/** `a`, `a and b`, `a, b and c`. */
export function joined(parts: readonly string[], word = 'and'): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} ${word} ${parts.at(-1)}`
}

/** `text` with at most `most` characters. */
export function shortened(text: string, most = 40): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** The source of a node on one line. */
export function sourceOf(span: Span): string {
  return span.file.text.slice(span.start, span.end).replace(/\s+/g, ' ')
}
