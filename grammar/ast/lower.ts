// Concrete syntax of a file → `Module`: edition, imports, declarations, documentation comments.
// The order edition, imports, declarations is checked here, not in the grammar.

import type { CstNode, IToken } from '../parser/chevrotain.js'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import { report } from '../parser/codes.js'
import type { ParsedCst } from '../parser/parse-cst.js'
import * as t from '../parser/tokens.js'
import type { SourceFile, Span } from '../source/source.js'
import type { Declaration, Expression, Import, Module } from './ast.js'
import { hasErrorWithin, identifier, rule, rules, spanOf, token, tokens, type Context } from './cst.js'
import { isDeclaration, lowerItem } from './lower-declaration.js'
import { lowerExpression } from './lower-expression.js'

/** The editions that this compiler reads. */
export const editions: readonly number[] = [1]

/** Adds its diagnostics to those of `parsed`. */
export function lowerModule(file: SourceFile, parsed: ParsedCst): Module {
  const context = makeContext(file, parsed)
  const lines = rules(parsed.cst, 'top')
  const imports: Import[] = []
  const declarations: Declaration[] = []
  const edition = lowerEditions(context, lines, parsed)
  let afterStray = false
  for (const line of lines) {
    const item = rule(line, 'item')
    const importNode = rule(line, 'import')
    const one = importNode && lowerImport(context, importNode)
    if (one) imports.push(one)
    // Attributes in a row lost one `{`: the first of them says it.
    const stray = item && strayItem(context, item)
    if (stray && !afterStray) context.diagnostics.push(stray)
    afterStray = stray !== undefined
    const lowered = item && !stray && lowerItem(context, item)
    if (lowered && isDeclaration(lowered)) declarations.push(lowered)
  }
  reportLateImports(context, imports, declarations)
  const doc = parsed.comments.filter((comment) => comment.tokenType === t.FileDoc).map(commentText).join('\n')
  return { node: 'Module', file, edition, doc, imports, declarations, span: file.span(0, file.text.length) }
}

/** Adds its diagnostics to those of `parsed`. */
export function lowerLoneExpression(file: SourceFile, parsed: ParsedCst): Expression {
  return lowerExpression(makeContext(file, parsed), parsed.cst, file.text.length)
}

function makeContext(file: SourceFile, parsed: ParsedCst): Context {
  const errors = parsed.diagnostics.filter((each) => each.severity === 'error').map((each) => each.primary.span.start)
  return { file, diagnostics: parsed.diagnostics, docs: documentation(parsed), errors, depth: 0 }
}

// ── comments ───────────────────────────────────────────────────────────────────────────────────────

/** `///` lines by the offset of the next token. */
function documentation({ tokens: all, comments }: ParsedCst): Map<number, string> {
  const docs = new Map<number, string>()
  let next = 0
  for (const comment of comments) {
    if (comment.tokenType !== t.DocComment) continue
    const isBefore = (each: IToken | undefined): boolean => each !== undefined && (each.startOffset < comment.startOffset || each.tokenType === t.Newline)
    while (isBefore(all[next])) next++
    const at = all[next]?.startOffset
    if (at === undefined) break
    const above = docs.get(at)
    docs.set(at, above === undefined ? commentText(comment) : `${above}\n${commentText(comment)}`)
  }
  return docs
}

const commentText = (comment: IToken): string => comment.image.slice(3).replace(/^ /, '').trimEnd()

// ── edition ────────────────────────────────────────────────────────────────────────────────────────

function lowerEditions(context: Context, lines: readonly CstNode[], parsed: ParsedCst): number | undefined {
  const [first] = lines
  const all = lines.flatMap((line) => rule(line, 'edition') ?? [])
  const [edition, ...rest] = all
  if (!edition) {
    reportMissingEdition(context, parsed)
    return undefined
  }
  for (const misplaced of first && rule(first, 'edition') ? rest : all) {
    context.diagnostics.push(
      report('RLP1005', spanOf(context, misplaced), '`rlp 1` belongs on the first line of the file, once', { help: 'move it there, only comments may stand before it' }),
    )
  }
  const span = spanOf(context, edition)
  const value = lowerExpression(context, rule(edition, 'expression'), span.end)
  if (value.node === 'Number' && editions.includes(value.value) && !value.unit) return value.value
  const newest = editions[editions.length - 1] ?? 1
  context.diagnostics.push(
    report('RLP1006', value.node === 'Invalid' ? span : value.span, 'this compiler does not know that edition', {
      label: `expected ${editions.join(' or ')}`,
      help: `write \`rlp ${newest}\``,
      fixes: [{ title: `write \`rlp ${newest}\``, edits: [{ span, insert: `rlp ${newest}` }], safe: false }],
    }),
  )
  return value.node === 'Number' ? value.value : undefined
}

