// What misspelt and foreign names are taken for; edit distance against a direct recursive definition.

import fc from 'fast-check'
import { is, suite } from '../../spec/test/suite.js'
import { editDistance, suggest } from '../diagnostics/suggest.js'

const attributes = ['policy', 'prompts', 'group_size', 'lr', 'temperature', 'max_new', 'reference', 'batch', 'length', 'k']
const aliases = new Map([['learning_rate', 'lr'], ['max_new_tokens', 'max_new'], ['n', 'group_size'], ['ref_model', 'reference']])

const cases: readonly (readonly [string, string | undefined])[] = [
  ['Policy', 'policy'],
  ['groupsize', 'group_size'],
  ['gropu_size', 'group_size'],
  ['temp', 'temperature'],
  ['learning_rate', 'lr'],
  ['learning_rat', 'lr'],
  ['LEARNING_RATE', 'lr'],
  ['n', 'group_size'],
  ['x', undefined],
  ['rl', 'lr'],
  ['ref', 'reference'],
  ['something_else', undefined],
]

/** The recurrence as it is printed, without a table. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const [i, j] = [a.length - 1, b.length - 1]
  const steps = [distance(a.slice(0, i), b) + 1, distance(a, b.slice(0, j)) + 1, distance(a.slice(0, i), b.slice(0, j)) + (a[i] === b[j] ? 0 : 1)]
  if (i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j]) steps.push(distance(a.slice(0, i - 1), b.slice(0, j - 1)) + 1)
  return Math.min(...steps)
}

suite('suggest', (test) => {
  for (const [name, expected] of cases) test(`${name} → ${expected ?? 'nothing'}`, () => is(suggest(name, attributes, aliases), expected))

  test('edit distance', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 })
    fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === distance(a, b)), { seed: 1, numRuns: 60 })
  })
})
