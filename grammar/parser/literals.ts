// Values of number and text tokens.
// Ranges and units are not checked here.

import type { Diagnostic } from '../diagnostics/diagnostic.js'
import type { Span } from '../source/source.js'
import { report } from './codes.js'

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' }

/**
 * The text between the quotes with escapes `\n \t \" \\ \u{…}` replaced. An unknown escape is reported and kept.
 * `span` covers the token with its quotes; `open`: the closing quote is missing.
 */
export function textValue(image: string, span: Span, diagnostics: Diagnostic[], open = false): string {
  const inner = image.slice(1, open ? undefined : -1)
  return inner.replace(/\\(?:u\{([^}"]*)\}|([^]|$))/g, (written: string, hex: string | undefined, letter: string | undefined, at: number) => {
    const value = hex === undefined ? escapes[letter ?? ''] : character(hex)
    if (value !== undefined) return value
    const start = span.start + 1 + at
    diagnostics.push(
      report('RLP0003', span.file.span(start, start + written.length), hex === undefined ? `\`${written}\` is no escape` : `\`${written}\` is no character`, {
        notes: ['the escapes are `\\n`, `\\t`, `\\"`, `\\\\` and `\\u{…}` with 1 to 6 hexadecimal digits'],
        help: hex === undefined ? `for a backslash itself write \`\\\\\`` : 'write the number of a Unicode character, such as `\\u{1F600}`',
      }),
    )
    return written
  })
}

function character(hex: string): string | undefined {
  if (!/^[0-9a-fA-F]{1,6}$/.test(hex)) return undefined
  const point = Number.parseInt(hex, 16)
  return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? undefined : String.fromCodePoint(point)
}

export interface NumberValue {
  readonly value: number
  /** Digits only. */
  readonly integer: boolean
}

/** `1_000`, `0.5`, `1e-6`; with `percent` a hundredth, rounded once (5% is exactly 0.05). */
export function numberValue(image: string, span: Span, diagnostics: Diagnostic[], percent = false): NumberValue {
  const plain = image.replaceAll('_', '')
  const spacing = /_(?!\d)|__/.exec(image)
  if (spacing) {
    diagnostics.push(
      report('RLP0004', span, '`_` may only stand between two digits', {
        help: `write \`${plain}\``,
        fixes: [{ title: `write \`${plain}\``, edits: [{ span, insert: plain }], safe: true }],
      }),
    )
  }
  const [mantissa = '', exponent = '0'] = plain.toLowerCase().split('e')
  const value = percent ? Number(`${mantissa}e${Number(exponent) - 2}`) : Number(plain)
  // One in its place: what else would be said of a number that nobody meant.
  if (!Number.isFinite(value)) diagnostics.push(report('RLP0008', span, 'this number is too large', { label: 'above 1.8e308', help: 'write a smaller number; a range without an upper end is `0..`' }))
  return { value: Number.isFinite(value) ? value : 1, integer: !percent && /^\d+$/.test(plain) }
}
