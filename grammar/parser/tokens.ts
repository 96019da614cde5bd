// The token table: pattern, name in words and editor scope of every token, as data.
// The lexer, the error messages and the editor grammar are made from it; no rule of the syntax is here.

import type { TokenType } from 'chevrotain'
import { chevrotain } from './chevrotain.js'

const { createToken, Lexer } = chevrotain

export interface TokenEntry {
  readonly type: TokenType
  /** What a message calls it: `a number`, `` `=` ``. */
  readonly words: string
  /** TextMate scope without the `.rlp` ending; `undefined` where an editor colours nothing. */
  readonly scope: string | undefined
}

const category = (name: string): TokenType => createToken({ name, pattern: Lexer.NA })

/** Any name: an identifier or a word that is a keyword only in its place (`from`, `type`, `test`, …). */
export const Word = category('Word')
/** What ends an item: a new line or a comma. */
export const Separator = category('Separator')
export const BinaryOperator = category('BinaryOperator')
export const Prefix = category('Prefix')
/** `=`, or the `:` that people write for it. */
export const Assign = category('Assign')
/** A literal that cannot begin anything but a value. */
export const Literal = category('Literal')

const categoryWords: readonly (readonly [TokenType, string])[] = [
  [Word, 'a name'],
  [Separator, 'a new line'],
  [BinaryOperator, 'an operator'],
  [Prefix, 'a value'],
  [Assign, '`=`'],
  [Literal, 'a value'],
]

const entries: TokenEntry[] = []

function token(words: string, scope: string | undefined, config: Parameters<typeof createToken>[0]): TokenType {
  const type = createToken(config)
  entries.push({ type, words, scope })
  return type
}

export const Newline = token('the end of the line', undefined, { name: 'Newline', pattern: /\r\n?|\n/, categories: [Separator] })
export const Space = token('space', undefined, { name: 'Space', pattern: /[ \t\uFEFF]+/, group: Lexer.SKIPPED })
export const DocComment = token('a comment', 'comment.line.documentation', { name: 'DocComment', pattern: /\/\/\/(?!\/)[^\n\r]*/, group: 'comments' })
export const FileDoc = token('a comment', 'comment.line.documentation', { name: 'FileDoc', pattern: /\/\/![^\n\r]*/, group: 'comments' })
export const Comment = token('a comment', 'comment.line.double-slash', { name: 'Comment', pattern: /\/\/[^\n\r]*/, group: 'comments' })

