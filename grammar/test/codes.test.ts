// Every code of the grammar: text with the expected places marked `⟦…⟧`, and what its safe fixes make of it.
// The table must cover all codes; texts of messages are checked only where wording is the point.

import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { applyFixes } from '../diagnostics/apply-fixes.js'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import { parse } from '../index.js'
import { codes } from '../parser/codes.js'
import { SourceFile } from '../source/source.js'

interface Case {
  /** Code of each marked place, in order; one for all when there is one. */
  readonly code: string
  readonly text: string
  /** The text after all safe fixes; `undefined`: none is offered. */
  readonly fixed?: string
  /** `rlp 1` is not put before the text. */
  readonly whole?: boolean
}

const cases: readonly Case[] = [
  // characters
  { code: 'RLP0001', text: 'param a⟦é⟧ = 1' },
  { code: 'RLP0001', text: 'param x = a ⟦&&⟧ b ⟦||⟧ ⟦!⟧c', fixed: 'param x = a and b or notc' },
  { code: 'RLP0001', text: 'param x = 1⟦;⟧\nparam y ⟦:=⟧ 2 ⟦**⟧ 3', fixed: 'param x = 1\nparam y = 2 ^ 3' },
  { code: 'RLP0001', text: "param x = ⟦'a \"b\"'⟧", fixed: 'param x = "a \\"b\\""' },
  { code: 'RLP0001', text: 'param x = ⟦“a”⟧', fixed: 'param x = "a"' },
  { code: 'RLP0001', text: 'param⟦\u00A0⟧x = a ⟦≤⟧ ⟦.5⟧', fixed: 'param x = a <= 0.5' },
  { code: 'RLP0001', text: '⟦# note⟧\nparam x = 1', fixed: '// note\nparam x = 1' },
  { code: 'RLP0002', text: 'param x = ⟦"abc⟧\nparam y = 1' },
  { code: 'RLP0002', text: 'param x = f(⟦"abc)⟧\nparam y = [{ a = ⟦"b }]⟧\nparam z = 1' },
  { code: 'RLP0003', text: String.raw`param x = "a⟦\q⟧b⟦\u{110000}⟧"` },
  { code: 'RLP0008', text: 'param x = ⟦1e999⟧ + 1e308' },
  { code: 'RLP0009', text: 'param x = "caf⟦\uFFFD⟧ \uFFFD"' },
  { code: 'RLP0004', text: 'param x = ⟦1__0⟧ + ⟦2_⟧', fixed: 'param x = 10 + 2' },
  // brackets and lines
  { code: 'RLP0005', text: 'param x = 1\n⟦}⟧\nparam y = 2' },
  { code: 'RLP0005', text: 'stage s: K {\n  a = f(b⟦]⟧\n  c = 1\n}' },
  { code: 'RLP0006', text: 'stage s: K ⟦{⟧\n  a = 1\n\nstage t: K {\n}', fixed: 'stage s: K {\n  a = 1\n}\n\nstage t: K {\n}' },
  { code: 'RLP0006', text: 'stage s: K {\n  b ⟦{⟧\n    a = 1\n}\nstage t: K {\n}', fixed: 'stage s: K {\n  b {\n    a = 1\n  }\n}\nstage t: K {\n}' },
  { code: 'RLP0006', text: 'stage s: K {\n  a = f⟦(⟧1\n  c = 2\n}', fixed: 'stage s: K {\n  a = f(1)\n  c = 2\n}' },
  { code: 'RLP0006', text: 'stage s: K {\n  a = f⟦(⟧1\n}\nparam x = 1', fixed: 'stage s: K {\n  a = f(1)\n}\nparam x = 1' },
  { code: 'RLP0006', text: 'stage s: K ⟦{⟧\n  a = 1', fixed: 'stage s: K {\n  a = 1\n}' },
  { code: 'RLP0006', text: 'const x = [1, ⟦(⟧2\nparam y = 1\n' },
  { code: 'RLP0007', text: 'stage s: K {\n⟦\t⟧a = 1\n\tb = 2\n}', fixed: 'stage s: K {\n  a = 1\n  b = 2\n}' },
  // syntax
  { code: 'RLP1001', text: 'stage s: K {\n  a ⟦=⟧\n  b = 1\n}\nparam x ⟦=⟧ // later' },
  { code: 'RLP1001', text: 'const x = f(a ⟦=⟧, b = 1)\nfn g() ⟦=⟧\nsecret y ⟦from⟧' },
  { code: 'RLP1002', text: 'stage s: K {\n  ⟦lr⟧ 1e-5\n  ⟦data⟧ [1, 2]\n  c = 1\n}', fixed: 'stage s: K {\n  lr = 1e-5\n  data = [1, 2]\n  c = 1\n}' },
  { code: 'RLP1002', text: 'stage s: K {\n  ⟦packing⟧\n  c = 1\n}' },
  { code: 'RLP1003', text: 'stage s: K {\n  a⟦:⟧ 1\n  b ⟦:⟧x\n}', fixed: 'stage s: K {\n  a = 1\n  b = x\n}' },
  { code: 'RLP1003', text: 'stage s: K {\n  a = 1\n  ⟦b:⟧\n    c: 1e-3\n    d = f(\n      x = 1)\n\n  e = 2\n}', fixed: 'stage s: K {\n  a = 1\n  b {\n    c = 1e-3\n    d = f(\n      x = 1)\n  }\n\n  e = 2\n}' },
  { code: 'RLP1003', text: 'stage s: K {\n  ⟦b:⟧\n    c:\n      d: 1\n    e: 2\n}\nconst x = 1', fixed: 'stage s: K {\n  b {\n    c {\n      d = 1\n    }\n    e = 2\n  }\n}\nconst x = 1' },
  { code: 'RLP1003', text: 'stage s: K {\n  ⟦b:⟧\n    c: 1\n  ⟦e:⟧\n    f: 2 }', fixed: 'stage s: K {\n  b {\n    c = 1\n  }\n  e {\n    f = 2\n  } }' },
  { code: 'RLP1003', text: 'const x = { a⟦:⟧ 1, b = f(c⟦:⟧ 2) }', fixed: 'const x = { a = 1, b = f(c = 2) }' },
  { code: 'RLP1003', text: 'param x⟦:⟧ 3\nparam y⟦:⟧ true\nparam z⟦:⟧ [1]', fixed: 'param x = 3\nparam y = true\nparam z = [1]' },
  { code: 'RLP1004', text: 'param ⟦if⟧ = 1\nstage s: K {\n  ⟦in⟧ = 1\n}\nconst x = a.⟦then⟧' },
  { code: 'RLP1005', text: '//! Doc.\n\n/// Doc.\n⟦param⟧ x = 1', fixed: '//! Doc.\n\nrlp 1\n\n/// Doc.\nparam x = 1', whole: true },
  { code: 'RLP1005', text: '⟦⟧', fixed: 'rlp 1\n\n', whole: true },
  { code: 'RLP1005', text: 'param x = 1\n⟦rlp 1⟧', whole: true },
  { code: 'RLP1005', text: '⟦rlp 1⟧\nparam x = 1' },
  { code: 'RLP1006', text: 'rlp ⟦2⟧\nparam x = 1', whole: true },
  { code: 'RLP1006', text: 'rlp ⟦"1"⟧', whole: true },
  { code: 'RLP1006', text: '⟦rlp⟧\n', whole: true },
  { code: 'RLP1007', text: 'stage s: K {\n  a = 1 steps ⟦foo⟧ = 2\n  b = 1\n}' },
  { code: 'RLP1007', text: 'const x = 3 +⟦⟧\nconst y = 4 * ⟦*⟧ 5\nconst z = if a then b⟦⟧\n' },
  { code: 'RLP1007', text: 'const x = f(a ⟦b⟧ c)\nconst y = [1 ⟦2⟧ 3]\nconst z = f(1,⟦,⟧ 2)', fixed: 'const x = f(a b c)\nconst y = [1 2 3]\nconst z = f(1, 2)' },
  { code: 'RLP1007', text: 'type A = { a: Int, b ⟦}⟧\ntype B = (a: Int) ->⟦⟧\ntype C = ⟦=⟧' },
  { code: 'RLP1007', text: 'stage x ⟦Sft⟧ {\n  a = 1\n}\nparam y = 1' },
  { code: 'RLP1007', text: '⟦lr⟧ = 1\nparam x = 1\n⟦foo⟧ {\n}\nparam z = 1\n⟦bar⟧\nbaz = 1\nparam w = 1\n⟦import⟧ x\nparam y = 1' },
  { code: 'RLP1007', text: 'test r {\n  "a" gives⟦⟧\n  "b" with ⟦3⟧ gives { a = 1 }\n  "c" with { a = 1 }⟦⟧\n}' },
  { code: 'RLP1007', text: 'fn f(a⟦)⟧ = a\nconst x = y[⟦]⟧' },
  { code: 'RLP1007', text: 'variant v { set { ⟦a.b⟧ { c = 1 } } }' },
  { code: 'RLP1008', text: 'import { a } from "a"\n\nparam x = 1\n⟦import { b } from "b"⟧\nparam y = 1\nimport { c } from "c"', fixed: 'import { a } from "a"\nimport { b } from "b"\nimport { c } from "c"\n\nparam x = 1\nparam y = 1\n' },
  { code: 'RLP1008', text: '/// Doc.\nparam x = 1\n⟦import { b } from "b"⟧', fixed: 'import { b } from "b"\n\n/// Doc.\nparam x = 1\n' },
  { code: 'RLP1009', text: 'import { a } from ⟦path⟧\nimport { b } from ⟦"x" + "y"⟧' },
  { code: 'RLP1010', text: 'const x = a < b ⟦<⟧ c\nconst y = a == b ⟦==⟧ c\nconst z = (a < b) == c' },
  { code: 'RLP1011', text: 'fn f(): Int {\n  ⟦a⟧ = 1\n  a\n}', fixed: 'fn f(): Int {\n  let a = 1\n  a\n}' },
  { code: 'RLP1011', text: 'fn f(): Int {\n  let a = 1\n⟦}⟧\nfn g() {\n  ⟦1 + 1⟧\n  2\n}\nfn ⟦h⟧()\nextern fn k() ⟦=⟧ 3' },
  { code: 'RLP1012', text: `const x = ${'('.repeat(64)}⟦(⟧1${')'.repeat(65)}` },
  { code: 'RLP1012', text: `const x = ⟦1${' + 1'.repeat(600)}⟧` },
  { code: 'RLP1012', text: `type T = ⟦Real${' per token'.repeat(9)}⟧` },
]

