// Whatever the text: no exception, spans inside the file, other declarations untouched by a mistake in one.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { applyFixes } from '../diagnostics/apply-fixes.js'
import type { Diagnostic } from '../diagnostics/diagnostic.js'
import { renderAll } from '../diagnostics/render.js'
import { parse, parseExpression } from '../index.js'
import { lex } from '../parser/lexer.js'
import { SourceFile, type Span } from '../source/source.js'
import { printItem } from './s-expression.js'

const read = (name: string): SourceFile => new SourceFile(name, readFileSync(new URL(`samples/${name}.rlp`, import.meta.url), 'utf8'))
const samples = ['grpo-with-curriculum', 'branches-merged', 'offline-to-online'].map(read)
const images = [...new Set(samples.flatMap((file) => lex(file).tokens.map((token) => token.image)))]

function checkDiagnostics(file: SourceFile, diagnostics: readonly Diagnostic[]): void {
  const inside = ({ file: other, start, end }: Span): boolean => other === file && start >= 0 && start <= end && end <= file.text.length
  for (const { primary, related, fixes } of diagnostics) {
    ok([primary, ...related, ...fixes.flatMap((fix) => fix.edits)].every(({ span }) => inside(span)))
  }
  renderAll(diagnostics, { colour: false, width: 80 })
  applyFixes(diagnostics.flatMap((each) => each.fixes))
}

function parseBoth(text: string): void {
  const file = new SourceFile('x', text)
  checkDiagnostics(file, parse(file).diagnostics)
  checkDiagnostics(file, parseExpression(file).diagnostics)
}

/** The text with every token replaced by what `change` makes of it. */
function mangle(file: SourceFile, change: (image: string, index: number, next: string) => string, tokens = lex(file).tokens): string {
  let text = ''
  let end = 0
  tokens.forEach((token, k) => {
    text += file.text.slice(end, token.startOffset) + change(token.image, k, tokens[k + 1]?.image ?? '')
    end = token.startOffset + token.image.length
  })
  return text + file.text.slice(end)
}

suite('robust: any text', (test) => {
  test('random characters', () => {
    // Half of them ASCII; lone surrogates too.
    const text = fc.array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 80 }).map((units) => String.fromCharCode(...units))
    fc.assert(fc.property(text, parseBoth), { seed: 1, numRuns: 60 })
  })

  test('random tokens', () => {
    const soup = fc.array(fc.constantFrom(...images, '\n', ' ', '"', "'", '#', '&&', '\\', 'rlp 1\n'), { maxLength: 60 }).map((parts) => parts.join(' '))
    fc.assert(fc.property(soup, parseBoth), { seed: 2, numRuns: 80 })
  })

  test('deleted, doubled and swapped tokens', () => {
    const damage = fc.tuple(fc.constantFrom(...samples), fc.constantFrom('delete', 'double', 'swap'), fc.array(fc.nat(700), { minLength: 1, maxLength: 6 }))
    fc.assert(
      fc.property(damage, ([file, kind, places]) => {
        const hit = new Set(places)
        const text = mangle(file, (image, k, next) => (!hit.has(k) ? image : kind === 'delete' ? '' : kind === 'double' ? `${image} ${image}` : `${next} ${image}`))
        const broken = new SourceFile('x', text)
        checkDiagnostics(broken, parse(broken).diagnostics)
      }),
      { seed: 3, numRuns: 30 },
    )
  })

  test('text cut anywhere', () => {
    const [file] = samples as [SourceFile]
    for (let end = 0; end < file.text.length; end += 307) parse(new SourceFile('x', file.text.slice(0, end)))
  })

  test('nesting of any depth', () => {
    for (const part of ['(', '[', '{ a = ', 'if ', 'if a then ', 'if a then 1 else ', '- ', 'not ', '2 ^ ', '1 + ', 'f(', 'a.', '() -> ', 'A[', 'x {\n', 'stage x {\n', 'fn f(', '}', ')'])
      for (const prefix of ['const x = ', 'type X = ']) parseBoth(`rlp 1\n${prefix}${part.repeat(300)}`)
  })
})

suite('robust: tokens', (test) => {
  test('tokens, comments and white space rebuild the text', () => {
    const text = fc.oneof(fc.constantFrom(...samples.map((file) => file.text)), fc.array(fc.constantFrom(...images, ' ', '\t', '\n', '\r\n', '// c\n', '/// d\n', '# e\n', 'é', '@', '"')).map((parts) => parts.join('')))
    fc.assert(
      fc.property(text, (source) => {
        const file = new SourceFile('x', source)
        const { tokens, comments, diagnostics } = lex(file)
        const pieces = [...tokens, ...comments].map((piece) => ({ start: piece.startOffset, image: piece.image })).sort((a, b) => a.start - b.start)
        let end = 0
        const isExplained = (from: number, to: number): boolean => diagnostics.some(({ primary: { span } }) => span.start <= from && span.end >= to)
        for (const { start, image } of [...pieces, { start: source.length, image: '' }]) {
          const gap = source.slice(end, start)
          ok(start >= end && (/^[ \t\uFEFF]*$/.test(gap) || [...gap].every((character, k) => /[ \t]/.test(character) || isExplained(end + k, end + k + 1))), JSON.stringify(gap))
          is(source.slice(start, start + image.length), image)
          end = start + image.length
        }
      }),
      { seed: 4, numRuns: 60 },
    )
  })
})

suite('robust: recovery', (test) => {
  test('a mistake in one declaration leaves the others as they were', () => {
    const [file] = samples as [SourceFile]
    const whole = parse(file).module.declarations
    const { tokens } = lex(file)
    for (let k = 12; k < tokens.length; k += 23) {
      const at = tokens[k]?.startOffset ?? 0
      const others = whole.filter(({ span }) => at < span.start || at >= span.end).map(printItem)
      for (const change of [() => '', (image: string) => `${image} ${image}`, (image: string) => `${image} = then`]) {
        const { module } = parse(new SourceFile('x', mangle(file, (image, index) => (index === k && image !== '\n' ? change(image) : image), tokens)))
        const left = new Set(module.declarations.map(printItem))
        equal(others.filter((each) => !left.has(each)), [])
      }
    }
  })
})
