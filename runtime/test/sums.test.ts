// Sums of signed digits: answers against another way of adding, both ways to work them, and the split.
// Nothing is trained here.

import type { Dataset } from '../data/dataset.js'
import { HostError } from '../host.js'
import { inParallel, inSequence, sums, type SumOptions } from '../tasks/sums.js'
import { is, near, ok, suite, throws } from '../../spec/test/suite.js'

const options: SumOptions = { numbers: 4, minuses: [0, 4], split: 'train' }
const rows = (data: Dataset, count = 500) => Array.from({ length: count }, (_, i) => data.row(i) as { prompt: string; answer: string; minuses: number; completion: string })
const termsOf = (prompt: string) => prompt.split(' ').slice(1, -1)
/** The true sum, then its last digit: not step by step. */
const answerOf = (terms: readonly string[]) => String((((terms.map(Number).reduce((a, b) => a + b, 0) % 10) + 10) % 10))

suite('sums', (test) => {
  test('answers are right and minuses as asked', () => {
    for (const minuses of [[0, 1], [3, 4]] as const) {
      for (const { prompt, answer, minuses: counted } of rows(sums({ ...options, minuses }))) {
        const terms = termsOf(prompt)
        is(terms.length, 4)
        is(answer, answerOf(terms))
        is(counted, terms.filter((term) => term.startsWith('-')).length)
        ok(minuses[0] <= counted && counted <= minuses[1])
      }
    }
    const few = rows(sums({ ...options, minuses: [0, 1] }), 2000)
    near(few.filter(({ minuses }) => minuses === 1).length / few.length, 0.8, { atol: 0.04 })
    throws(() => sums({ ...options, minuses: [5, 9] }), (error: unknown) => error instanceof HostError && error.code === 'RLP8105')
  })

  test('every partial sum is shown, on each path from its own end', () => {
    const path = (terms: readonly string[]) => terms.map((term, i) => `${term} ${answerOf(terms.slice(0, i + 1))}`).join(' ')
    for (const { prompt, answer, completion } of rows(inSequence(sums(options)), 100)) is(completion, `<think> ${path(termsOf(prompt))} </think> <answer> ${answer} </answer> <eos>`)
    for (const { prompt, answer, completion } of rows(inParallel(sums(options)), 100)) {
      const terms = termsOf(prompt)
      is(completion, `<Parallel> <Path> ${path(terms)} </Path> <Path> ${path(terms.toReversed())} </Path> </Parallel> <Summary> ${answer} </Summary> <answer> ${answer} </answer> <eos>`)
    }
  })

  test('train and test share no problem', () => {
    const two = { ...options, numbers: 2, minuses: [0, 2] as const }
    const train = new Set(rows(sums(two), 3000).map(({ prompt }) => prompt))
    const exam = new Set(rows(sums({ ...two, split: 'test' }), 2000).map(({ prompt }) => prompt))
    ok([...exam].every((prompt) => !train.has(prompt)))
    is(train.size + exam.size, 400)
  })
})
