// The written grammar against the token table: same keywords and signs, no rule undefined or unused,
// and words printed in 01-source.md are those of the table.

import { readFileSync } from 'node:fs'
import { equal, suite } from '../../spec/test/suite.js'
import { reserved, tokenTable } from '../parser/tokens.js'

const read = (name: string): string => readFileSync(new URL(`../../spec/language/${name}`, import.meta.url), 'utf8')
const ebnf = read('grammar.ebnf').replaceAll(/\(\*[^]*?\*\)/g, '')

const fixed = tokenTable.flatMap(({ type }) => (typeof type.PATTERN === 'string' ? [{ image: type.PATTERN, type }] : []))
const keywords = fixed.filter(({ image }) => /^[a-z]/.test(image))

suite('ebnf', (test) => {
  test('terminals are the tokens', () => {
    const terminals = new Set([...ebnf.matchAll(/"([^"]+)"/g)].map(([, image]) => image))
    equal([...terminals].sort(), fixed.map(({ image }) => image).sort())
  })

  test('every rule is defined once and used', () => {
    const defined = [...ebnf.matchAll(/^(\w+)\s*=/gm)].map(([, name]) => name)
    const used = new Set([...ebnf.replaceAll(/"[^"]*"/g, '').replaceAll(/^\w+\s*=/gm, '').matchAll(/\b[a-z_]+\b/g)].map(([name]) => name))
    equal(defined.filter((name) => name !== 'module').toSorted(), [...used].toSorted())
  })

  test('the two lists of words', () => {
    const lists = [...read('01-source.md').matchAll(/^ {4}((?:[a-z]+ ?){8,})$/gm)].map(([, list]) => list?.trim().split(' '))
    const isReserved = ({ type }: (typeof keywords)[number]): boolean => reserved.has(type)
    equal(lists, [keywords.filter(isReserved).map(({ image }) => image).sort(), keywords.filter((each) => !isReserved(each)).map(({ image }) => image).sort()])
  })
})