/** Shown, and to be inserted, before the first thing that is not a `//!` comment. */
function reportMissingEdition(context: Context, { tokens: all, comments }: ParsedCst): void {
  const first = all.find((each) => each.tokenType !== t.Newline)
  const comment = comments.find((each) => each.tokenType === t.DocComment)
  const at = Math.min(first?.startOffset ?? context.file.text.length, comment?.startOffset ?? Infinity)
  context.diagnostics.push(
    report('RLP1005', first ? spanOf(context, first) : context.file.span(at, at), 'this file does not say which edition it is written in', {
      label: 'expected `rlp 1` before this',
      help: 'make `rlp 1` the first line',
      fixes: [{ title: 'add `rlp 1`', edits: [{ span: context.file.span(at, at), insert: 'rlp 1\n\n' }], safe: true }],
    }),
  )
}

// ── imports ────────────────────────────────────────────────────────────────────────────────────────

function lowerImport(context: Context, node: CstNode): Import | undefined {
  const span = spanOf(context, node)
  const path = rule(node, 'expression')
  if (!path) return undefined
  const value = lowerExpression(context, path, span.end)
  if (value.node !== 'Text') {
    if (value.node !== 'Invalid') context.diagnostics.push(report('RLP1009', value.span, 'an import path must be plain text', { help: 'write the path in quotes, such as `"std/losses"` or `"./rows.rlp"`' }))
    return undefined
  }
  const names = rules(node, 'importName').flatMap((each) => {
    const [name, alias] = tokens(each, 'Word')
    return name ? [{ name: identifier(context, name), alias: identifier(context, alias ?? name) }] : []
  })
  return { node: 'Import', names, namespace: identifier(context, token(node, 'Word')), path: value.value, pathSpan: value.span, span }
}

/** One report for all of them: the fix moves them together (RLP1008). */
function reportLateImports(context: Context, imports: readonly Import[], declarations: readonly Declaration[]): void {
  const { file } = context
  const first = declarations.find(({ span }) => !hasErrorWithin(context, span))
  if (!first) return
  const late = imports.filter(({ span }) => span.start > first.span.start)
  const [one] = late
  if (!one) return
  const last = imports.filter((each) => !late.includes(each)).at(-1)
  const at = last ? last.span.end : startOfDocumented(context, first)
  const lines = late.map(({ span }) => file.text.slice(span.start, span.end)).join('\n')
  const removals = late.map(({ span }) => ({ span: file.span(span.start, file.text[span.end] === '\n' ? span.end + 1 : span.end), insert: '' }))
  context.diagnostics.push(
    report('RLP1008', one.span, 'imports come before declarations', {
      related: [{ span: nameSpan(first), text: 'the first declaration' }],
      notes: late.length > 1 ? [`${late.length} imports of this file come later`] : [],
      help: 'move it up',
      fixes: [{ title: 'move imports up', edits: [...removals, { span: file.span(at, at), insert: last ? `\n${lines}` : `${lines}\n\n` }], safe: true }],
    }),
  )
}

const nameSpan = (declaration: Declaration): Span => (declaration.node === 'Test' ? declaration.subject : declaration.name).span

/** Where a declaration begins when its `///` lines are counted in. */
function startOfDocumented({ file }: Context, { span, doc }: Declaration): number {
  if (doc === '') return span.start
  const line = file.position(span.start).line
  const above = doc.split('\n').length
  let start = span.start
  for (let k = 1; k <= above; k++) start -= file.line(line - k).length + 1
  return Math.max(0, start)
}

/** The error for what cannot stand at the top of a file: attributes, sections, an `import` of no known form (RLP1007). */
function strayItem(context: Context, item: CstNode): Diagnostic | undefined {
  const attribute = rule(item, 'attribute')
  const first = token(attribute ?? rule(item, 'declaration'), 'Word')
  const isImport = first?.tokenType === t.Import
  if (!first || (!attribute && !isImport)) return undefined
  const name = first.image
  const span = spanOf(context, first)
  if (isImport) {
    const help = 'write `import { a, b } from "std/losses"` or `import * as name from "./rows.rlp"`'
    return report('RLP1007', span, 'expected `{ names }` or `* as name` after `import`', { help })
  }
  if (token(attribute, 'Assign')) {
    return report('RLP1007', span, 'expected a declaration, found an attribute', {
      label: 'expected a word before this that says what it is',
      help: `write \`const ${name} = …\` or \`param ${name} = …\`, or put it into the \`{ }\` of a declaration`,
    })
  }
  return report('RLP1007', span, `expected a declaration, found \`${name}\` alone`, {
    label: 'a declaration is a word and a name',
    help: 'write a word and a name, such as `stage warm: Sft { … }` or `param lr: Real = 1e-5`',
  })
}
