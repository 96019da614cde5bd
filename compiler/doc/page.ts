// A module of the language as a page of Markdown: what `///`, types, units, ranges and defaults of its syntax tree say.
// Shows types and values as they were written; resolves no names and evaluates nothing.

import type { Declaration, Expression, FunctionDeclaration, GenericDeclaration, Module, Parameter, TypeDeclaration, TypeNode } from '../../grammar/ast/ast.js'
import type { Member } from '../kinds/schema.js'

/** The whole module: its introduction, then every declaration in the order of the file. `path` as an import names it. */
export function modulePage(path: string, module: Module): string {
  return `${[`# ${path}`, module.doc, ...module.declarations.map((each) => declarationPage(path, each))].filter((part) => part !== '').join('\n\n')}\n`
}

/** One declaration: heading, how it is written, what it says, then a table of its parts. Without `path` it says no import. */
export function declarationPage(path: string | undefined, declaration: Declaration): string {
  const parts = partsOf(declaration)
  const heading = `## ${nameOf(declaration)}`
  return [heading, declaration.doc, fenced(sourceOf(declaration)), ...parts, importLine(path, declaration)].filter((part) => part !== '').join('\n\n')
}

/** An input, attribute or output by itself: `Sft.optimizer.lr`, how it is declared, what it says. */
export function memberPage(name: string, { role, name: own, type, default: value, doc }: Member): string {
  return [`## ${name}`, fenced(`${role} ${own}: ${written(type)}${value ? ` = ${written(value)}` : ''}`), doc].filter((part) => part !== '').join('\n\n')
}

/** A test has the name of what it tests. */
export function nameOf(declaration: Declaration): string {
  return declaration.node === 'Test' ? `test ${declaration.subject.name}` : declaration.name.name
}

/** The first sentence of a text, on one line. */
export function firstSentence(doc: string): string {
  const line = doc.replace(/\s+/g, ' ').trim()
  return /^.*?[.:](?= [A-Z`]|$)/.exec(line)?.[0] ?? line
}

/** The head alone where a table follows; the whole of what is its own explanation: a formula, a constant, a type. */
function sourceOf(declaration: Declaration): string {
  if (declaration.node === 'Function') return declaration.body ? written(declaration) : signature(declaration)
  if (declaration.node === 'Declaration' && declaration.body) return `${declaration.word.name} ${declaration.name.name}${typeParameters(declaration)}${declaration.type ? `: ${written(declaration.type)}` : ''}`
  return written(declaration)
}

function partsOf(declaration: Declaration): string[] {
  switch (declaration.node) {
    case 'Function':
      return [table('parameter', declaration.parameters.map((each) => row(each.name.name, each)))]
    case 'Type':
      return [fieldTable(declaration)]
    case 'Declaration':
      return kindParts(declaration)
    case 'Test':
      return []
  }
}

/** Inputs, attributes, sections, outputs, and what other systems call them. */
function kindParts(kind: GenericDeclaration): string[] {
  const items = (kind.body?.items ?? []).filter((item): item is GenericDeclaration => item.node === 'Declaration')
  const members = (word: string, of = items, prefix = '') => of.filter((item) => item.word.name === word).map((item) => row(`${prefix}${item.name.name}`, item))
  const sections = items.filter(({ word }) => word.name === 'section')
  const inner = (section: GenericDeclaration) => (section.body?.items ?? []).filter((item): item is GenericDeclaration => item.node === 'Declaration')
  const attributes = [...members('attribute'), ...sections.flatMap((section) => (section.type ? [row(section.name.name, section)] : members('attribute', inner(section), `${section.name.name}.`)))]
  const settings = (kind.body?.items ?? []).flatMap((item) => (item.node === 'Attribute' ? [`${item.path.map(({ name }) => name).join('.')}: ${written(item.value)}`] : []))
  const renamed = (of: readonly GenericDeclaration[], prefix = '') => of.filter(({ word }) => word.name === 'alias').map(({ name, value }) => `\`${name.name}\` is \`${prefix}${value ? written(value) : ''}\``)
  // What stands both on top and in its section is told once.
  const aliases = [...new Set([...renamed(items), ...sections.flatMap((section) => renamed(inner(section), `${section.name.name}.`))])]
  return [settings.join(' · '), table('input', members('input')), table('attribute', attributes), table('output', members('output')), aliases.length > 0 ? `Elsewhere called: ${aliases.join(', ')}.` : '']
}

function fieldTable({ type }: TypeDeclaration): string {
  return type.node === 'RecordType' && type.fields.some(({ doc }) => doc !== '') ? table('field', type.fields.map((field) => row(field.name.name, field))) : ''
}

type Row = readonly [name: string, type: string, value: string, doc: string]

function row(name: string, of: { readonly type: TypeNode | undefined; readonly doc: string; readonly default?: Expression | undefined; readonly value?: Expression | undefined }): Row {
  const value = of.default ?? of.value
  return [name, of.type ? written(of.type) : '', value ? written(value) : '', of.doc.replace(/\s+/g, ' ')]
}

/** Columns that would be empty are left out. */
function table(of: string, rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const columns = [of, 'type', 'default', 'meaning'].map((title, i) => ({ title, i })).filter(({ i }) => rows.some((each) => each[i] !== ''))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const cell = (each: Row, i: number) => (i === 3 || each[i] === '' ? (each[i] as string) : `\`${each[i]}\``).replaceAll('|', '\\|')
  return [line(columns.map(({ title }) => title)), line(columns.map(() => '---')), ...rows.map((each) => line(columns.map(({ i }) => cell(each, i))))].join('\n')
}

function signature(fn: FunctionDeclaration): string {
  const parameter = ({ name, type, default: value }: Parameter) => `${name.name}: ${written(type)}${value ? ` = ${written(value)}` : ''}`
  const one = fn.parameters.map(parameter)
  const inside = one.join(', ').length > 90 ? `\n${one.map((each) => `  ${each},\n`).join('')}` : one.join(', ')
  return `extern fn ${fn.name.name}${typeParameters(fn)}(${inside})${fn.result ? `: ${written(fn.result)}` : ''}`
}

function typeParameters({ typeParameters }: FunctionDeclaration | GenericDeclaration): string {
  return typeParameters.length === 0 ? '' : `[${typeParameters.map(({ name }) => name).join(', ')}]`
}

/** The text of a node; of a type, value or head on one line, without comments between. */
function written(node: Declaration | TypeNode | Expression): string {
  const text = node.span.file.text.slice(node.span.start, node.span.end)
  return node.node === 'Function' || node.node === 'Declaration' || node.node === 'Type' || node.node === 'Test' ? text : withoutComments(text).replace(/\s+/g, ' ')
}

/** Two slashes in a text, as in an address, begin no comment. */
const withoutComments = (text: string): string => text.replace(/("(?:[^"\\\n]|\\.)*")|\/\/.*$/gm, (_, quoted: string | undefined) => quoted ?? '')

function fenced(text: string): string {
  return `\`\`\`rlp\n${text}\n\`\`\``
}

/** The prelude needs no import. */
function importLine(path: string | undefined, declaration: Declaration): string {
  return path === undefined || path === 'std/prelude' || declaration.node === 'Test' ? '' : `\`import { ${nameOf(declaration)} } from "${path}"\``
}
