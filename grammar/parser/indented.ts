// Sections in the manner of YAML: `optimizer:` and its settings on deeper lines. They are read as `optimizer { … }`, with one message for the whole.
// Works on the list of tokens before layout does; `:` in the place of `=` elsewhere is the parser's.

import type { IToken, TokenType } from 'chevrotain'
import type { Diagnostic, Edit } from '../diagnostics/diagnostic.js'
import type { SourceFile } from '../source/source.js'
import { chevrotain } from './chevrotain.js'
import { report } from './codes.js'
import { makeToken } from './lexer.js'
import * as t from './tokens.js'

/** The tokens, with such sections in braces and `=` in them. */
export function braceSections(file: SourceFile, tokens: readonly IToken[]): { readonly tokens: readonly IToken[]; readonly diagnostics: readonly Diagnostic[] } {
  const sections = new Sections(file, tokens)
  sections.run()
  return sections.diagnostics.length === 0 ? { tokens, diagnostics: [] } : { tokens: sections.out, diagnostics: sections.diagnostics }
}

class Sections {
  readonly out: IToken[] = []
  readonly diagnostics: Diagnostic[] = []
  private at = 0

  constructor(
    private readonly file: SourceFile,
    private readonly tokens: readonly IToken[],
  ) {}

  /** Sections stand in the braces of a declaration. */
  run(): void {
    let braces = 0
    while (this.at < this.tokens.length) {
      if (braces > 0 && this.opensSection()) {
        this.section(undefined)
        continue
      }
      const token = this.tokens[this.at++] as IToken
      if (token.tokenType === t.LeftCurly) braces++
      else if (token.tokenType === t.RightCurly) braces--
      this.out.push(token)
    }
  }

  /** `name:` alone on its line, and the next line is deeper and a setting. */
  private opensSection(): boolean {
    if (!this.isSetting(this.at) || this.type(this.at + 1) !== t.Colon || this.type(this.at + 2) !== t.Newline) return false
    const next = this.lineAfter(this.at + 2)
    return this.isSetting(next) && this.column(next) > this.column(this.at)
  }

  /** Reads one from its name on; a section in another adds to its `edits`. */
  private section(edits: Edit[] | undefined): void {
    const [name, colon] = this.tokens.slice(this.at, this.at + 2) as [IToken, IToken]
    const column = this.column(this.at)
    const all = edits ?? []
    const replace = (token: IToken, type: TokenType, image: string): void => {
      this.out.push(makeToken(type, image, token.startOffset))
      all.push({ span: this.file.span(token.startOffset, token.startOffset + 1), insert: ` ${image}` })
    }
    this.out.push(name)
    replace(colon, t.LeftCurly, '{')
    this.at += 2
    for (let depth = 0; this.at < this.tokens.length; ) {
      const token = this.tokens[this.at] as IToken
      const closes = t.closers.has(token.tokenType)
      if (depth === 0 && (closes || (token.tokenType === t.Newline && this.endsBefore(this.lineAfter(this.at), column)))) break
      if (depth === 0 && this.opensSection()) {
        this.section(all)
        continue
      }
      if (t.closerOf.has(token.tokenType)) depth++
      else if (closes) depth--
      if (depth === 0 && token.tokenType === t.Colon && this.isSetting(this.at - 1)) replace(token, t.Equals, '=')
      else this.out.push(token)
      this.at++
    }
    const last = this.out.at(-1) as IToken
    const end = last.startOffset + last.image.length
    this.out.push(makeToken(t.RightCurly, '', end))
    all.push({ span: this.file.span(end, end), insert: `\n${' '.repeat(column)}}` })
    if (edits) return
    this.diagnostics.push(
      report('RLP1003', this.file.span(name.startOffset, colon.startOffset + 1), 'the settings of a section stand in braces', {
        label: `expected \`${name.image} {\``,
        help: `write \`${name.image} { … }\`, and \`=\` for \`:\` in it`,
        fixes: [{ title: `put the settings of \`${name.image}\` in braces`, edits: all, safe: true }],
      }),
    )
  }

  /** Whether `name:` or `name =` begins a line at token `i`. */
  private isSetting(i: number): boolean {
    const before = this.type(i - 1)
    const token = this.tokens[i]
    const after = this.type(i + 1)
    return token !== undefined && chevrotain.tokenMatcher(token, t.Word) && (before === undefined || before === t.Newline || before === t.LeftCurly) && (after === t.Colon || after === t.Equals)
  }

  private endsBefore(line: number, column: number): boolean {
    return line >= this.tokens.length || t.closers.has(this.type(line) as TokenType) || this.column(line) <= column
  }

  /** The first token behind newlines. */
  private lineAfter(i: number): number {
    let next = i
    while (this.type(next) === t.Newline) next++
    return next
  }

  private type(i: number): TokenType | undefined {
    return this.tokens[i]?.tokenType
  }

  private column(i: number): number {
    const { startOffset } = this.tokens[i] as IToken
    return startOffset - (startOffset === 0 ? 0 : this.file.text.lastIndexOf('\n', startOffset - 1) + 1)
  }
}
