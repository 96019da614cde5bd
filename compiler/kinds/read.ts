// Reads the `kind` declarations of a program into schemas. Types and defaults stay syntax; the checker reads them.
// Reports only what is wrong with the shape of a kind.

import type { Declaration, Expression, GenericDeclaration, Item, NamedType, TypeNode } from '../../grammar/ast/ast.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { report } from '../resolve/codes.js'
import { qualifiedName, wordOf, type DeclarationSymbol, type ModuleScope, type Program, type Symbol } from '../resolve/program.js'
import type { KindSchema, Member, SectionSchema } from './schema.js'
import { CATEGORIES, MODELS, TOP_WORDS } from './words.js'

export interface Kinds {
  /** All kinds of the program by qualified name (`std/stages.Grpo`). */
  readonly all: ReadonlyMap<string, KindSchema>
  /** The kind that a symbol declares. */
  of(symbol: Symbol | undefined): KindSchema | undefined
  /** The kind of `stage x: Sft`, `claim c`, `phase p`, …; `undefined` when the annotation names none. */
  kindOf(declaration: GenericDeclaration, scope: ModuleScope): KindSchema | undefined
}

/** Read every kind of the program. Diagnostics never stop it: a bad item is left out. */
export function readKinds(program: Program): { kinds: Kinds; diagnostics: readonly Diagnostic[] } {
  const reader = new Reader()
  for (const scope of program.modules) {
    for (const symbol of scope.declared.values()) if (wordOf(symbol) === 'kind') reader.kind(symbol)
  }
  const of = (symbol: Symbol | undefined) => (symbol?.symbol === 'declaration' ? reader.kinds.get(qualifiedName(symbol)) : undefined)
  return {
    kinds: {
      all: reader.kinds,
      of,
      kindOf(declaration, scope) {
        if (declaration.type) return declaration.type.node === 'NamedType' ? of(symbolOfType(declaration.type, scope)) : undefined
        const word = declaration.word.name
        const kind = word === 'phase' ? 'Phase' : TOP_WORDS[word]?.kind
        return kind === undefined ? undefined : of(program.prelude.declared.get(kind))
      },
    },
    diagnostics: reader.diagnostics,
  }
}

/** What a type's name (`Sft`, `knights.Puzzle`) refers to in `scope`. */
export function symbolOfType(type: NamedType, scope: ModuleScope): Symbol | undefined {
  if (!type.module) return scope.lookup(type.name.name)
  const namespace = scope.lookup(type.module.name)
  if (namespace?.symbol === 'lost') return namespace
  return namespace?.symbol === 'namespace' ? namespace.target.declared.get(type.name.name) : undefined
}

/** Where the types of members are read. */
type Place = Pick<Member, 'scope' | 'variables'>

class Reader {
  readonly kinds = new Map<string, KindSchema>()
  readonly diagnostics: Diagnostic[] = []

  kind(symbol: DeclarationSymbol): KindSchema | undefined {
    const qualified = qualifiedName(symbol)
    const known = this.kinds.get(qualified)
    if (known) return known
    const declaration = symbol.declaration
    if (declaration.node !== 'Declaration') return undefined
    const items = declaration.body?.items ?? []
    const place: Place = { scope: symbol.module, variables: declaration.typeParameters.map(({ name }) => name) }
    const lists: Record<'engines' | 'levels', readonly string[]> = { engines: [], levels: [] }
    for (const item of items) if (item.node === 'Attribute') this.list(item, lists)
    const members = new Map<string, Member>()
    const outputs = new Map<string, Member>()
    const sections = new Map<string, SectionSchema>()
    const aliases = new Map<string, string>()
    const schema: KindSchema = {
      name: symbol.name,
      category: this.category(declaration),
      makes: this.made(declaration),
      symbol,
      typeParameters: declaration.typeParameters,
      ...lists,
      members,
      outputs,
      sections,
      aliases,
      doc: declaration.doc,
    }
    this.kinds.set(qualified, schema) // before its sections: a kind may name itself
    for (const item of items) {
      if (item.node === 'Attribute') continue
      if (item.node === 'Declaration' && item.word.name === 'section') this.section(item, place, sections)
      else if (item.node === 'Declaration' && item.word.name === 'output') this.member(item, place, outputs, aliases, ['output'])
      else this.member(item, place, members, aliases, ['input', 'attribute'])
    }
    return schema
  }

  /** `Classifier` of `kind Mlp: Model[Classifier]`. */
  private made({ type, name }: GenericDeclaration): string | undefined {
    const argument = type?.node === 'NamedType' ? type.arguments[0] : undefined
    if (!argument || argument.node === 'InvalidType') return undefined
    if (type?.node === 'NamedType' && type.name.name === 'Model' && argument.node === 'NamedType' && MODELS.includes(argument.name.name)) return argument.name.name
    this.diagnostics.push(report('RLP2011', argument.span, `kind \`${name.name}\` cannot be a category of this`, { label: `only \`Model[${MODELS.join(' | ')}]\` has something in brackets`, help: 'write a plain category; `Model` alone is a language model' }))
    return undefined
  }

