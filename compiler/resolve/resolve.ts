// Loads the entry and everything it imports, and binds the names of each module.
// Looks into no declaration: what a name means inside is the checker's business.

import type { Identifier, Import, TestDeclaration } from '../../grammar/ast/ast.js'
import type { Diagnostic, Edit } from '../../grammar/diagnostics/diagnostic.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { restoreTree } from '../../grammar/ast/stored-tree.js'
import { parse } from '../../grammar/index.js'
import { SourceFile, type SourceHost, type Span } from '../../grammar/source/source.js'
import { report } from './codes.js'
import type { DeclarationSymbol, ModuleScope, Program, Symbol } from './program.js'
import { eachUse } from './uses.js'

export const PRELUDE = 'std/prelude'
/** Brackets that do not match and words that do not fit: the parser had to skip something. */
const TEARING: ReadonlySet<string> = new Set(['RLP0005', 'RLP0006', 'RLP1007'])

export interface Resolution {
  /** `undefined` only when the entry cannot be read. */
  readonly program: Program | undefined
  /** Of the parser and of names; never thrown. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Syntax trees by path, for whoever resolves again and again: a tree is used while the text stays the same. */
export type ParseCache = Map<string, { readonly text: string; readonly parsed: ReturnType<typeof parse> }>

/** Read the module at `entryPath`, the prelude and all imports, and bind their names. */
export function resolve(entryPath: string, host: SourceHost, cache: ParseCache = new Map()): Resolution {
  const loader = new Loader(host, cache)
  const prelude = loader.load(PRELUDE)
  const entry = entryPath === PRELUDE ? prelude : loader.load(entryPath)
  if (!prelude || !entry) {
    const missing = entry ? PRELUDE : entryPath
    const none = report('RLP2003', new SourceFile(missing, '').span(0, 0), `there is no file \`${missing}\``, { help: 'give the path of a `.rlp` file' })
    return { program: undefined, diagnostics: [...loader.diagnostics, none] }
  }
  return { program: { entry, prelude, modules: loader.modules, damaged: loader.damaged, torn: loader.torn, exporters: exportersIn(host, cache) }, diagnostics: loader.diagnostics }
}

/** Looks names up in all modules of the standard library, which are parsed when the first name is asked for: only mistakes pay. */
function exportersIn(host: SourceHost, cache: ParseCache): (name: string) => readonly string[] {
  let modules: readonly { readonly path: string; readonly names: ReadonlySet<string> }[] | undefined
  const read = (path: string) => {
    const text = host.read(path)
    const declarations = text === undefined ? [] : parsed(host, cache, path, text).module.declarations
    return { path, names: new Set(declarations.flatMap((one) => (one.node === 'Test' ? [] : [one.name.name]))) }
  }
  return (name) => {
    modules ??= (host.modules?.() ?? []).filter((path) => path.startsWith('std/') && path !== PRELUDE).map(read)
    return modules.filter(({ names }) => names.has(name)).map(({ path }) => path)
  }
}

function parsed(host: SourceHost, cache: ParseCache, path: string, text: string): ReturnType<typeof parse> {
  const known = cache.get(path)
  if (known?.text === text) return known.parsed
  const file = new SourceFile(path, text)
  const stored = host.tree?.(path)
  const restored = stored === undefined ? undefined : restoreTree(stored, file)
  // Only trees of sources without mistakes are stored.
  const result = restored ? { module: restored, diagnostics: [] } : parse(file)
  cache.set(path, { text, parsed: result })
  return result
}

class Scope implements ModuleScope {
  readonly declared = new Map<string, DeclarationSymbol>()
  readonly imported = new Map<string, Symbol>()
  readonly tests: TestDeclaration[] = []

  constructor(
    readonly path: string,
    readonly module: ModuleScope['module'],
    private readonly prelude: ModuleScope | undefined,
  ) {}

  lookup(name: string): Symbol | undefined {
    return this.declared.get(name) ?? this.imported.get(name) ?? this.prelude?.declared.get(name)
  }

  names(): readonly string[] {
    return [...this.declared.keys(), ...this.imported.keys(), ...(this.prelude?.declared.keys() ?? [])]
  }
}

class Loader {
  readonly diagnostics: Diagnostic[] = []
  readonly damaged: Span[] = []
  readonly torn: Span[] = []
  /** Finished modules, dependencies first. */
  readonly modules: Scope[] = []
  private readonly known = new Map<string, Scope>()
  /** Modules being loaded, outermost first, with the import that asked for each. */
  private readonly open: { readonly path: string; readonly by: Import | undefined }[] = []
  private prelude: Scope | undefined

  constructor(
    private readonly host: SourceHost,
    private readonly cache: ParseCache,
  ) {}

  load(path: string, by?: Import): Scope | undefined {
    const known = this.known.get(path)
    if (known) return known
    const text = this.host.read(path)
    if (text === undefined) return undefined
    const { module, diagnostics } = parsed(this.host, this.cache, path, text)
    this.diagnostics.push(...diagnostics)
    for (const { severity, code, primary } of diagnostics) {
      if (severity === 'error') this.damaged.push(primary.span)
      if (TEARING.has(code)) this.torn.push(primary.span)
    }
    const scope = new Scope(path, module, this.prelude)
    this.open.push({ path, by })
    for (const one of module.imports) this.bindImport(one, scope)
    this.open.pop()
    this.bindDeclarations(scope)
    this.known.set(path, scope)
    this.modules.push(scope)
    if (path === PRELUDE) this.prelude = scope
    return scope
  }

