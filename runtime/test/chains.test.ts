// Chains of arithmetic against a table of results written another way, and the promises about splits and lengths.
// Nothing is trained here.

import type { Dataset } from '../data/dataset.js'
import { draws } from '../data/draws.js'
import { HostError } from '../host.js'
import { answered, chains, worked, type ChainOptions } from '../tasks/chains.js'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'

const options: ChainOptions = { shortest: 2, longest: 5, operations: ['+', '-', '*', '='], split: 'train' }
const rows = (data: Dataset, count = 600) => Array.from({ length: count }, (_, i) => data.row(i) as { prompt: string; answer: string; operations: number; completion: string })
const code = (wanted: string) => (error: unknown) => error instanceof HostError && error.code === wanted

/** Last digits, by counting on a ring of ten instead of by arithmetic. */
function step(value: number, operation: string): number {
  const operand = Number(operation[1])
  if (operation[0] === '=') return operand
  let at = operation[0] === '*' ? 0 : value
  const [times, by] = operation[0] === '*' ? [operand, value] : [operand, operation[0] === '-' ? 9 : 1]
  for (let i = 0; i < times; i++) for (let j = 0; j < by; j++) at = at === 9 ? 0 : at + 1
  return at
}

suite('chains', (test) => {
  test('problems are written as declared and their answers are right', () => {
    for (const { prompt, answer, operations } of rows(chains(options))) {
      const match = /^<bos> (\d)((?: [-+*=]\d)+) \?$/.exec(prompt)
      const steps = (match?.[2] as string).trim().split(' ')
      is(steps.length, operations)
      is(answer, String(steps.reduce(step, Number(match?.[1]))), prompt)
    }
  })

  test('lengths, digits and operations are uniform', () => {
    const all = rows(chains(options), 4000)
    near([2, 3, 4, 5].map((k) => all.filter(({ operations }) => operations === k).length / 4000), [0.25, 0.25, 0.25, 0.25], { atol: 0.03 })
    const steps = all.flatMap(({ prompt }) => prompt.split(' ').slice(2, -1))
    for (const operation of options.operations) near(steps.filter((one) => one[0] === operation).length / steps.length, 0.25, { atol: 0.02 })
    for (let digit = 0; digit < 10; digit++) near(steps.filter((one) => one[1] === String(digit)).length / steps.length, 0.1, { atol: 0.015 })
  })

  test('train and test share no problem', () => {
    const short = { ...options, shortest: 1, longest: 1 }
    const train = new Set(rows(chains(short), 3000).map(({ prompt }) => prompt))
    const others = new Set(rows(chains({ ...short, split: 'test' }), 3000).map(({ prompt }) => prompt))
    ok([...others].every((prompt) => !train.has(prompt)))
    is(train.size + others.size, 400, 'together they are all problems with one operation')
    near(others.size / 400, 0.2, { atol: 0.05 })
  })

  test('worked lessons show every partial result, answered ones none', () => {
    const problems = chains(options)
    for (const { prompt, answer, completion } of rows(worked(problems))) {
      const match = /^<think> (.*) <\/think> <answer> (\d) <\/answer> <eos>$/.exec(completion)
      is(match?.[2], answer)
      const [start, ...rest] = (match?.[1] as string).split(' ')
      const steps = rest.filter((_, i) => i % 2 === 0)
      is(`<bos> ${[start, ...steps].join(' ')} ?`, prompt)
      rest.filter((_, i) => i % 2 === 1).reduce((value, shown, i) => (is(Number(shown), step(value, steps[i] as string)), Number(shown)), Number(start))
    }
    is(rows(answered(problems), 1)[0]?.completion, `<answer> ${problems.row(0)['answer']} </answer> <eos>`)
    const lessons = worked({ size: 1, row: () => ({ prompt: '<bos> 7 +3 -4 ?' }) })
    is(lessons.row(0)['completion'], '<think> 7 +3 0 -4 6 </think> <answer> 6 </answer> <eos>')
  })

  test('rows depend on seed and number alone', () => {
    const data = worked(chains(options))
    equal(draws(data, 3).row(77), draws(data, 3).row(77))
    equal(draws(data, 0).row(5), data.row(5))
    const prompts = (seed: number) => rows(draws(data, seed), 20).map(({ prompt }) => prompt).join()
    ok(prompts(1) !== prompts(2))
  })

  test('impossible demands have codes', () => {
    throws(() => chains({ ...options, shortest: 3, longest: 2 }), code('RLP8105'))
    throws(() => chains({ ...options, operations: [] }), code('RLP8105'))
    throws(() => worked({ size: 1, row: () => ({ prompt: '7 +3' }) }).row(0), code('RLP8009'))
  })
})