  private category(declaration: GenericDeclaration): string {
    const { type } = declaration
    const name = type?.node === 'NamedType' && !type.module ? type.name.name : undefined
    if (name !== undefined && CATEGORIES.includes(name)) return name
    if (type?.node !== 'InvalidType') {
      const better = name === undefined ? undefined : suggest(name, CATEGORIES)
      this.diagnostics.push(
        report('RLP2011', (type ?? declaration.name).span, `kind \`${declaration.name.name}\` needs a category`, {
          label: better ? `did you mean \`${better}\`?` : `one of ${CATEGORIES.join(', ')}`,
          help: `write \`kind ${declaration.name.name}: Stage { … }\``,
          fixes: better && type ? [{ title: `write \`${better}\``, edits: [{ span: type.span, insert: better }], safe: true }] : [],
        }),
      )
    }
    return 'Section'
  }

  /** `engines = ["native"]`, `levels = ["token", "batch"]`. */
  private list(item: Item & { node: 'Attribute' }, lists: Record<'engines' | 'levels', readonly string[]>): void {
    const name = item.path.map((part) => part.name).join('.')
    if (name !== 'engines' && name !== 'levels') {
      const better = suggest(name, ['engines', 'levels'])
      this.diagnostics.push(report('RLP2006', item.path[0]?.span ?? item.span, `a kind has no setting \`${name}\``, { label: better ? `did you mean \`${better}\`?` : 'a kind has `engines` and `levels`', help: 'declare what stages may set with `attribute name: Type = default`' }))
      return
    }
    const texts = item.value.node === 'List' ? item.value.items : undefined
    if (texts?.every((text) => text.node === 'Text')) lists[name] = texts.map((text) => text.value)
    else if (item.value.node !== 'Invalid') this.diagnostics.push(report('RLP2013', item.value.span, `\`${name}\` of a kind is a list of texts`, { help: `write \`${name} = ["…"]\`` }))
  }

  private section(item: GenericDeclaration, place: Place, sections: Map<string, SectionSchema>): void {
    if (sections.has(item.name.name)) return this.twice(item)
    const shared = item.type && this.shared(item, item.type, place)
    // What stands in its braces is added to what the named kind has.
    const members = new Map(shared?.members)
    const aliases = new Map(shared?.aliases)
    for (const inner of item.body?.items ?? []) this.member(inner, place, members, aliases, ['attribute'])
    sections.set(item.name.name, { name: item.name.name, members, aliases, doc: item.doc || (shared?.doc ?? '') })
  }

  /** The kind that a section names. */
  private shared(item: GenericDeclaration, type: TypeNode, place: Place): KindSchema | undefined {
    const symbol = type.node === 'NamedType' ? symbolOfType(type, place.scope) : undefined
    const kind = symbol?.symbol === 'declaration' && wordOf(symbol) === 'kind' ? this.kind(symbol) : undefined
    if (!kind && symbol?.symbol !== 'lost' && type.node !== 'InvalidType') {
      this.diagnostics.push(report('RLP2011', type.span, `section \`${item.name.name}\` names no kind`, { help: 'name a `kind … : Section`' }))
    }
    return kind
  }

  private member(item: Item, place: Place, members: Map<string, Member>, aliases: Map<string, string>, roles: readonly Member['role'][]): void {
    if (item.node !== 'Declaration') return this.misplaced(item)
    const name = item.name.name
    if (item.word.name === 'alias') {
      const path = item.value ? pathOf(item.value) : undefined
      if (path === undefined) {
        this.diagnostics.push(report('RLP2013', item.span, `alias \`${name}\` needs the path of an attribute`, { help: `write \`alias ${name} = attribute\` or \`alias ${name} = section.attribute\`` }))
      } else aliases.set(name, path)
      return
    }
    const role = roles.find((each) => each === item.word.name)
    if (!role) return this.misplaced(item)
    if (members.has(name)) return this.twice(item)
    const type: TypeNode = item.type ?? { node: 'InvalidType', span: item.name.span }
    if (!item.type) this.diagnostics.push(report('RLP2011', item.name.span, `${role} \`${name}\` needs a type`, { help: `write \`${role} ${name}: Type\`` }))
    members.set(name, { name, role, type, default: item.value, doc: item.doc, span: item.name.span, ...place })
  }

  private misplaced(item: Item): void {
    const span = item.node === 'Declaration' ? item.word.span : item.node === 'Section' ? item.name.span : item.span
    const name = wordIn(item)
    this.diagnostics.push(
      report('RLP2013', span, name === undefined ? 'this does not belong into a kind' : `\`${name}\` does not belong here`, {
        label: 'not part of a kind',
        help: 'a kind has `input`, `attribute`, `output`, `section` and `alias`; a section has `attribute` and `alias`',
      }),
    )
  }

  private twice(item: Declaration & { node: 'Declaration' }): void {
    this.diagnostics.push(report('RLP2002', item.name.span, `\`${item.name.name}\` is declared twice in this kind`, { label: 'second declaration', help: 'remove one of them' }))
  }
}

function wordIn(item: Item): string | undefined {
  if (item.node === 'Declaration') return item.word.name
  return item.node === 'Section' || item.node === 'Function' || item.node === 'Type' ? item.name.name : undefined
}

/** `a.b` of a name or a chain of fields. */
function pathOf(expression: Expression): string | undefined {
  if (expression.node === 'Name') return expression.name
  if (expression.node !== 'Field') return undefined
  const target = pathOf(expression.target)
  return target === undefined ? undefined : `${target}.${expression.name.name}`
}
