// Decides on the token list which newlines separate, and balances the brackets, so that the parser sees neither
// problem. Rules in spec/language/01-source.md; knows words and brackets, nothing of the grammar.

import type { IToken, TokenType } from 'chevrotain'
import type { Diagnostic, Label } from '../diagnostics/diagnostic.js'
import type { SourceFile, Span } from '../source/source.js'
import { chevrotain } from './chevrotain.js'
import { report } from './codes.js'
import { makeToken } from './lexer.js'
import * as t from './tokens.js'

/** Deeper nesting would exhaust the stack of the phases that follow, which are recursive. */
export const deepest = 64

/** Nested `if`s and arrows between two separators; a chain of `else if` is flat. */
interface Nesting {
  inner: number
}

interface Open extends Nesting {
  readonly token: IToken
  readonly closer: TokenType
  /** Newlines inside separate: `{ }`, and the parameters of a function. */
  readonly separates: boolean
  /** Columns before the first token of the line that the bracket stands on. */
  readonly indentation: number
}

/** The tokens for the parser: only separating newlines, every bracket closed (closers made up here have no text). */
export function layOut(file: SourceFile, tokens: readonly IToken[]): { tokens: IToken[]; diagnostics: Diagnostic[] } {
  const layout = new Layout(file, tokens)
  layout.run()
  return { tokens: layout.out, diagnostics: layout.diagnostics }
}

class Layout {
  readonly out: IToken[] = []
  readonly diagnostics: Diagnostic[] = []
  private readonly open: Open[] = []
  /** A `}` further left than the line of its `{`: probably another bracket's, so that `{` is the unclosed one. */
  private suspect: { readonly open: Open; readonly end: number } | undefined
  /** Brackets, `if`s and arrows around the current token. */
  private depth = 0
  private readonly outermost: Nesting = { inner: 0 }

  constructor(
    private readonly file: SourceFile,
    private readonly tokens: readonly IToken[],
  ) {}

