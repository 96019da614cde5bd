// What an editor shows for the name at a place of a spec: the page of what it names, as `rlpc doc` has it.
// Attributes, sections and outputs have the text of their kind; values of parameters and locals have none.

import type { Block, Declaration, Identifier } from '../../grammar/ast/ast.js'
import type { Kinds } from '../kinds/read.js'
import type { KindSchema, Member } from '../kinds/schema.js'
import type { ModuleScope, Program } from '../resolve/program.js'
import { declarationPage, memberPage } from './page.js'

/** Markdown about the name at `offset` (UTF-16 units) of the entry module; `undefined` where no name is, or one of which nothing is known. */
export function hoverAt(program: Program, kinds: Kinds, offset: number): string | undefined {
  const { entry } = program
  const { text } = entry.module.file
  const start = offset - (/\w*$/.exec(text.slice(0, offset))?.[0].length ?? 0)
  const word = /^[A-Za-z_]\w*/.exec(text.slice(start))?.[0]
  if (word === undefined) return undefined
  const at: Place = { scope: entry, kinds, under: ({ span }) => span.start <= offset && offset <= span.end }
  const declaration = entry.module.declarations.find(({ span }) => span.start <= offset && offset <= span.end)
  const setting = declaration && ofMember(declaration, at)
  if (setting !== undefined) return setting
  const base = /(\w+)(?:\[[^[\]]*\])?\.$/.exec(text.slice(0, start))?.[1]
  if (base !== undefined) return ofField(base, word, at)
  return declaration && isLocal(declaration, word) ? undefined : ofName(word, entry)
}

interface Place {
  readonly scope: ModuleScope
  readonly kinds: Kinds
  readonly under: (name: Identifier) => boolean
}

/** The page of a declaration; what the module itself declares needs no import. */
function ofName(name: string, scope: ModuleScope, from: ModuleScope = scope): string | undefined {
  const symbol = from === scope ? scope.lookup(name) : from.declared.get(name)
  return symbol?.symbol === 'declaration' ? declarationPage(symbol.module === scope ? undefined : symbol.module.path, symbol.declaration) : undefined
}

/** An attribute or section that a declaration sets. */
function ofMember(declaration: Declaration, at: Place): string | undefined {
  if (declaration.node !== 'Declaration' || !declaration.body) return undefined
  const kind = at.kinds.kindOf(declaration, at.scope)
  const own = kind && inBlock(declaration.body, [], kind, at)
  if (own !== undefined) return own
  for (const item of declaration.body.items) {
    const inner = item.node === 'Declaration' ? ofMember(item, at) : undefined
    if (inner !== undefined) return inner
  }
  return undefined
}

function inBlock({ items }: Block, before: readonly string[], kind: KindSchema, at: Place): string | undefined {
  for (const item of items) {
    if (item.node === 'Attribute' && item.path.some(at.under)) return settingPage(kind, [...before, ...item.path.slice(0, item.path.findIndex(at.under) + 1).map(({ name }) => name)])
    if (item.node !== 'Section') continue
    const found = at.under(item.name) ? settingPage(kind, [...before, item.name.name]) : inBlock(item.body, [...before, item.name.name], kind, at)
    if (found !== undefined) return found
  }
  return undefined
}

/** `lr` of `optimizer`, under our name or another system's. */
function settingPage(kind: KindSchema, path: readonly string[]): string | undefined {
  const written = path.join('.')
  const ours = (kind.aliases.get(written) ?? written).split('.')
  const section = kind.sections.get(ours[0] as string)
  const member: Member | undefined = ours.length === 1 ? kind.members.get(ours[0] as string) : section?.members.get(ours[1] as string)
  if (member) return memberPage(`${kind.name}.${ours.join('.')}`, member)
  return section && ours.length === 1 ? `## ${kind.name}.${section.name}\n\n${section.doc}`.trimEnd() : undefined
}

/** `stage.output`, `stage[key].output` or `module.name`. */
function ofField(base: string, name: string, { scope, kinds }: Place): string | undefined {
  const symbol = scope.lookup(base)
  if (symbol?.symbol === 'namespace') return ofName(name, scope, symbol.target)
  if (symbol?.symbol !== 'declaration' || symbol.declaration.node !== 'Declaration') return undefined
  const kind = kinds.kindOf(symbol.declaration, symbol.module)
  const output = kind?.outputs.get(name)
  return kind && output && memberPage(`${kind.name}.${output.name}`, output)
}

/** A parameter or local hides what the module calls so. */
const isLocal = (declaration: Declaration, name: string): boolean =>
  declaration.node === 'Function' ? [...declaration.parameters, ...declaration.lets].some((each) => each.name.name === name) : declaration.node === 'Declaration' && declaration.keys.some((key) => key.name.name === name)
