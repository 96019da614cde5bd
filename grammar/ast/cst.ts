// Reading concrete syntax: children by name, spans, identifiers, lists with empty places.
// After error recovery any child may be missing; nothing here assumes otherwise.

import type { CstNode, IToken } from '../parser/chevrotain.js'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import { report } from '../parser/codes.js'
import type { SourceFile, Span } from '../source/source.js'
import type { Identifier } from './ast.js'

/** What lowering knows besides the node it looks at. */
export interface Context {
  readonly file: SourceFile
  readonly diagnostics: Diagnostic[]
  /** Text of `///` lines by the offset of the token that follows them. */
  readonly docs: ReadonlyMap<number, string>
  /** Where the parser stumbled: no follow-up is reported for a node that contains such a place. */
  readonly errors: readonly number[]
  /** Nesting of the expression being lowered. */
  depth: number
}

export const rule = (node: CstNode | undefined, name: string): CstNode | undefined => node?.children[name]?.[0] as CstNode | undefined
export const rules = (node: CstNode | undefined, name: string): readonly CstNode[] => (node?.children[name] ?? []) as CstNode[]
export const token = (node: CstNode | undefined, name: string): IToken | undefined => node?.children[name]?.[0] as IToken | undefined
export const tokens = (node: CstNode | undefined, name: string): readonly IToken[] => (node?.children[name] ?? []) as IToken[]

/** Place of a token, or of a node; a node without tokens is empty and stands at `fallback`. */
export function spanOf(context: Context, at: CstNode | IToken, fallback = 0): Span {
  if ('image' in at) return context.file.span(at.startOffset, at.startOffset + at.image.length)
  const { startOffset, endOffset } = at.location ?? { startOffset: NaN, endOffset: NaN }
  if (!(startOffset >= 0)) return context.file.span(fallback, fallback)
  return context.file.span(startOffset, Math.max(startOffset, (endOffset ?? startOffset) + 1))
}

export function identifier(context: Context, at: IToken): Identifier
export function identifier(context: Context, at: IToken | undefined): Identifier | undefined
export function identifier(context: Context, at: IToken | undefined): Identifier | undefined {
  return at && { name: at.image, span: spanOf(context, at) }
}

export const identifiers = (context: Context, at: readonly IToken[]): Identifier[] => at.map((each) => identifier(context, each))

export const docOf = (context: Context, span: Span): string => context.docs.get(span.start) ?? ''

export const hasErrorWithin = (context: Context, span: Span): boolean => context.errors.some((offset) => offset >= span.start && offset <= span.end)

/** A follow-up on the line of an error that has been given says nothing new. */
export function hasErrorOnLine(context: Context, offset: number): boolean {
  const { line } = context.file.position(offset)
  return context.errors.some((at) => context.file.position(at).line === line)
}

/** Reports `[a, , b]` and `[, a]`: the grammar lets empty places pass. `elements` are the starts of what is there. */
export function checkEmptyPlaces(context: Context, commas: readonly IToken[], elements: readonly number[], wanted: string): void {
  let next = 0
  for (const comma of commas) {
    const before = next
    while ((elements[next] ?? Infinity) < comma.startOffset) next++
    if (next === before) {
      context.diagnostics.push(
        report('RLP1007', spanOf(context, comma), `expected ${wanted}, found \`,\``, {
          label: `expected ${wanted}`,
          fixes: [{ title: 'remove the comma', edits: [{ span: spanOf(context, comma), insert: '' }], safe: true }],
        }),
      )
    }
  }
}
