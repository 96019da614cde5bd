// Types of fields as the plan writes them: what they accept, and how CSV cells are read by them.
// Whole files with mistakes are in `data.test.ts`.

import { fieldType, mismatch, readCell } from '../data/field-types.js'
import { equal, is, suite } from '../../spec/test/suite.js'

suite('field types', (test) => {
  test('each type accepts and refuses', () => {
    const cases: [string, unknown[], unknown[]][] = [
      ['Text', ['', 'a'], [1, null, undefined, ['a']]],
      ['Text?', ['a', null, undefined], [1]],
      ['Int', [0, -3], [1.5, '1', true, null]],
      ['Int in 0..', [3], [0.5]],
      ['Real in 0..1', [0.5, 7], ['x', NaN]],
      ['Float', [0.5], ['x']],
      ['Bool', [true, false], [0, 'true']],
      ['Tokens', [5], ['5']],
      ['"a" | "b c"', ['a', 'b c'], ['c', 1]],
      ['none', [null, undefined], [0]],
      ['List[Int]', [[], [1, 2]], [[1, 'x'], { 0: 1 }, 'x']],
      ['Set[Text]', [['a']], [[1]]],
      ['Map[Real]', [{}, { a: 1 }], [{ a: 'x' }, [1], null]],
      ['{ a: Text, b: Int? }', [{ a: 'x' }, { a: 'x', b: 1, c: 2 }, { a: 'x', b: null }], [{}, { a: 'x', b: 'y' }, [], null]],
      ['List[{ text: Text, train: Bool }]?', [null, [{ text: 'a', train: true }]], [[{ text: 'a' }], 'a']],
      ['(Text | Int)?', ['a', 1, null], [1.5]],
      ['Any', [1, null, {}], [undefined]],
      ['SomethingElse', [1, 'x'], [undefined]],
    ]
    for (const [words, good, bad] of cases) {
      const type = fieldType(words)
      for (const value of good) is(mismatch(type, value, 'f'), undefined, `${words} accepts ${JSON.stringify(value)}`)
      for (const value of bad) is(typeof mismatch(type, value, 'f'), 'string', `${words} refuses ${JSON.stringify(value)}`)
    }
  })

  test('problems say where and what', () => {
    is(mismatch(fieldType('List[{ text: Text }]'), [{ text: 'a' }, { text: 3 }], 'c'), '`c[1].text` is 3, not a text')
    is(mismatch(fieldType('Text | List[{ text: Text }]'), [{}], 'c'), '`c[0].text` is missing')
    is(mismatch(fieldType('Text?'), 'x'.length, 'c'), '`c` is 1, not a text or none')
    is(mismatch(fieldType('Int'), 'a'.repeat(100), 'c'), `\`c\` is "${'a'.repeat(38)}…, not a whole number`)
  })

  test('cells become what is declared, or stay texts', () => {
    const cases: [string, string, unknown][] = [
      ['Text', '5', '5'], ['Text?', '', null], ['Text', '', ''], ['Int', ' 5 ', 5], ['Int', '5.5', '5.5'], ['Int', '', ''], ['Int?', '', null],
      ['Real', '1e-3', 1e-3], ['Real', 'x', 'x'], ['Bool', 'True', true], ['Bool', 'false', false], ['Bool', '1', '1'],
      ['"a" | "b"', 'a', 'a'], ['List[Int]', '[1]', [1]], ['List[Int]', '[1', '[1'], ['Map[Int]', '{"a":1}', { a: 1 }],
      ['Text | List[Int]', '[1]', [1]], ['Text | List[Int]', 'a', 'a'], ['Int | Text', '7', 7],
    ]
    for (const [words, cell, expected] of cases) equal(readCell(fieldType(words), cell), expected, `${words} ${cell}`)
  })
})
