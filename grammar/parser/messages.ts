// Parser errors → diagnostics in words: what was expected, what was found.
// Rules and tokens of the grammar never show through.

import type { IParserErrorMessageProvider, IRecognitionException, IToken, TokenType } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import type { SourceFile, Span } from '../source/source.js'
import { chevrotain } from './chevrotain.js'
import { report } from './codes.js'
import { foreignPhrase } from './foreign-syntax.js'
import * as t from './tokens.js'

/** What each rule with alternatives wants. */
const wanted: Readonly<Record<string, string>> = {
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

/** Lists by what separates them: what may stand where the closing bracket was expected. */
const lists: Readonly<Record<string, string>> = {
  import: 'a new line, `,`',
  block: 'a new line, `,`',
  functionBody: 'a new line',
  testDeclaration: 'a new line',
  record: 'a new line, `,`',
  recordType: 'a new line, `,`',
  functionDeclaration: '`,`',
  functionType: '`,`',
  suffix: '`,`',
  list: '`,`',
  namedType: '`,`',
  typeParameters: '`,`',
}

/** Chevrotain asks for a message; it gets the words for what was expected, and `toDiagnostic` makes the sentence. */
export const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => {
    if (expected === chevrotain.EOF) return ruleName === 'module' ? 'a new line' : 'the end'
    const separators = t.closers.has(expected) ? lists[ruleName] : undefined
    if (separators) return `${separators} or ${t.inWords(expected)}`
    return ruleName === 'typeAnnotation' ? '`:` and a type' : t.inWords(expected)
  },
  buildNotAllInputParsedMessage: ({ ruleName }) => (ruleName === 'module' ? 'a new line' : 'the end'),
  buildNoViableAltMessage: ({ ruleName }) => wanted[ruleName] ?? 'a value',
  buildEarlyExitMessage: ({ ruleName }) => wanted[ruleName] ?? 'a value',
}

/** Diagnostics of one parse, at most one for each source line: the rest are its echoes. */
export function toDiagnostics(file: SourceFile, errors: readonly IRecognitionException[], tokens: readonly IToken[]): Diagnostic[] {
  const lines = new Set<number>()
  const diagnostics: Diagnostic[] = []
  const places = errors.map((error) => new Place(file, error, tokens)).sort((a, b) => a.span.start - b.span.start)
  for (const place of places) {
    const { line } = file.position(place.span.start)
    if (lines.has(line) || (place.isEcho && places.length > 1)) continue
    lines.add(line)
    diagnostics.push(place.diagnose())
  }
  return diagnostics
}

/** One parser error among the tokens. */
class Place {
  readonly span: Span
  /** The line, or the file, ends where something was expected; shown just after its last token. */
  private readonly atEnd: 'line' | 'file' | undefined
  private readonly before: readonly IToken[]
  private readonly after: IToken | undefined

  constructor(
    file: SourceFile,
    private readonly error: IRecognitionException,
    tokens: readonly IToken[],
  ) {
    const { token } = error
    const index = tokens.indexOf(token)
    this.before = index < 0 ? tokens : tokens.slice(Math.max(0, index - 3), index)
    this.after = index < 0 ? undefined : tokens[index + 1]
    const last = tokens.slice(0, index < 0 ? undefined : index).findLast((each) => each.tokenType !== t.Newline)
    const end = last ? last.startOffset + last.image.length : 0
    const lineEnds = token.tokenType === t.Newline || token.image === '' || (t.closers.has(token.tokenType) && file.text.slice(end, token.startOffset).includes('\n'))
    const fileEnds = token.tokenType === chevrotain.EOF && !file.text.slice(end).includes('\n')
    this.atEnd = fileEnds ? 'file' : lineEnds || token.tokenType === chevrotain.EOF ? 'line' : undefined
    this.span = this.atEnd ? file.span(end, end) : file.span(token.startOffset, token.startOffset + token.image.length)
  }

  /** A closer that nobody waits for: layout has balanced them, so an error before has ended its block early. */
  get isEcho(): boolean {
    return this.atEnd === 'line' && this.error.message.startsWith('a new line')
  }

  diagnose(): Diagnostic {
    const { error, span } = this
    const type = error.token.tokenType
    const separator = error.message.startsWith('a new line')
    const takenForName = error.message === 'a name' || (separator && this.previous(0) === t.Word) || (this.after && nameEnds.has(this.after.tokenType))
    if (t.reserved.has(type) && takenForName) {
      return report('RLP1004', span, `\`${error.token.image}\` is a word of the language and cannot be a name`, { help: 'pick another name' })
    }
    const colon = this.before[this.before.length - 1]
    if (error.message === 'a type' && colon?.tokenType === t.Colon && valueStarts.has(type)) {
      const at = span.file.span(colon.startOffset, colon.startOffset + 1)
      return report('RLP1003', at, '`:` gives a type, `=` gives a value', {
        label: 'write `=` here',
        help: 'replace `:` with `=`',
        fixes: [{ title: 'replace `:` with `=`', edits: [{ span: at, insert: ' =' }], safe: true }],
      })
    }
    const phrase = foreignPhrase(span.file.text, span.start, error.message)
    if (phrase) {
      const { fix } = phrase
      return report('RLP1007', span, phrase.title, { help: phrase.help, fixes: fix ? [{ title: phrase.help, edits: [{ span: span.file.span(fix.start, fix.end), insert: fix.insert }], safe: true }] : [] })
    }
    const expected = separator && this.previous(0) === t.Word && this.previous(1) === t.Word ? '`:`, `=` or `{`' : error.message
    return report('RLP1007', span, `expected ${expected}, found ${this.found()}`, { label: `expected ${expected}` })
  }

  /** `Word` when the token that many places before the error is a word. */
  private previous(back: number): TokenType | undefined {
    const token = this.before[this.before.length - 1 - back]
    return token && chevrotain.tokenMatcher(token, t.Word) ? t.Word : token?.tokenType
  }

  private found(): string {
    if (this.atEnd) return `the end of the ${this.atEnd}`
    const { image } = this.error.token
    return `\`${image.length > 24 ? `${image.slice(0, 24)}…` : image}\``
  }
}

/** What shows that the word before it was meant as a name. */
const nameEnds: ReadonlySet<TokenType> = new Set([t.Equals, t.Colon, t.LeftCurly])

/** What a value may begin with, but no type. */
const valueStarts: ReadonlySet<TokenType> = new Set([t.NumberToken, t.True, t.False, t.None, t.Minus, t.LeftSquare])
