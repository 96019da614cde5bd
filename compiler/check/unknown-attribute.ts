// An attribute or section that the kind does not have: misspelt, named as in another system, or in the wrong place.

import type { Attribute, Section } from '../../grammar/ast/ast.js'
import type { Edit, Fix } from '../../grammar/diagnostics/diagnostic.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Span } from '../../grammar/source/source.js'
import type { KindSchema, Member } from '../kinds/schema.js'
import { mismatch, substitute } from './assignable.js'
import { firstLine, insertion, type Body } from './check-body.js'
import { listed, replace, shortened, sourceOf, type Context } from './context.js'
import { FOREIGN_SETTINGS } from './foreign-names.js'
import { infer } from './infer.js'
import { memberType } from './members.js'
import { optionsOf, show } from './types.js'
import { shownUnit } from './units.js'

/**
 * Reports `item`, which `section` of the body (or the body itself) does not know.
 * @returns the path that was probably meant.
 */
export function unknownAttribute(cx: Context, body: Body, section: string | undefined, item: Attribute | Section): string | undefined {
  const { schema } = body
  const name = item.node === 'Section' ? item.name.name : item.path.map((part) => part.name).join('.')
  const span = item.node === 'Section' ? item.name.span : { ...(item.path[0] as { span: Span }).span, end: (item.path.at(-1) as { span: Span }).span.end }
  const owner = section === undefined ? ownerOf(body) : `section \`${section}\` of \`${schema.name}\``
  const path = pathMeant(schema, section, name)
  const what = item.node === 'Section' ? 'section' : 'attribute'
  if (path === undefined) {
    const foreign = FOREIGN_SETTINGS.get(name)
    if (foreign) {
      cx.report('RLP2006', span, `${owner} has no ${what} \`${name}\``, { label: `unknown ${what}`, help: foreign.help })
      return foreign.means
    }
    const names = section === undefined ? [...schema.members.keys(), ...schema.sections.keys()] : [...(schema.sections.get(section)?.members.keys() ?? [])]
    cx.report('RLP2006', span, `${owner} has no ${what} \`${name}\``, { label: `unknown ${what}`, notes: [`it has ${listed(names, 16)}`], help: 'remove it, or use one of these' })
    return undefined
  }
  const [head, tail] = path.split('.') as [string, string | undefined]
  const isSection = tail === undefined && schema.sections.has(head)
  if (item.node === 'Section') {
    if (isSection) cx.report('RLP2006', span, `${owner} has no section \`${name}\``, { label: `did you mean \`${head}\`?`, help: `write \`${head} { … }\``, fixes: [replace(span, head)] })
    else cx.report('RLP2015', span, `\`${path}\` is an attribute, not a section`, { label: `write \`${path} = …\``, help: `give it a value: \`${path} = …\`` })
    return path
  }
  if (isSection) {
    cx.report('RLP2015', span, `\`${head}\` is a section, not an attribute`, { label: `expected \`${head} { … }\``, notes: [`it has ${listed([...(schema.sections.get(head)?.members.keys() ?? [])])}`], help: `write \`${head} { … }\``, fixes: sectionFix(item, head) })
    return path
  }
  const member = (tail === undefined ? schema : schema.sections.get(head))?.members.get(tail ?? head)
  const home = tail === undefined ? undefined : head
  const target = tail ?? head
  if (member && !fits(cx, item, member, body)) {
    const shown = shortened(show(memberType(cx, member)), 60)
    cx.report('RLP2006', span, `${owner} has no attribute \`${name}\``, {
      label: `that is part of \`${path}\` here`,
      notes: [`${path}: ${shown}${member.doc ? ` (${firstLine(member.doc)})` : ''}`],
      help: `say it in \`${path}\``,
    })
    return path
  }
  const text = `${target} = ${valueText(cx, item, member)}`
  if (home === section) {
    cx.report('RLP2006', span, `${owner} has no attribute \`${name}\``, { label: `did you mean \`${target}\`?`, help: `write \`${text}\``, fixes: [replace(item.span, text)] })
    return path
  }
  const place = home === undefined ? `\`${schema.name}\` itself` : `section \`${home}\``
  cx.report(target === name || item.path.length > 1 ? 'RLP2015' : 'RLP2006', span, target === name ? `\`${name}\` belongs into ${place}` : `${owner} has no attribute \`${name}\``, {
    label: target === name ? 'wrong section' : home === undefined ? `did you mean \`${target}\`?` : `did you mean \`${target}\` in section \`${home}\`?`,
    help: home === undefined ? `write \`${text}\` outside of the section` : `write \`${home} { ${text} }\``,
    fixes: [moveFix(body, item, home, text)],
  })
  return path
}

/** Whether the value, with a unit if it lacks one, could be given to `member`: `epsilon` is part of the loss, but is no loss. */
function fits(cx: Context, item: Attribute, member: Member, { env, bound }: Body): boolean {
  const wanted = substitute(memberType(cx, member), bound)
  const reason = mismatch(infer(cx, item.value, env, wanted), wanted, cx.levels)
  return !reason || reason.why === 'bare' || reason.why === 'range'
}

