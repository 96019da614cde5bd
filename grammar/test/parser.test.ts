// The grammar checked by the toolkit itself, and the token table.

import { chevrotain } from '../parser/chevrotain.js'
import { RlpParser } from '../parser/parser.js'
import { inWords, reserved, tokenTable, vocabulary } from '../parser/tokens.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'

suite('parser', (test) => {
  test('the grammar has no ambiguity, left recursion or unreachable alternative', () => {
    new RlpParser({ validate: true })
  })

  test('the tokens are sound', () => {
    const lexer = new chevrotain.Lexer(tokenTable.map(({ type }) => type), { positionTracking: 'onlyOffset', deferDefinitionErrorsHandling: true })
    equal(lexer.lexerDefinitionErrors.map(({ message }) => message), [])
  })

  test('every token has words for messages', () => {
    for (const type of vocabulary) ok(!inWords(type).includes('undefined') && inWords(type) !== 'the end of the file', type.name)
    is(new Set(tokenTable.map(({ type }) => type.name)).size, tokenTable.length)
  })

  test('few words are reserved', () => {
    equal([...reserved].map(({ PATTERN }) => PATTERN).sort(), ['and', 'else', 'false', 'for', 'if', 'in', 'none', 'not', 'or', 'then', 'true'])
  })
})