  private bindImport(one: Import, scope: Scope): void {
    const target = this.target(one, scope)
    if (one.namespace) {
      const name = one.namespace.name
      this.bind(scope, one.namespace, target ? { symbol: 'namespace', name, target } : { symbol: 'lost', name })
    }
    for (const { name, alias } of one.names) {
      const symbol = target?.declared.get(name.name)
      if (target && !symbol) this.notExported(name, alias, one, target, scope)
      this.bind(scope, alias, symbol ?? { symbol: 'lost', name: alias.name })
    }
  }

  /** The module that an import means; a missing one and a cycle are reported here. */
  private target(one: Import, scope: Scope): Scope | undefined {
    if (one.path === '') return undefined // the parser has said so
    const path = this.host.resolve(one.path, scope.path)
    const start = this.open.findIndex((entry) => entry.path === path)
    if (start >= 0) {
      this.cycle(one, start)
      return undefined
    }
    const target = this.load(path, one)
    if (!target) this.unknownModule(one, path, scope)
    return target
  }

  private bind(scope: Scope, at: Identifier, symbol: Symbol): void {
    const first = scope.imported.get(at.name)
    if (!first) {
      scope.imported.set(at.name, symbol)
      return
    }
    this.diagnostics.push(report('RLP2002', at.span, `\`${at.name}\` is imported twice`, { label: 'second import', help: 'remove it, or give it another name with `as`' }))
  }

  private bindDeclarations(scope: Scope): void {
    for (const declaration of scope.module.declarations) {
      if (declaration.node === 'Test') {
        scope.tests.push(declaration)
        continue
      }
      const { name, span } = declaration.name
      if (name === '') continue // left by error recovery
      const first = scope.declared.get(name)
      if (first) {
        this.diagnostics.push(
          report('RLP2002', span, `\`${name}\` is declared twice`, {
            label: 'second declaration',
            related: [{ span: first.declaration.name.span, text: 'first declared here' }],
            help: 'give one of them another name',
          }),
        )
        continue
      }
      const imported = scope.module.imports.flatMap((one) => [...one.names.map(({ alias }) => alias), ...(one.namespace ? [one.namespace] : [])]).find((alias) => alias.name === name)
      if (imported) {
        this.diagnostics.push(
          report('RLP2002', span, `\`${name}\` is declared here and imported`, {
            label: 'declared here',
            related: [{ span: imported.span, text: 'imported here' }],
            help: 'rename the declaration, or import under another name with `as`',
          }),
        )
      }
      scope.declared.set(name, { symbol: 'declaration', name, module: scope, declaration })
    }
  }

  private unknownModule(one: Import, path: string, scope: Scope): void {
    const known = (this.host.modules?.() ?? []).filter((other) => other !== scope.path)
    const tried = [path]
    let better: string | undefined
    if (!one.path.startsWith('std/')) {
      for (const specifier of [`${one.path}.rlp`, `./${one.path}`, `./${one.path}.rlp`, `std/${one.path.replace(/^\.\//, '').replace(/\.rlp$/, '')}`]) {
        const other = this.host.resolve(specifier, scope.path)
        if (!tried.includes(other)) tried.push(other)
        if (better === undefined && this.host.read(other) !== undefined) better = specifier
      }
    }
    better ??= suggest(one.path, known)
    this.diagnostics.push(
      report('RLP2003', one.pathSpan, `there is no module \`${one.path}\``, {
        label: better ? `did you mean \`${better}\`?` : 'no such file',
        notes: [`looked for ${tried.map((each) => `\`${each}\``).join(', ')}`],
        help: better ? `import from "${better}"` : 'import paths are relative to this file (`./rows.rlp`), or begin with `std/`',
        fixes: better ? [{ title: `import from "${better}"`, edits: [{ span: one.pathSpan, insert: `"${better}"` }], safe: true }] : [],
      }),
    )
  }

  private notExported(name: Identifier, alias: Identifier, one: Import, target: Scope, scope: Scope): void {
    const names = [...target.declared.keys()]
    const better = suggest(name.name, names)
    const behind = target.imported.has(name.name) ? target.module.imports.find((inner) => inner.names.some(({ alias }) => alias.name === name.name)) : undefined
    const shown = names.slice(0, 12).map((each) => `\`${each}\``).join(', ')
    this.diagnostics.push(
      report('RLP2004', name.span, `module \`${one.path}\` has no \`${name.name}\``, {
        label: better ? `did you mean \`${better}\`?` : 'not declared there',
        notes: names.length > 0 ? [`it declares ${shown}${names.length > 12 ? ', …' : ''}`] : [],
        help: behind ? `import it from "${behind.path}", where it is declared` : better ? `import \`${better}\`` : 'import a name that the module declares',
        fixes: better ? [{ title: `import \`${better}\``, edits: renamed(name, alias, better, scope), safe: true }] : [],
      }),
    )
  }

  private cycle(one: Import, start: number): void {
    const chain = this.open.slice(start)
    const paths = [...chain.map((entry) => entry.path), chain[0]?.path ?? '']
    this.diagnostics.push(
      report('RLP2005', one.pathSpan, paths.length === 2 ? 'this file imports itself' : 'these files import each other', {
        label: `${paths.at(-2)} imports ${paths.at(-1)}`,
        related: chain.slice(1).flatMap((entry, i) => (entry.by ? [{ span: entry.by.pathSpan, text: `${chain[i]?.path} imports ${entry.path}` }] : [])),
        notes: [paths.join(' -> ')],
        help: 'move what both need into a third file',
      }),
    )
  }
}

/** Writes another name into an import, and where the module uses it, unless it goes by an alias there. */
function renamed(name: Identifier, alias: Identifier, better: string, scope: Scope): Edit[] {
  const edits: Edit[] = [{ span: name.span, insert: better }]
  if (alias.span.start === name.span.start) {
    eachUse(scope.module, (used, span) => {
      if (used === name.name) edits.push({ span, insert: better })
    })
  }
  return edits
}