function ownerOf({ declaration, schema }: Body): string {
  return `${declaration.word.name === 'phase' ? 'phase' : `${declaration.word.name} kind`} \`${schema.name}\``
}

/** As `locate`; a foreign name that is known to have no counterpart is not taken for a misspelling. */
function pathMeant(schema: KindSchema, section: string | undefined, name: string): string | undefined {
  return FOREIGN_SETTINGS.has(name) && exactly(schema, name) === undefined ? undefined : locate(schema, section, name)
}

/** The path of ours that `name`, written in `section`, most likely means. */
function locate(schema: KindSchema, section: string | undefined, name: string): string | undefined {
  const own = section === undefined ? undefined : schema.sections.get(section)
  const within = (path: string | undefined) => (path === undefined ? undefined : own ? `${own.name}.${path}` : path)
  const aliases = own?.aliases ?? schema.aliases
  const candidates = own ? [...own.members.keys()] : [...schema.members.keys(), ...schema.sections.keys()]
  if (!own && [...schema.sections].some(([head, { members }]) => [...members.keys()].some((member) => `${head}.${member}` === name))) return name
  const exact = candidates.includes(name) ? name : aliases.get(name)
  if (exact !== undefined) return within(exact)
  const elsewhere = exactly(schema, name)
  if (elsewhere !== undefined) return elsewhere
  const near = suggest(name, candidates, aliases)
  if (near !== undefined) return within(near)
  const paths = pathsByName(schema)
  const other = suggest(name, paths.keys())
  return other === undefined ? undefined : paths.get(other)
}

/** `name` as it stands in the kind or one of its sections, or as an alias there. */
function exactly(schema: KindSchema, name: string): string | undefined {
  return pathsByName(schema).get(name)
}

/** Every name and alias of a kind, at any depth, and its path; outer ones win. */
function pathsByName(schema: KindSchema): Map<string, string> {
  const paths = new Map<string, string>()
  const add = (name: string, path: string) => {
    if (!paths.has(name)) paths.set(name, path)
  }
  for (const name of [...schema.members.keys(), ...schema.sections.keys()]) add(name, name)
  for (const [alias, path] of schema.aliases) add(alias, path)
  for (const section of schema.sections.values()) for (const name of section.members.keys()) add(name, `${section.name}.${name}`)
  for (const section of schema.sections.values()) for (const [alias, path] of section.aliases) add(alias, `${section.name}.${path}`)
  return paths
}

/** The value as it was written; a bare number gets the unit of the attribute when there is only one. */
function valueText(cx: Context, item: Attribute, member: Member | undefined): string {
  const text = sourceOf(item.value.span)
  if (!member || item.value.node !== 'Number' || item.value.unit) return text
  const named = item.path.at(-1)?.name.split('_') ?? []
  const all = optionsOf(memberType(cx, member)).filter((option) => option.type === 'number')
  // `num_train_epochs = 3` means epochs, where they may stand.
  const said = all.filter((option) => option.type === 'number' && option.dimension !== undefined && named.includes(shownUnit(option.dimension)))
  const numbers = said.length > 0 ? said : all
  const [only] = numbers
  return numbers.length === 1 && only?.type === 'number' && only.dimension !== undefined ? `${text} ${shownUnit(only.dimension)}` : text
}

function sectionFix(item: Attribute, section: string): Fix[] {
  if (item.value.node !== 'Record') return []
  const inner = sourceOf(item.value.span).replace(/^\{\s*|\s*\}$/g, '')
  return [replace(item.span, `${section} { ${inner} }`)]
}

/** Takes the attribute out of where it stands and writes `text` into `section`, or into the body itself. */
function moveFix({ declaration }: Body, item: Attribute, section: string | undefined, text: string): Fix {
  const block = declaration.body
  const existing = block?.items.find((each): each is Section => each.node === 'Section' && each.name.name === section)
  if (!block || (section !== undefined && !existing)) return replace(item.span, section === undefined ? text : `${section} { ${text} }`)
  const edits: Edit[] = [{ span: withSeparator(item.span), insert: '' }, insertion(existing?.body ?? block, text)]
  return { title: section === undefined ? `move it out of the section` : `move it into \`${section}\``, edits, safe: true }
}

/** The span of an item with the line break or comma before it (or the comma behind the first one). */
function withSeparator(span: Span): Span {
  const { text } = span.file
  let start = span.start
  while (start > 0 && /\s/.test(text[start - 1] as string)) start--
  if (text[start - 1] === ',') return { ...span, start: start - 1 }
  if (text[start - 1] !== '{') return { ...span, start }
  const comma = /^\s*,/.exec(text.slice(span.end, span.end + 40))
  return { ...span, end: span.end + (comma?.[0].length ?? 0) }
}
