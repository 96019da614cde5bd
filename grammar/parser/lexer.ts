// Text → tokens and comments. Mistakes in characters are reported here and the text around them is kept.
// Newlines stay in the list: layout decides which of them separate.

import type { IToken, TokenType } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import type { SourceFile, Span } from '../source/source.js'
import { chevrotain } from './chevrotain.js'
import { report } from './codes.js'
import * as t from './tokens.js'

export interface Lexed {
  /** Everything but white space and comments, newlines included. */
  readonly tokens: IToken[]
  readonly comments: IToken[]
  readonly diagnostics: Diagnostic[]
}

const lexer = new chevrotain.Lexer(
  t.tokenTable.map((entry) => entry.type),
  { positionTracking: 'full', ensureOptimizations: false, skipValidations: true },
)

/** Signs of other languages, and what is meant by them here: nothing at all (a space, a new line) or a token. */
const foreignSigns: readonly { readonly image: RegExp; readonly meant: string; readonly type?: TokenType }[] = [
  { image: /^<>/, meant: '!=', type: t.NotEqual },
  { image: /^&/, meant: 'and', type: t.And },
  { image: /^\|\|/, meant: 'or', type: t.Or },
  { image: /^!/, meant: 'not', type: t.Not },
  { image: /^\*\*/, meant: '^', type: t.Caret },
  { image: /^:=/, meant: '=', type: t.Equals },
  { image: /^[−–—]/, meant: '-', type: t.Minus },
  { image: /^[×·]/, meant: '*', type: t.Star },
  { image: /^÷/, meant: '/', type: t.Slash },
  { image: /^≤/, meant: '<=', type: t.LessEqual },
  { image: /^≥/, meant: '>=', type: t.GreaterEqual },
  { image: /^≠/, meant: '!=', type: t.NotEqual },
  { image: /^→/, meant: '->', type: t.Arrow },
  { image: /^…/, meant: '..', type: t.DotDot },
  { image: /^;/, meant: '', type: t.Newline },
  { image: /^\s|^\u200B/, meant: ' ' },
]

