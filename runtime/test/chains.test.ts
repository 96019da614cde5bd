// Chains of arithmetic against a table of results written another way, and the promises about splits and lengths.
// Nothing is trained here.

import type { Dataset } from '../data/dataset.js'
import { draws } from '../data/draws.js'
import { HostError } from '../host.js'
import { followsWording } from '../signals/traces.js'
import { chains, type ChainOptions } from '../tasks/chains.js'
import { answered, drafts, worked, type Wording } from '../tasks/chains-lessons.js'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'

const options: ChainOptions = { shortest: 2, longest: 5, operations: ['+', '-', '*', '='], split: 'train' }
const plain: Wording = { start: '{start}', steps: [{ share: 1, text: '{operation} {result}' }] }
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
    for (const { prompt, answer, completion } of rows(worked(problems, plain, 0))) {
      const match = /^<think> (.*) <\/think> <answer> (\d) <\/answer> <eos>$/.exec(completion)
      is(match?.[2], answer)
      const [start, ...rest] = (match?.[1] as string).split(' ')
      const steps = rest.filter((_, i) => i % 2 === 0)
      is(`<bos> ${[start, ...steps].join(' ')} ?`, prompt)
      rest.filter((_, i) => i % 2 === 1).reduce((value, shown, i) => (is(Number(shown), step(value, steps[i] as string)), Number(shown)), Number(start))
    }
    is(rows(answered(problems), 1)[0]?.completion, `<answer> ${problems.row(0)['answer']} </answer> <eos>`)
    const lessons = worked({ size: 1, row: () => ({ prompt: '<bos> 7 +3 -4 ?' }) }, plain, 0)
    is(lessons.row(0)['completion'], '<think> 7 +3 0 -4 6 </think> <answer> 6 </answer> <eos>')
  })

  test('the last operation, the operands, letters and padding are as asked', () => {
    const easy = chains({ ...options, operations: ['+', '-'], last: ['='], operands: [1, 4], padded: 5 })
    for (const { prompt, answer, operations } of rows(easy)) {
      const words = prompt.split(' ')
      is(words.length, 8)
      const steps = words.slice(2, 2 + operations)
      ok(steps.every((step, i) => (i === operations - 1 ? /^=[1-4]$/ : /^[-+][1-4]$/).test(step)), prompt)
      ok(words.slice(2 + operations, -1).every((word) => word === '_'))
      is(answer, steps.at(-1)?.[1])
    }
    const letters = new Set<string>()
    for (const { prompt } of rows(chains({ ...options, lettered: true }))) {
      const named = prompt.split(' ').slice(2, -1).filter((_, i) => i % 2 === 0)
      letters.add(named[0] as string)
      named.forEach((letter, i) => is(letter, 'abcdefghij'[('abcdefghij'.indexOf(named[0] as string) + i) % 10]))
    }
    is(letters.size, 10)
    throws(() => chains({ ...options, operands: [3, 12] }), code('RLP8105'))
  })

  test('a wording is filled in, its ways in their shares', () => {
    const wording: Wording = { start: 'calc', steps: [{ share: 0.75, text: 's{number} {value} {operation} get {result}' }, { share: 0.25, text: 's{number} {result}' }] }
    const one = worked({ size: 1, row: () => ({ prompt: '<bos> 7 +3 -4 ?' }) }, { start: 'calc', steps: [wording.steps[0] as Wording['steps'][number]] }, 0)
    is(one.row(0)['completion'], '<think> calc s1 7 +3 get 0 s2 0 -4 get 6 </think> <answer> 6 </answer> <eos>')
    const steps = rows(worked(chains(options), wording, 0)).flatMap(({ completion }) => [...completion.matchAll(/s\d (\d [-+*=]\d get)?/g)])
    near(steps.filter((step) => step[1]).length / steps.length, 0.75, { atol: 0.03 })
    throws(() => worked(chains(options), { start: '{letter}', steps: plain.steps }, 0).row(0), code('RLP8105'))
  })

  test('a teacher who errs goes on from the mistake, and answers with what came out', () => {
    let [all, wrong] = [0, 0]
    for (const { completion, answer } of rows(worked(chains({ ...options, operations: ['+', '-'] }), plain, 0.15))) {
      const match = /^<think> (\d) (.*) <\/think> <answer> (\d) <\/answer> <eos>$/.exec(completion)
      let value = Number(match?.[1])
      for (const [, operation, result] of (match?.[2] as string).matchAll(/([-+]\d) (\d)/g)) {
        all++
        if (Number(result) !== step(value, operation as string)) wrong++
        value = Number(result)
      }
      is(match?.[3], String(value))
      ok(/^\d$/.test(answer))
    }
    near(wrong / all, 0.15, { atol: 0.025 })
  })

  test('drafts leave out a fixed share of the facts, and do not end', () => {
    const facts = new Map<string, boolean>()
    for (const row of rows(drafts(chains({ ...options, operations: ['+', '-', '*'] }), plain, 0.7), 2000)) {
      const segments = row.completion as unknown as { text: string; train: boolean }[]
      is(segments[0]?.text, '<think> ')
      equal(segments.at(-1), { text: '', train: false })
      const [, value = '', ...rest] = segments.map(({ text }) => text).join('').trim().split(' ')
      let before = value
      let at = 2
      for (let i = 0; i < rest.length; i += 2) {
        const [operation, result] = [rest[i] as string, rest[i + 1] as string]
        const segment = segments[at++] as { text: string; train: boolean }
        const known = segment.text.trim().includes(' ')
        if (!known) is(segments[at++]?.train, false)
        else is(Number(result), step(Number(before), operation))
        is(facts.get(`${before} ${operation}`) ?? known, known, 'a fact is always known or never')
        facts.set(`${before} ${operation}`, known)
        before = result
      }
    }
    ok(facts.size > 290)
    near([...facts.values()].filter(Boolean).length / facts.size, 0.7, { atol: 0.07 })
  })

  test('the layout of a trace, and whether its digits are right', () => {
    const prompt = '<bos> 7 h +7 i -1 ?'
    const wording: Wording = { start: '{start}', steps: [{ share: 1, text: '{letter} {operation} {result}' }] }
    const trace = (thought: string, answer = '3') => `<think> ${thought} </think> <answer> ${answer} </answer>`
    const cases: readonly (readonly [string, boolean, boolean])[] = [
      [trace('7 h +7 4 i -1 3'), true, true],
      [trace('7 h +7 5 i -1 4', '4'), true, false],
      [trace('7 h +7 4 i -1 3', '4'), true, false],
      [trace('7 h +7 4'), false, false],
      [trace('7 i +7 4 h -1 3'), false, false],
      [trace('8 h +7 4 i -1 3'), false, false],
      [trace('7 h +7 4 i -1 3 j +1 4'), false, false],
      ['7 h +7 4 i -1 3', false, false],
    ]
    for (const [text, follows, sound] of cases) equal([followsWording(text, prompt, wording, false), followsWording(text, prompt, wording, true)], [follows, sound], text)
    for (const row of rows(worked(chains(options), wording, 0), 50)) ok(followsWording(row.completion.replace(' <eos>', ''), row.prompt, wording, true))
  })

  test('rows depend on seed and number alone', () => {
    const data = worked(chains(options), plain, 0)
    equal(draws(data, 3).row(77), draws(data, 3).row(77))
    equal(draws(data, 0).row(5), data.row(5))
    const prompts = (seed: number) => rows(draws(data, seed), 20).map(({ prompt }) => prompt).join()
    ok(prompts(1) !== prompts(2))
  })

  test('impossible demands have codes', () => {
    throws(() => chains({ ...options, shortest: 3, longest: 2 }), code('RLP8105'))
    throws(() => chains({ ...options, operations: [] }), code('RLP8105'))
    throws(() => worked({ size: 1, row: () => ({ prompt: '7 +3' }) }, plain, 0).row(0), code('RLP8009'))
  })
})