/** The text without its marks, and the marked places. */
function unmark({ text, whole }: Case): { file: SourceFile; places: string[] } {
  const prefix = whole ? '' : 'rlp 1\n'
  const places: string[] = []
  let plain = prefix
  let start = 0
  for (const part of text.split(/([⟦⟧])/)) {
    if (part === '⟦') start = plain.length
    else if (part === '⟧') places.push(`${start}..${plain.length}`)
    else plain += part
  }
  return { file: new SourceFile('a.rlp', plain), places }
}

const place = ({ primary: { span } }: Diagnostic): string => `${span.start}..${span.end}`

suite('codes: places and fixes', (test) => {
  for (const one of cases)
    test(`${one.code} ${one.text.slice(0, 60)}`, () => {
      const { file, places } = unmark(one)
      const { diagnostics } = parse(file)
      equal(diagnostics.map((each) => `${each.code} ${place(each)}`), places.map((each) => `${one.code} ${each}`))
      const fixes = diagnostics.flatMap((each) => each.fixes).filter((fix) => fix.safe)
      const after = applyFixes(fixes).texts.get(file)
      is(after, one.fixed === undefined ? undefined : (one.whole ? '' : 'rlp 1\n') + one.fixed)
    })
})

suite('codes: the table', (test) => {
  for (const code of Object.keys(codes)) test(`${code} has a case`, () => ok(cases.some((one) => one.code === code)))

  test('slugs differ', () => is(new Set(Object.values(codes).map((entry) => entry.slug)).size, Object.keys(codes).length))

  test('titles are short, without a period, and speak no grammar', () => {
    for (const one of cases)
      for (const { title, help = '' } of parse(unmark(one).file).diagnostics) {
        ok(title.length <= 72 && !title.endsWith('.'), title)
        ok(!/Identifier|Newline|RightCurly|Separator|token|EOF|undefined/.test(title + help.replaceAll(/`[^`]*`/g, '')), title)
      }
  })
})

suite('codes: wording', (test) => {
  const titleOf = (text: string): string => parse(new SourceFile('a.rlp', `rlp 1\n${text}`)).diagnostics.map((each) => each.title).join('; ')
  const wording: readonly (readonly [string, string])[] = [
    ['stage s: K {\n  a = 1 steps foo = 2\n}', 'expected a new line, `,` or `}`, found `foo`'],
    ['const x = f(a b)', 'expected `,` or `)`, found `b`'],
    ['const x = a[b c]', 'expected `,` or `]`, found `c`'],
    ['const x = (a b)', 'expected `)`, found `b`'],
    ['const x = 3 *', 'expected a value, found the end of the file'],
    ['const x = 3 *\nconst y = 4', 'expected a value, found the end of the line'],
    ['const x = if a then b\n', 'an `if` needs an `else`'],
    ['const x = if a\nconst y = 1', 'expected `then`, found the end of the line'],
    ['param x: = 3', 'expected a type, found `=`'],
    ['fn f(a) = 1', 'expected `:` and a type, found `)`'],
    ['stage x Sft', 'expected `:`, `=` or `{`, found `Sft`'],
    ['import { a } "x"', 'expected `from`, found `"x"`'],
    ['test r {\n  "a"\n}', 'expected `gives`, found the end of the line'],
    ['param if = 1', '`if` is a word of the language and cannot be a name'],
    ['const x = a.', 'expected a name, found the end of the file'],
    ['const x = 1 "a very long text that goes on and on"', 'expected a new line, found `"a very long text that g…`'],
  ]
  for (const [text, title] of wording) test(text, () => is(titleOf(text), title))
})
