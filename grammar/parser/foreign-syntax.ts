// Phrases of Python, JavaScript and YAML as data: where the parser stumbles over one, the message names our spelling.
// Signs of other languages that have exactly one meaning here (`&&`, `≤`) are mended by the lexer instead.

/** One phrase: what stands on the line before and from the token where the parser stopped. */
interface Phrase {
  /** The end of the line's text before the token. */
  readonly before: RegExp
  /** The text from the token on, to the end of the line. */
  readonly from: RegExp
  /** What the parser expected, where only that tells the phrase from another. */
  readonly expected?: RegExp
  readonly title: string
  readonly help: string
  /** What replaces the matches of `before` and `from` together, where that is sure. */
  readonly fix?: (before: RegExpExecArray, from: RegExpExecArray) => string
}

const phrases: readonly Phrase[] = [
  { before: /\breturn\s+$/, from: /^/, title: '`return` has no meaning here', help: 'write the expression alone: the last one is the result', fix: () => '' },
  { before: /\belif\s+$/, from: /^/, title: '`elif` has no meaning here', help: 'write `else if … then … else …`', fix: () => 'else if ' },
  { before: /\blambda\s*$/, from: /^/, title: 'functions have names here', help: 'declare it with `fn name(…): Type = …` and give its name' },
  { before: /\)\s*$/, from: /^=\s*>/, title: 'functions have names here', help: 'declare it with `fn name(…): Type = …` and give its name' },
  { before: /^\s*(?:def|function|func|fun)\s+\w+\s*$/, from: /^\(/, title: 'a function begins with `fn`', help: 'write `fn name(x: Type): Type = …`' },
  { before: /\bf$/, from: /^"/, title: 'nothing is put into texts here', help: 'write the whole text' },
  { before: /\b[rbu]$/, from: /^"/, title: 'texts have no prefix here', help: 'write `"…"`', fix: () => '"' },
  { before: /\b(?:if|and|or|not)\b.*$/, from: /^is\b\s*(?:not\b)?/, title: '`is` has no meaning here', help: 'compare with `==` or `!=`', fix: ([before], [is]) => `${before}${is.includes('not') ? '!=' : '=='}` },
  { before: /=\s*$/, from: /^=/, title: '`===` has no meaning here', help: 'compare with `==`' },
  { before: /\bif\b[^=]*$/, from: /^=(?!=)/, title: '`=` gives a value and does not compare', help: 'compare with `==`', fix: ([before]) => `${before}==` },
  { before: /^(?!.*\bif\b).*\S\s+$/, from: /^if\b/, title: 'the condition comes first', help: 'write `if condition then a else b`' },
  { before: /./, from: /^\?/, title: '`?` does not choose between values', help: 'write `if condition then a else b`' },
  { before: /\bif\b.*$/, from: /^:/, title: 'the value of an `if` comes after `then`', help: 'write `if condition then a else b`' },
  { before: /\bif\b.*\bthen\b.*$/, from: /^$/, expected: /else/, title: 'an `if` needs an `else`', help: 'write `if condition then a else b`; both give a value' },
  { before: /\+$|[-*/]$/, from: /^=/, title: 'a value is given once and never changed', help: 'write `name = …`' },
  { before: /^\s*\w+\s*$/, from: /^[-+*/]=/, title: 'a value is given once and never changed', help: 'write `name = …`' },
  { before: /\/$/, from: /^\*/, title: '`/*` begins no comment', help: 'put `//` in front of every line' },
  { before: /[[,]\s*\S+\s+$|\[\s*\S.*\s$/, from: /^for\b/, title: 'there are no comprehensions', help: 'write out the list, or declare with `for key in set`' },
  { before: /[{,]\s*$/, from: /^"([A-Za-z_]\w*)"\s*[:=]/, title: 'the names in a record have no quotes', help: 'write `{ name = value }`', fix: (before, [, name]) => `${before[0]}${name} =` },
  { before: /(?:^|[^\w.])\d{1,3}(?:,\d{3})*,$/, from: /^\d{3}\b/, title: 'a comma does not group digits', help: 'group them with `_`, such as `1_000`', fix: (before, [digits]) => `${before[0].replaceAll(',', '_')}${digits}` },
  { before: /^\s*from\s+\w+\s*$/, from: /^\./, title: 'an import begins with `import`', help: 'write `import { name } from "std/signals"`' },
  { before: /^\s*from\s+$/, from: /^/, title: 'an import begins with `import`', help: 'write `import { name } from "std/signals"`' },
]

/** The phrase of another language in which the parser stopped at `offset` of `text`: what to say, and the edit that mends it. */
export function foreignPhrase(text: string, offset: number, expected: string): { readonly title: string; readonly help: string; readonly fix?: { readonly start: number; readonly end: number; readonly insert: string } } | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  const head = text.slice(start, offset)
  const tail = text.slice(offset, end < 0 ? undefined : end).replace(/\r$/, '')
  for (const { title, help, fix, ...phrase } of phrases) {
    const before = phrase.before.exec(head)
    const from = phrase.from.exec(tail)
    if (!before || !from || phrase.expected?.test(expected) === false) continue
    return fix ? { title, help, fix: { start: start + before.index, end: offset + from[0].length, insert: fix(before, from) } } : { title, help }
  }
  return undefined
}
