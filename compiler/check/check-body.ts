// The body of a declaration against its kind: which attributes and sections there are, what they hold, what is missing.

import type { Attribute, Block, GenericDeclaration, Item, Section } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { KindSchema, Member, SectionSchema } from '../kinds/schema.js'
import { MEMBER_WORDS } from '../kinds/words.js'
import { qualifiedName } from '../resolve/program.js'
import { mismatch, substitute } from './assignable.js'
import { joined, withLocals, type Context, type Env, type Written } from './context.js'
import { expectType } from './expect.js'
import { granted } from './grants.js'
import { infer } from './infer.js'
import { memberType, termsOf } from './members.js'
import { typeOfSymbol } from './symbols.js'
import { show, type Type } from './types.js'
import { unknownAttribute } from './unknown-attribute.js'

/** What a body is checked against. */
export interface Body {
  readonly declaration: GenericDeclaration
  readonly schema: KindSchema
  readonly env: Env
  /** Type parameters of the kind. */
  readonly bound: ReadonlyMap<string, Type>
  /** Type of `row`, where it is granted. */
  readonly row: Type
  /** Words of the declarations that may stand inside, checked by the caller. */
  readonly words: readonly string[]
}

/** Checks everything between the braces. */
export function checkBody(cx: Context, body: Body): Written {
  const written = new Map<string, Given>()
  const { declaration } = body
  cx.written.set(declaration, written)
  const sections = new Map<string, Section>()
  for (const item of declaration.body?.items ?? []) {
    switch (item.node) {
      case 'Attribute':
        checkAttribute(cx, body, undefined, item, written)
        break
      case 'Section':
        checkSection(cx, body, item, sections, written)
        break
      default:
        if (!(item.node === 'Declaration' && body.words.includes(item.word.name))) {
          misplaced(cx, body, item)
          // `let total = …` was meant to give `total`.
          if (item.node === 'Declaration' && item.value) written.set(item.name.name, { value: item.value, span: item.span })
        }
    }
  }
  if (declaration.body && !cx.isDamaged(declaration.span)) checkMissing(cx, body, written, sections)
  return written
}

/** What an attribute is given, or an unknown one that was meant to be it. */
interface Given {
  readonly value: Attribute['value']
  readonly span: Span
  readonly meant?: true
}

function checkAttribute(cx: Context, body: Body, section: SectionSchema | undefined, item: Attribute, written: Map<string, Given>): void {
  const [first] = item.path
  if (!first) return
  const member = item.path.length === 1 ? (section ?? body.schema).members.get(first.name) : undefined
  if (!member) {
    const path = unknownAttribute(cx, body, section?.name, item)
    if (path !== undefined && !written.has(path)) written.set(path, { value: item.value, span: item.span, meant: true })
    infer(cx, item.value, body.env)
    return
  }
  const path = section ? `${section.name}.${member.name}` : member.name
  const before = written.get(path)
  // What was only meant so has been told of.
  if (before && !before.meant) {
    cx.report('RLP2002', first.span, `\`${path}\` is set twice`, { label: 'second value', related: [{ span: before.span, text: 'first set here' }], help: 'remove one of them' })
    infer(cx, item.value, body.env)
    return
  }
  written.set(path, { value: item.value, span: item.span })
  const env = withLocals(body.env, granted(qualifiedName(body.schema.symbol), member.name, body.row))
  expectType(cx, item.value, substitute(memberType(cx, member), body.bound), env, `\`${first.name}\``)
}

function checkSection(cx: Context, body: Body, item: Section, seen: Map<string, Section>, written: Map<string, Given>): void {
  const spelt = item.name.name
  const name = body.schema.sections.has(spelt) ? spelt : (unknownAttribute(cx, body, undefined, item) ?? spelt)
  const schema = body.schema.sections.get(name)
  if (!schema) {
    for (const inner of item.body.items) if (inner.node === 'Attribute') infer(cx, inner.value, body.env)
    return
  }
  const before = seen.get(name)
  if (before) cx.report('RLP2002', item.name.span, `section \`${name}\` is written twice`, { label: 'second section', related: [{ span: before.name.span, text: 'first here' }], help: 'put everything into one of them' })
  seen.set(name, item)
  for (const inner of item.body.items) {
    if (inner.node === 'Attribute') checkAttribute(cx, body, schema, inner, written)
    else misplaced(cx, body, inner)
  }
}

function misplaced(cx: Context, { declaration, words }: Body, item: Exclude<Item, Attribute>): void {
  const word = item.node === 'Declaration' ? item.word : item.node === 'Section' ? item.name : undefined
  const parents = word && MEMBER_WORDS[word.name]
  const span = word?.span ?? item.span
  const where = declaration.word.name
  cx.report('RLP2013', span, word ? `\`${word.name}\` cannot stand in a ${where}` : `this cannot stand in a ${where}`, {
    label: 'not here',
    notes: words.length > 0 ? [`inside a ${where} there are attributes, sections and ${joined(words.map((each) => `\`${each}\``))}`] : [],
    help: parents ? `\`${word.name}\` belongs into a ${joined(parents, 'or')}` : 'declare it outside of the braces',
  })
}