  run(): void {
    const { tokens } = this
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as IToken
      const type = token.tokenType
      if (type === t.Newline) {
        i = this.newline(i)
        continue
      }
      if (this.open.length > 0 && this.startsLine(i)) this.closeForgotten(i)
      const closer = t.closerOf.get(type)
      const nests = type === t.Arrow || (type === t.If && this.out[this.out.length - 1]?.tokenType !== t.Else)
      if (closer || nests) {
        if (this.depth >= deepest) return this.tooDeep(token)
        this.depth++
      }
      if (nests) this.nesting.inner++
      else if (type === t.Comma) this.separate()
      if (closer) {
        this.open.push({ inner: 0, token, closer, separates: type === t.LeftCurly || this.opensParameters(type), indentation: this.indentation(token.startOffset) })
      } else if (t.closers.has(type) && !this.close(i)) {
        continue
      }
      this.out.push(token)
    }
    this.closeAll(undefined)
  }

  private get top(): Open | undefined {
    return this.open[this.open.length - 1]
  }

  private get nesting(): Nesting {
    return this.top ?? this.outermost
  }

  private separate(): void {
    this.depth -= this.nesting.inner
    this.nesting.inner = 0
  }

  // ── newlines ─────────────────────────────────────────────────────────────────────────────────────

  /** Handles a run of newlines that begins at `i`; returns the index of its last. */
  private newline(i: number): number {
    let last = i
    while (this.tokens[last + 1]?.tokenType === t.Newline) last++
    const previous = this.out[this.out.length - 1]
    if (previous?.tokenType === t.OpenText) this.closeLine(previous)
    if (previous && this.separates(previous, last + 1)) this.endItem(this.tokens[i] as IToken)
    return last
  }

  private endItem(newline: IToken): void {
    this.separate()
    this.out.push(newline)
  }

  private separates(previous: IToken, nextIndex: number): boolean {
    const next = this.tokens[nextIndex]
    if (!next || (this.top && !this.top.separates)) return false
    const before = previous.tokenType
    const after = next.tokenType
    if (t.closerOf.has(before) || t.closers.has(after)) return false
    if (continuesBefore.has(after)) return false
    // An operator goes on, unless what follows is plainly a new item: then its line was left unfinished.
    if (continuesAfter.has(before)) return this.isItemHead(nextIndex) && this.indentation(next.startOffset) <= this.indentation(previous.startOffset)
    // A value may stand on the next line when it is indented; else the line was left unfinished.
    if (before === t.Equals) return this.indentation(next.startOffset) <= this.indentation(previous.startOffset)
    // `- x` goes on, `-x` begins.
    if (after === t.Minus) return !this.spaceAfter(next)
    // A test case may go on with `with {` and `gives {`.
    if (after === t.With || after === t.Gives) return this.tokens[nextIndex + 1]?.tokenType !== t.LeftCurly
    return true
  }

  // ── brackets ─────────────────────────────────────────────────────────────────────────────────────

  /** True when the closer at `i` is to be kept; closes what stands in its way. */
  private close(i: number): boolean {
    const token = this.tokens[i] as IToken
    const depth = this.open.findLastIndex((each) => each.closer === token.tokenType)
    const top = this.top
    if (depth < 0) {
      if (top && this.onOneLine(top.token, token) && this.nextType(i) !== top.closer) {
        // `f(a]`: taken for the closer that was meant.
        const meant = top.closer.PATTERN as string
        this.diagnostics.push(
          report('RLP0005', this.span(token), `\`${token.image}\` cannot close \`${top.token.image}\``, {
            related: [{ span: this.span(top.token), text: 'opened here' }],
            help: `write \`${meant}\``,
            fixes: [{ title: `replace with \`${meant}\``, edits: [{ span: this.span(token), insert: meant }], safe: false }],
          }),
        )
        this.pop(token.startOffset)
        return false
      }
      this.diagnostics.push(
        report('RLP0005', this.span(token), `nothing is open that \`${token.image}\` could close`, {
          help: 'remove it',
          fixes: [{ title: 'remove it', edits: [{ span: this.span(token), insert: '' }], safe: false }],
        }),
      )
      return false
    }
    if (depth < this.open.length - 1) {
      this.reportUnclosed(this.open.slice(depth + 1), { span: this.span(token), text: 'this closes what is around it' })
      while (this.open.length - 1 > depth) this.pop(this.endOfOut())
    }
    const closed = this.leave()
    if (token.tokenType === t.RightCurly && this.startsLine(i) && this.indentation(token.startOffset) < closed.indentation) {
      this.suspect ??= { open: closed, end: this.endOfOut() }
    }
    if (this.open.length === 0) this.suspect = undefined
    return true
  }

  /** At the start of a line: closes brackets that its author must have thought closed. */
  private closeForgotten(i: number): void {
    const token = this.tokens[i] as IToken
    const margin = this.indentation(token.startOffset) === 0
    if (margin && this.isDeclarationHead(i)) {
      this.closeAll({ span: this.span(token), text: 'a new declaration starts at the margin, so everything before it should be closed' })
      this.endItem(makeToken(t.Newline, '', this.endOfOut()))
      return
    }
    const previous = this.out[this.out.length - 1]?.tokenType
    while (
      this.top &&
      !this.top.separates &&
      previous !== t.Comma &&
      !(previous && t.closerOf.has(previous)) &&
      this.isItemHead(i) &&
      this.indentation(token.startOffset) <= this.top.indentation
    ) {
      this.reportUnclosed([this.top], { span: this.span(token), text: 'a new line starts here' })
      this.pop(this.endOfOut())
      if (!this.top || this.top.separates) this.endItem(makeToken(t.Newline, '', this.endOfOut()))
    }
  }

  /** Unclosed text has swallowed the rest of its line: what was opened on that line is closed without a word. */
  private closeLine(text: IToken): void {
    while (this.top && this.onOneLine(this.top.token, text)) this.pop(this.endOfOut())
  }

  private closeAll(reason: Label | undefined): void {
    if (this.open.length === 0) return
    if (this.suspect && this.open.length === 1) this.reportUnclosed([this.suspect.open], reason, this.suspect.end)
    else this.reportUnclosed(this.open, reason)
    while (this.open.length > 0) this.pop(this.endOfOut())
    this.suspect = undefined
  }

  private pop(offset: number): void {
    this.out.push(makeToken(this.leave().closer, '', offset))
  }

  private leave(): Open {
    const closed = this.open.pop() as Open
    this.depth -= 1 + closed.inner
    return closed
  }

  /** `end`: where the closers belong. */
  private reportUnclosed(unclosed: readonly Open[], reason: Label | undefined, end = this.endOfOut()): void {
    const innermost = unclosed[unclosed.length - 1] as Open
    const others = unclosed.slice(0, -1).map(({ token }) => ({ span: this.span(token), text: 'and this one' }))
    const missing = unclosed.map(({ closer }) => closer.PATTERN as string).reverse()
    const ownLine = innermost.closer === t.RightCurly && !this.onOneLine(innermost.token, { startOffset: end })
    const insert = ownLine ? missing.map((image, k) => `\n${' '.repeat((unclosed[unclosed.length - 1 - k] as Open).indentation)}${image}`).join('') : missing.join('')
    const shown = missing.map((image) => `\`${image}\``).join(' and ')
    this.diagnostics.push(
      report('RLP0006', this.span(innermost.token), `this \`${innermost.token.image}\` is never closed`, {
        label: 'opened here',
        related: [...others, ...(reason ? [reason] : [])],
        help: `add ${shown} ${ownLine ? 'after' : 'at the end of'} line ${this.file.position(end).line}`,
        fixes: [{ title: `add ${shown}`, edits: [{ span: this.file.span(end, end), insert }], safe: unclosed.length === 1 }],
      }),
    )
  }

  private tooDeep(token: IToken): void {
    this.diagnostics.push(
      report('RLP1012', this.span(token), `this is nested more than ${deepest} deep`, { help: 'give the inner parts names of their own' }),
    )
    while (this.open.length > 0) this.pop(this.endOfOut())
  }

  // ── what stands where ────────────────────────────────────────────────────────────────────────────

  private typeAt(i: number): TokenType | undefined {
    return this.tokens[i]?.tokenType
  }

  private nextType(i: number): TokenType | undefined {
    let next = i + 1
    while (this.typeAt(next) === t.Newline) next++
    return this.typeAt(next)
  }

  private isWord(i: number): boolean {
    const token = this.tokens[i]
    return token !== undefined && chevrotain.tokenMatcher(token, t.Word)
  }

  /** `word name`, `import {`, `import *`. */
  private isDeclarationHead(i: number): boolean {
    if (!this.isWord(i) || this.typeAt(i) === t.Let) return false
    return this.isWord(i + 1) || (this.typeAt(i) === t.Import && (this.typeAt(i + 1) === t.LeftCurly || this.typeAt(i + 1) === t.Star))
  }

  /** `name = …`, `name { …`, `word name`. */
  private isItemHead(i: number): boolean {
    const next = this.typeAt(i + 1)
    return this.isWord(i) && (next === t.Equals || next === t.LeftCurly || this.isWord(i + 1))
  }

  private startsLine(i: number): boolean {
    return i === 0 || this.typeAt(i - 1) === t.Newline
  }

  /** `fn name[T](`: read off what has been written out already. */
  private opensParameters(type: TokenType): boolean {
    if (type !== t.LeftParen) return false
    let k = this.out.length - 1
    if (this.out[k]?.tokenType === t.RightSquare) while (k >= 0 && this.out[k]?.tokenType !== t.LeftSquare) k--
    if (this.out[k]?.tokenType === t.LeftSquare) k--
    return this.out[k - 1]?.tokenType === t.Fn
  }

  private indentation(offset: number): number {
    const start = this.lineStart(offset)
    let end = start
    while (' \t'.includes(this.file.text.charAt(end)) && end < this.file.text.length) end++
    return end - start
  }

  private lineStart(offset: number): number {
    return offset <= 0 ? 0 : this.file.text.lastIndexOf('\n', offset - 1) + 1
  }

  private onOneLine(a: { startOffset: number }, b: { startOffset: number }): boolean {
    return this.lineStart(a.startOffset) === this.lineStart(b.startOffset)
  }

  private spaceAfter(token: IToken): boolean {
    return /\s/.test(this.file.text.charAt(token.startOffset + token.image.length))
  }

  private endOfOut(): number {
    const last = this.out.findLast((token) => token.image.trim() !== '')
    return last ? last.startOffset + last.image.length : 0
  }

  private span(token: IToken): Span {
    return this.file.span(token.startOffset, token.startOffset + token.image.length)
  }
}

const operators = [t.Or, t.And, t.In, t.Less, t.LessEqual, t.Greater, t.GreaterEqual, t.EqualEqual, t.NotEqual, t.Plus, t.Star, t.Slash, t.Caret, t.Pipe, t.Arrow]

/** A newline after one of these is no separator. `..` is not among them: `in 0..` may end a line. */
const continuesAfter: ReadonlySet<TokenType> = new Set([...operators, t.Minus, t.Comma, t.Not, t.If, t.Then, t.Else])

/** A newline before one of these is no separator: no item can begin with it. */
const continuesBefore: ReadonlySet<TokenType> = new Set([...operators, t.DotDot, t.Dot, t.Then, t.Else, t.For])