/** `# …`: reported by the lexer, then ignored. */
export const ForeignComment = token('a comment', undefined, { name: 'ForeignComment', pattern: /#[^\n\r]*/, group: 'comments' })

export const NumberToken = createToken({ name: 'Number', pattern: /\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?/, categories: [Literal] })
/** A number as it is written elsewhere, `0.1.2`, `1.e-6`, `1k`: reported by the lexer, then a value that nobody knows. */
export const MisspeltNumber = token('a number', undefined, { name: 'MisspeltNumber', pattern: /\d+(?:\.\d+){2,}|\d[\d_]*\.[eE][+-]?\d+|\d+(?:\.\d+)?[kK]\b/, categories: [NumberToken, Literal] })
entries.push({ type: NumberToken, words: 'a number', scope: 'constant.numeric' })
export const Text = token('text in quotes', 'string.quoted.double', { name: 'Text', pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*"/, categories: [Literal] })
/** Text without its closing quote: runs to the end of the line; reported by the lexer, then used as text. */
export const OpenText = token('text in quotes', undefined, { name: 'OpenText', pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*\\?/, categories: [Text, Literal] })
/** Text in quotes that are not ours (`'a'`, `“a”`): reported by the lexer, then used as text. */
export const ForeignText = token('text in quotes', undefined, { name: 'ForeignText', pattern: /'[^'\n\r]*'|[“”„][^“”"\n\r]*[“”"]|‘[^’\n\r]*’|«[^»\n\r]*»/, categories: [Text, Literal] })

export const Identifier = createToken({ name: 'Identifier', pattern: /[A-Za-z_]\w*/, categories: [Word] })

function keyword(image: string, scope: string, categories: TokenType[]): TokenType {
  const name = image.charAt(0).toUpperCase() + image.slice(1)
  return token(`\`${image}\``, scope, { name, pattern: image, longer_alt: Identifier, categories })
}

// Reserved everywhere: none of these can be a name.
export const If = keyword('if', 'keyword.control', [])
export const Then = keyword('then', 'keyword.control', [])
export const Else = keyword('else', 'keyword.control', [])
export const For = keyword('for', 'keyword.control', [])
export const In = keyword('in', 'keyword.control', [BinaryOperator])
export const And = keyword('and', 'keyword.operator.logical', [BinaryOperator])
export const Or = keyword('or', 'keyword.operator.logical', [BinaryOperator])
export const Not = keyword('not', 'keyword.operator.logical', [Prefix])
export const True = keyword('true', 'constant.language', [Literal])
export const False = keyword('false', 'constant.language', [Literal])
export const None = keyword('none', 'constant.language', [Literal])

// Keywords only in their place; names elsewhere.
export const Rlp = keyword('rlp', 'keyword.control.directive', [Word])
export const Import = keyword('import', 'keyword.control.import', [Word])
export const From = keyword('from', 'keyword.control.import', [Word])
export const As = keyword('as', 'keyword.control.import', [Word])
export const Extern = keyword('extern', 'storage.modifier', [Word])
export const Fn = keyword('fn', 'storage.type', [Word])
export const Type = keyword('type', 'storage.type', [Word])
export const Test = keyword('test', 'storage.type', [Word])
export const Let = keyword('let', 'storage.type', [Word])
export const Per = keyword('per', 'keyword.operator.level', [Word])
export const With = keyword('with', 'keyword.control', [Word])
export const Gives = keyword('gives', 'keyword.control', [Word])

entries.push({ type: Identifier, words: 'a name', scope: undefined })

function symbol(name: string, image: string, scope: string, categories: TokenType[] = []): TokenType {
  return token(`\`${image}\``, scope, { name, pattern: image, categories })
}

const comparison = 'keyword.operator.comparison'
const arithmetic = 'keyword.operator.arithmetic'
/** Signs of other languages: reported by the lexer, then replaced by what is meant. */
export const ForeignSign = token('a sign', undefined, { name: 'ForeignSign', pattern: /<>|&&?|\|\||\*\*|:=|!(?!=)|;|[−–—×·÷≤≥≠→…]|[\u00A0\u2000-\u200B\u202F\u3000]+/ })

// Longer images first: the lexer takes the first that matches.
export const Arrow = symbol('Arrow', '->', 'keyword.operator.type')
export const DotDot = symbol('DotDot', '..', 'keyword.operator.range', [BinaryOperator])
export const EqualEqual = symbol('EqualEqual', '==', comparison, [BinaryOperator])
export const NotEqual = symbol('NotEqual', '!=', comparison, [BinaryOperator])
export const LessEqual = symbol('LessEqual', '<=', comparison, [BinaryOperator])
export const GreaterEqual = symbol('GreaterEqual', '>=', comparison, [BinaryOperator])
export const Less = symbol('Less', '<', comparison, [BinaryOperator])
export const Greater = symbol('Greater', '>', comparison, [BinaryOperator])
export const Equals = symbol('Equals', '=', 'keyword.operator.assignment', [Assign])
export const Colon = symbol('Colon', ':', 'punctuation.separator.type', [Assign])
export const Plus = symbol('Plus', '+', arithmetic, [BinaryOperator])
export const Minus = symbol('Minus', '-', arithmetic, [BinaryOperator, Prefix])
export const Star = symbol('Star', '*', arithmetic, [BinaryOperator])
export const Slash = symbol('Slash', '/', arithmetic, [BinaryOperator])
export const Caret = symbol('Caret', '^', arithmetic, [BinaryOperator])
export const Percent = symbol('Percent', '%', 'keyword.other.unit')
export const Pipe = symbol('Pipe', '|', 'keyword.operator.type')
export const Question = symbol('Question', '?', 'keyword.operator.type')
/** A number without its first digit, `.5`: reported by the lexer, then used as a number. */
export const ForeignNumber = token('a number', undefined, { name: 'ForeignNumber', pattern: /\.\d[\d_]*(?:[eE][+-]?\d+)?/, categories: [NumberToken, Literal] })
export const Dot = symbol('Dot', '.', 'punctuation.accessor')
export const Comma = symbol('Comma', ',', 'punctuation.separator', [Separator])
export const LeftParen = symbol('LeftParen', '(', 'punctuation.section.parens.begin')
export const RightParen = symbol('RightParen', ')', 'punctuation.section.parens.end')
export const LeftSquare = symbol('LeftSquare', '[', 'punctuation.section.brackets.begin')
export const RightSquare = symbol('RightSquare', ']', 'punctuation.section.brackets.end')
export const LeftCurly = symbol('LeftCurly', '{', 'punctuation.section.braces.begin')
export const RightCurly = symbol('RightCurly', '}', 'punctuation.section.braces.end')

/** Every token, in the order in which the lexer tries them. */
export const tokenTable: readonly TokenEntry[] = entries

/** Token types for the parser: the table and the categories. */
export const vocabulary: TokenType[] = [...categoryWords.map(([type]) => type), ...entries.map((entry) => entry.type)]

/** Opening bracket → its closing bracket. */
export const closerOf: ReadonlyMap<TokenType, TokenType> = new Map([
  [LeftParen, RightParen],
  [LeftSquare, RightSquare],
  [LeftCurly, RightCurly],
])

export const closers: ReadonlySet<TokenType> = new Set(closerOf.values())

const keywords = entries.filter((entry) => entry.type.LONGER_ALT !== undefined).map((entry) => entry.type)
/** Words that can be no name anywhere. */
export const reserved: ReadonlySet<TokenType> = new Set(keywords.filter((type) => !type.CATEGORIES?.includes(Word)))

const words = new Map<TokenType, string>([...categoryWords, ...entries.map((entry) => [entry.type, entry.words] as const)])

/** What a message calls this kind of token. */
export const inWords = (type: TokenType): string => words.get(type) ?? 'the end of the file'