function checkMissing(cx: Context, { declaration, schema, env }: Body, written: ReadonlyMap<string, unknown>, sections: ReadonlyMap<string, Section>): void {
  const missing: { readonly path: string; readonly member: Member }[] = []
  for (const member of schema.members.values()) if (!member.default && !written.has(member.name)) missing.push({ path: member.name, member })
  for (const section of schema.sections.values()) {
    if (written.has(section.name)) continue // given as an attribute, which is reported
    for (const member of section.members.values()) {
      const path = `${section.name}.${member.name}`
      if (!member.default && !written.has(path)) missing.push({ path, member })
    }
  }
  const [first] = missing
  if (!first || !declaration.body) return
  const paths = missing.map(({ path }) => `\`${path}\``)
  const named = missing.length <= 3 ? joined(paths) : `${paths.slice(0, 2).join(', ')} and ${missing.length - 2} more`
  cx.report('RLP3002', declaration.name.span, `${declaration.word.name} \`${declaration.name.name}\` needs ${named}`, {
    label: `\`${schema.name}\` has no default for ${missing.length === 1 ? 'it' : 'them'}`,
    notes: missing.map(({ path, member }) => `${path}: ${show(memberType(cx, member))}${member.doc ? ` (${firstLine(member.doc)})` : ''}`),
    help: missing.length === 1 ? `add \`${stub(cx, env, first.path, first.member)}\`` : `add ${missing.length} attributes`,
    fixes: missing.some(({ member }) => placeholder(cx, env, memberType(cx, member)) === undefined) ? [] : [{ title: `add ${missing.length === 1 ? paths[0] : 'what is missing'}`, edits: stubs(cx, env, declaration.body, missing, sections), safe: false }],
  })
}

/** Edits that add an attribute for each of `missing`, with a value to be replaced. */
function stubs(cx: Context, env: Env, body: Block, missing: readonly { readonly path: string; readonly member: Member }[], sections: ReadonlyMap<string, Section>) {
  const edits = []
  for (const { path, member } of missing) {
    const [head, name] = path.split('.') as [string, string | undefined]
    const section = name === undefined ? undefined : sections.get(head)
    edits.push(insertion(section?.body ?? body, section && name !== undefined ? stub(cx, env, name, member) : stub(cx, env, path, member)))
  }
  return edits
}

/** `policy = small` with a value of the right type, or `optimizer { lr = 1 }`; `policy = …` when none is known. */
function stub(cx: Context, env: Env, path: string, member: Member): string {
  const [head, name] = path.split('.')
  const text = `${name ?? head} = ${usual(env, member) ?? placeholder(cx, env, memberType(cx, member)) ?? '…'}`
  return name === undefined ? text : `${head} { ${text} }`
}

/** Where any number of the type would be a mistake of its own: a rate of the usual size, a total of the terms that are there. */
function usual({ owner }: Env, { name }: Member): string | undefined {
  if (name === 'lr') return '1e-4'
  const terms = name === 'total' && owner ? [...termsOf(owner.declaration)].flatMap(([term, { word }]) => (word.name === 'term' ? [term] : [])) : []
  return terms.length > 0 ? terms.join(' + ') : undefined
}

/** A value of this type to begin with: a plain one, or the first declaration here that fits; undefined when there is none. */
function placeholder(cx: Context, env: Env, type: Type): string | undefined {
  switch (type.type) {
    case 'union':
      return type.options.map((option) => placeholder(cx, env, option)).find((text) => text !== undefined)
    case 'artefact':
      return [...env.scope.declared.values()].find((symbol) => symbol !== env.owner && fits(cx, typeOfSymbol(cx, symbol), type))?.name
    case 'number':
      return `${Math.max(1, Number.isFinite(type.low) ? type.low : 1)}${type.dimension === undefined ? '' : ` ${type.dimension.toLowerCase()}`}`
    case 'text':
      return JSON.stringify(type.value ?? '')
    case 'list':
      return '[]'
    case 'record':
    case 'map':
      return '{}'
    case 'boolean':
      return 'false'
    default:
      return undefined
  }
}

const fits = (cx: Context, from: Type | undefined, to: Type): boolean => from?.type === 'artefact' && mismatch(from, to, cx.levels) === undefined

/** An edit that adds `text` as the last item of a block. */
export function insertion(block: Block, text: string): { span: Span; insert: string } {
  const last = block.items.at(-1)
  const { file } = block.span
  const close = block.span.end - 1
  if (!last) return { span: file.span(close, close), insert: ` ${text} ` }
  const at = file.span(last.span.end, last.span.end)
  const lines = file.position(block.span.start).line !== file.position(last.span.start).line
  return { span: at, insert: lines ? `\n${' '.repeat(file.position(last.span.start).column - 1)}${text}` : `, ${text}` }
}

/** The first line of a doc comment, as part of a sentence. */
export function firstLine(doc: string): string {
  const line = doc.split('\n')[0] ?? ''
  return line.replace(/\.$/, '')
}
