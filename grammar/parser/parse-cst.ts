// One call from text to concrete syntax tree: lexer, indented sections, layout, parser, messages.
// The tree may have holes after errors; lowering copes with them.

import type { CstNode, IToken } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import type { SourceFile } from '../source/source.js'
import { braceSections } from './indented.js'
import { layOut } from './layout.js'
import { lex } from './lexer.js'
import { expectations, toDiagnostics } from './messages.js'
import { RlpParser } from './parser.js'
import * as t from './tokens.js'

export interface ParsedCst {
  readonly cst: CstNode
  /** As the parser saw them, after layout. */
  readonly tokens: readonly IToken[]
  readonly comments: readonly IToken[]
  readonly diagnostics: Diagnostic[]
}

let parser: RlpParser | undefined

/** Concrete syntax of a whole file or of one expression; never throws. */
export function parseCst(file: SourceFile, entry: 'module' | 'expression'): ParsedCst {
  parser ??= new RlpParser({ validate: false, messages: expectations })
  const lexed = lex(file)
  const braced = braceSections(file, lexed.tokens)
  const laidOut = layOut(file, braced.tokens)
  parser.input = entry === 'module' ? laidOut.tokens : trimNewlines(laidOut.tokens)
  const cst = parser[entry]()
  const diagnostics = [...lexed.diagnostics, ...braced.diagnostics, ...laidOut.diagnostics, ...toDiagnostics(file, parser.errors, laidOut.tokens)]
  return { cst, tokens: laidOut.tokens, comments: lexed.comments, diagnostics }
}

function trimNewlines(tokens: readonly IToken[]): IToken[] {
  const first = tokens.findIndex((token) => token.tokenType !== t.Newline)
  const last = tokens.findLastIndex((token) => token.tokenType !== t.Newline)
  return first < 0 ? [] : tokens.slice(first, last + 1)
}