/** Tokens of a file; never throws, every character is in a token, a comment, white space or a diagnostic. */
export function lex(file: SourceFile): Lexed {
  const result = lexer.tokenize(file.text)
  const comments = result.groups['comments'] ?? []
  const diagnostics: Diagnostic[] = result.errors.map(({ offset, length }) => unknown(file.span(offset, offset + length)))
  const tokens = result.tokens.some(({ tokenType }) => foreignTypes.has(tokenType)) ? result.tokens.flatMap((token) => mend(file, token, diagnostics)) : result.tokens
  for (const comment of comments) {
    if (comment.tokenType === t.ForeignComment) diagnostics.push(foreign(spanOf(file, comment), 'a comment begins with `//`', 'write `//`', comment.image.replace(/^#+/, '//')))
  }
  const encoding = otherEncoding(file)
  if (encoding) diagnostics.push(encoding)
  const tabs = tabIndentation(file)
  if (tabs) diagnostics.push(tabs)
  return { tokens, comments, diagnostics }
}

const spanOf = (file: SourceFile, { startOffset, image }: IToken): Span => file.span(startOffset, startOffset + image.length)

const foreignTypes: ReadonlySet<TokenType> = new Set([t.OpenText, t.ForeignText, t.ForeignNumber, t.MisspeltNumber, t.ForeignSign])

/** Reports a token that is known but not ours, and gives the one that is meant. */
function mend(file: SourceFile, token: IToken, diagnostics: Diagnostic[]): IToken[] {
  const span = spanOf(file, token)
  switch (token.tokenType) {
    case t.OpenText:
      diagnostics.push(
        report('RLP0002', span, 'this text is never closed', {
          label: 'text ends on the line it begins on',
          help: 'add `"`; a line break inside text is written `\\n`',
          fixes: [{ title: 'add `"`', edits: [{ span: file.span(span.end, span.end), insert: '"' }], safe: false }],
        }),
      )
      return [token]
    case t.ForeignText: {
      const straight = `"${token.image.slice(1, -1).replaceAll('"', '\\"')}"`
      diagnostics.push(foreign(span, 'text stands between straight double quotes', `write \`${straight}\``, straight))
      return [token]
    }
    case t.ForeignNumber:
      diagnostics.push(foreign(span, 'a number begins with a digit', `write \`0${token.image}\``, `0${token.image}`))
      return [token]
    case t.MisspeltNumber:
      diagnostics.push(misspeltNumber(span, token.image))
      return [token]
    case t.ForeignSign: {
      const sign = foreignSigns.find(({ image }) => image.test(token.image))
      const meant = sign?.meant ?? ''
      const help = meant === '' ? 'remove it, a new line is enough' : meant === ' ' ? 'use a plain space' : `write \`${meant}\``
      diagnostics.push(foreign(span, `\`${shown(token.image)}\` has no meaning here`, help, meant))
      return sign?.type ? [makeToken(sign.type, token.image, token.startOffset)] : []
    }
    default:
      return [token]
  }
}

function misspeltNumber(span: Span, image: string): Diagnostic {
  const meant = /k$/i.test(image) ? `${Number(image.slice(0, -1)) * 1000}`.replace(/\B(?=(\d{3})+$)/g, '_') : image.replace(/\.(?=e)/i, '.0')
  if (meant === image) return report('RLP0001', span, 'a number has one point at most', { help: 'write a number such as `0.12`' })
  return foreign(span, `\`${image}\` is no number here`, `write \`${meant}\``, meant)
}

/** Characters that cannot be seen are named by their number. */
function shown(text: string): string {
  return /^[\s\u200B\uFEFF\p{Cc}]/u.test(text) ? `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}` : text
}

function foreign(span: Span, title: string, help: string, insert: string): Diagnostic {
  return report('RLP0001', span, title, { help, fixes: [{ title: help, edits: [{ span, insert }], safe: true }] })
}

function unknown(span: Span): Diagnostic {
  const image = span.file.text.slice(span.start, span.end)
  return report('RLP0001', span, `\`${shown(image)}\` has no meaning here`, {
    help: /^\p{L}/u.test(image) ? 'names are written with the letters a to z, digits and `_`' : 'remove it',
    fixes: [{ title: 'remove it', edits: [{ span, insert: '' }], safe: false }],
  })
}

/** One error for the whole file: what cannot be read as UTF-8 comes as U+FFFD. */
function otherEncoding(file: SourceFile): Diagnostic | undefined {
  const at = file.text.indexOf('\uFFFD')
  if (at < 0) return undefined
  return report('RLP0009', file.span(at, at + 1), 'this is not UTF-8', {
    label: 'bytes that are no character here',
    help: 'save the file as UTF-8, or write the character anew',
  })
}

/** One warning for the whole file: the first indented line, and a fix for all of them. */
function tabIndentation(file: SourceFile): Diagnostic | undefined {
  const edits = [...file.text.matchAll(/^[ ]*\t[ \t]*/gm)].map((match) => ({
    span: file.span(match.index, match.index + match[0].length),
    insert: match[0].replaceAll('\t', '  '),
  }))
  const first = edits[0]
  if (!first) return undefined
  return report('RLP0007', first.span, 'this line is indented with a tab', {
    notes: edits.length > 1 ? [`${edits.length} lines of this file are`] : [],
    help: 'indent with two spaces',
    fixes: [{ title: 'indent with spaces', edits, safe: true }],
  })
}

/** A token that the text does not contain as such. */
export function makeToken(type: TokenType, image: string, offset: number): IToken {
  const end = offset + image.length - 1
  return chevrotain.createTokenInstance(type, image, offset, end, NaN, NaN, NaN, NaN)
}
