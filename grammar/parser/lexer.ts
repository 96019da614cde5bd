// Text → tokens and comments. Mistakes in characters are reported here and the text around them is kept.
// Newlines stay in the list: layout decides which of them separate.

import type { IToken, TokenType } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import type { SourceFile } from '../source/source.js'
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
  { positionTracking: 'onlyOffset', ensureOptimizations: false, skipValidations: true },
)

/** Signs of other languages, and what is meant by them here. */
const foreignSigns: readonly { readonly image: RegExp; readonly meant: string; readonly type?: TokenType }[] = [
  { image: /^&&?$/, meant: 'and', type: t.And },
  { image: /^!$/, meant: 'not', type: t.Not },
  { image: /^;$/, meant: '', type: t.Newline },
  { image: /^[\u00A0\u2000-\u200B\u202F\u3000]+$/, meant: ' ' },
  { image: /^[−–—]$/, meant: '-', type: t.Minus },
  { image: /^[×·]$/, meant: '*', type: t.Star },
  { image: /^÷$/, meant: '/', type: t.Slash },
  { image: /^≤$/, meant: '<=', type: t.LessEqual },
  { image: /^≥$/, meant: '>=', type: t.GreaterEqual },
  { image: /^≠$/, meant: '!=', type: t.NotEqual },
  { image: /^→$/, meant: '->', type: t.Arrow },
  { image: /^…$/, meant: '..', type: t.DotDot },
]

/** Tokens of a file; never throws, every character is in a token, a comment, white space or a diagnostic. */
export function lex(file: SourceFile): Lexed {
  const result = lexer.tokenize(file.text)
  const diagnostics: Diagnostic[] = []
  const tokens = result.tokens
  for (const { offset, length } of result.errors) {
    const image = file.text.slice(offset, offset + length)
    const sign = foreignSigns.find((each) => each.image.test(image))
    diagnostics.push(unexpected(file, offset, image, sign?.meant))
    if (sign?.type) insert(tokens, makeToken(sign.type, image, offset))
  }
  for (const token of tokens) {
    token.endOffset = token.startOffset + token.image.length - 1 // `onlyOffset` leaves it out; places of nodes need it
    const span = file.span(token.startOffset, token.startOffset + token.image.length)
    token.endOffset = span.end - 1 // `onlyOffset` leaves it out, and the ends of syntax nodes come from it
    if (token.tokenType === t.OpenText) {
      diagnostics.push(
        report('RLP0002', span, 'this text is never closed', {
          label: 'text ends on the line it begins on',
          help: 'add `"`; a line break inside text is written `\\n`',
          fixes: [{ title: 'add `"`', edits: [{ span: file.span(span.end, span.end), insert: '"' }], safe: false }],
        }),
      )
    } else if (token.tokenType === t.ForeignText) {
      const inner = token.image.slice(1, -1).replaceAll('"', '\\"')
      diagnostics.push(
        report('RLP0001', span, 'text is written in straight double quotes', {
          help: `write \`"${inner}"\``,
          fixes: [{ title: 'use `"`', edits: [{ span, insert: `"${inner}"` }], safe: true }],
        }),
      )
    }
  }
  const tabs = tabIndentation(file)
  if (tabs) diagnostics.push(tabs)
  return { tokens, comments: result.groups['comments'] ?? [], diagnostics }
}

function unexpected(file: SourceFile, offset: number, image: string, meant: string | undefined): Diagnostic {
  const span = file.span(offset, offset + image.length)
  const shown = /^[\s\u200B\uFEFF\p{Cc}]/u.test(image) ? `U+${(image.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}` : image
  const comment = image.startsWith('#')
  const help = comment
    ? 'a comment starts with `//`'
    : meant === undefined
      ? 'remove it'
      : meant === ''
        ? 'a new line is enough: remove it'
        : meant === ' '
          ? 'use a plain space'
          : `write \`${meant}\``
  const insert = comment ? image.replace(/^#+/, '//') : (meant ?? '')
  return report('RLP0001', span, `\`${shown}\` has no meaning here`, {
    help,
    fixes: [{ title: help, edits: [{ span, insert }], safe: comment || meant !== undefined }],
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
    notes: edits.length > 1 ? [`so are ${edits.length - 1} more lines of this file`] : [],
    help: 'indent with two spaces, or run `rlpc fmt`',
    fixes: [{ title: 'indent with spaces', edits, safe: true }],
  })
}

/** A token that the text does not contain as such. */
export function makeToken(type: TokenType, image: string, offset: number): IToken {
  const end = offset + image.length - 1
  return chevrotain.createTokenInstance(type, image, offset, end, NaN, NaN, NaN, NaN)
}

function insert(tokens: IToken[], token: IToken): void {
  const after = tokens.findIndex((each) => each.startOffset > token.startOffset)
  tokens.splice(after < 0 ? tokens.length : after, 0, token)
}
