// Parser errors → diagnostics in words: what was expected, what was found.
// Rules and tokens of the grammar never show through.

import type { IParserErrorMessageProvider, IRecognitionException, IToken, TokenType } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import type { SourceFile, Span } from '../source/source.js'
import { chevrotain } from './chevrotain.js'
import { report } from './codes.js'
import * as t from './tokens.js'

/** What each rule with alternatives wants. */
const wanted: Readonly<Record<string, string>> = {
  module: 'a declaration',
  top: 'a declaration',
  item: 'an attribute or a declaration',
  import: '`{ names }` or `* as name`',
  type: 'a type',
  restrictedType: 'a type',
  typeAtom: 'a type',
  typeRestriction: '`in` or `per`',
  bound: 'a number or a name',
  declaration: '`=`, `from` or `{`',
  attribute: '`=` or `{`',
  suffix: '`.`, `[` or `(`',
}

/** Chevrotain asks for a message; it gets the words for what was expected, and `toDiagnostic` makes the sentence. */
export const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => (expected === chevrotain.EOF && ruleName !== 'module' ? 'the end' : expectedWords(expected)),
  buildNotAllInputParsedMessage: () => 'the end',
  buildNoViableAltMessage: ({ ruleName }) => wanted[ruleName] ?? 'a value',
  buildEarlyExitMessage: ({ ruleName }) => wanted[ruleName] ?? 'a value',
}

const expectedWords = (type: TokenType): string => (type === chevrotain.EOF ? 'a new line' : t.inWords(type))

/** Diagnostics of one parse, at most one for each source line: the rest are its echoes. */
export function toDiagnostics(file: SourceFile, errors: readonly IRecognitionException[], tokens: readonly IToken[]): Diagnostic[] {
  const lines = new Set<number>()
  const diagnostics: Diagnostic[] = []
  const sorted = errors.map((error) => ({ error, span: spanOf(file, error, tokens) })).sort((a, b) => a.span.start - b.span.start)
  for (const { error, span } of sorted) {
    const { line } = file.position(span.start)
    if (lines.has(line)) continue
    lines.add(line)
    diagnostics.push(toDiagnostic(error, span))
  }
  return diagnostics
}

function toDiagnostic(error: IRecognitionException, span: Span): Diagnostic {
  const { token, message: expected } = error
  if (t.reserved.has(token.tokenType) && (expected === 'a name' || expected === 'a new line')) {
    return report('RLP1004', span, `\`${token.image}\` is a word of the language and cannot be a name`, { help: 'pick another name' })
  }
  const found = inWords(token)
  return report('RLP1007', span, `expected ${expected}, found ${found}`, { label: `expected ${expected}` })
}

function inWords(token: IToken): string {
  if (token.tokenType === chevrotain.EOF) return 'the end of the file'
  if (token.tokenType === t.Newline || token.image === '') return 'the end of the line'
  const image = token.image.length > 24 ? `${token.image.slice(0, 24)}…` : token.image
  return `\`${image}\``
}

/** The place of an error; ends of lines and of the file are shown just after the last token before them. */
function spanOf(file: SourceFile, error: IRecognitionException, tokens: readonly IToken[]): Span {
  const { token } = error
  if (token.startOffset >= 0 && token.tokenType !== t.Newline) return file.span(token.startOffset, token.startOffset + token.image.length)
  const limit = token.startOffset >= 0 ? token.startOffset : Infinity
  const last = tokens.findLast((each) => each.startOffset < limit && each.tokenType !== t.Newline)
  const end = last ? last.startOffset + last.image.length : 0
  return file.span(end, end)
}
