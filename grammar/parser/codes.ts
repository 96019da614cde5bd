// The codes of the first two layers: 0xxx characters, strings, layout and brackets; 1xxx syntax.
// Numbers are never reused; the text of each message stands where the mistake is found.

import { reporter, type CodeTable } from '../diagnostics/diagnostic.js'

export const codes = {
  RLP0001: { slug: 'unexpected-character', severity: 'error', meaning: 'this character or sign has no meaning here' },
  RLP0002: { slug: 'unterminated-string', severity: 'error', meaning: 'text is not closed on its line' },
  RLP0003: { slug: 'invalid-escape', severity: 'error', meaning: 'unknown escape in text' },
  RLP0004: { slug: 'number-spacing', severity: 'error', meaning: '`_` may only stand between two digits' },
  RLP0005: { slug: 'stray-closer', severity: 'error', meaning: 'nothing that this bracket could close is open' },
  RLP0006: { slug: 'unclosed-bracket', severity: 'error', meaning: 'a bracket is opened and never closed' },
  RLP0008: { slug: 'number-too-large', severity: 'error', meaning: 'a number has no place among those of 64 bits' },
  RLP0009: { slug: 'not-utf-8', severity: 'error', meaning: 'the file holds bytes that are no UTF-8' },
  RLP0007: { slug: 'tab-indentation', severity: 'warning', meaning: 'lines are indented with spaces, not tabs' },
  RLP1001: { slug: 'missing-value', severity: 'error', meaning: '`=` needs a value on the same line' },
  RLP1002: { slug: 'missing-equals', severity: 'error', meaning: 'an attribute needs `=` and a value' },
  RLP1003: { slug: 'colon-for-value', severity: 'error', meaning: '`:` gives a type, `=` gives a value' },
  RLP1004: { slug: 'reserved-word', severity: 'error', meaning: 'a word of the language cannot be a name' },
  RLP1005: { slug: 'missing-edition', severity: 'error', meaning: 'the first line of a file must be `rlp 1`' },
  RLP1006: { slug: 'unknown-edition', severity: 'error', meaning: 'this compiler does not know the edition' },
  RLP1007: { slug: 'unexpected-token', severity: 'error', meaning: 'something else was expected here' },
  RLP1008: { slug: 'import-not-first', severity: 'error', meaning: 'imports precede declarations' },
  RLP1009: { slug: 'dynamic-import', severity: 'error', meaning: 'an import path must be plain text' },
  RLP1010: { slug: 'chained-comparison', severity: 'error', meaning: 'comparisons cannot be chained' },
  RLP1011: { slug: 'function-body', severity: 'error', meaning: 'a function body is `let` lines and then one expression' },
  RLP1012: { slug: 'too-deep', severity: 'error', meaning: 'brackets or operators are nested too deeply' },
} as const satisfies CodeTable

export const report = reporter(codes)
