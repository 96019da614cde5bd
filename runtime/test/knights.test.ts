// The puzzles against a second, independent reading of their language: worlds, truth and traces are worked out again
// here from the words alone. Counts are those of the published miniature.

import { readFileSync } from 'node:fs'
import type { Dataset, Segment } from '../data/dataset.js'
import { draws } from '../data/draws.js'
import { HostError } from '../host.js'
import { callNow } from '../host-calls.js'
import { answers, facts, tables, traces } from '../tasks/knights-lessons.js'
import { canonicalOf, promptOf, readPrompt, type Operator } from '../tasks/knights.js'
import { puzzles } from '../tasks/knights-puzzles.js'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'

const K = { operators: ['=', '#', '&', '|'] as Operator[], among: [], atLeast: 0, people: 3 }
const S = { operators: ['=', '#', '&', '|', '>', '~'] as Operator[], among: ['>', '~'] as Operator[], atLeast: 2, people: 3 }
const sets = {
  kTrain: puzzles({ ...K, split: 'train' }),
  kTest: puzzles({ ...K, split: 'test' }),
  sTrain: puzzles({ ...S, split: 'train' }),
  sTest: puzzles({ ...S, split: 'test' }),
}

const rowsOf = (data: Dataset, count = data.size) => Array.from({ length: count }, (_, i) => data.row(i) as { prompt: string; answer: string; completion: string | Segment[] })
const textOf = (completion: string | Segment[]) => (typeof completion === 'string' ? completion : completion.map(({ text }) => text).join(''))
const words = (text: string) => text.split(' ')

/** The oracle: truth of three words `B1 # C0` as a table of what each operator says of 11, 10, 01, 00. */
const TRUE_FOR: Record<string, string[]> = { '=': ['11', '00'], '#': ['10', '01'], '&': ['11'], '|': ['11', '10', '01'], '>': ['11', '01', '00'], '~': ['00'] }
const truth = (left: string, operator: string, right: string) => (TRUE_FOR[operator] as string[]).includes(`${left.at(-1)}${right.at(-1)}`)

/** Statements of a prompt as words: `[['A', 'B', '#', 'C'], …]`. */
const statements = (prompt: string) => prompt.replace(/^<bos> K /, '').replace(/ \. [?!]$/, '').split(' . ').map((part) => words(part).filter((word) => word !== ':'))
const put = (name: string, world: Record<string, string>) => (name in world ? `${name}${world[name]}` : name)

function solutions(prompt: string): string[] {
  const all = statements(prompt)
  return Array.from({ length: 2 ** all.length }, (_, i) => i).flatMap((i) => {
    const world = Object.fromEntries(all.map(([name], n) => [name as string, String((i >> (all.length - 1 - n)) & 1)]))
    const consistent = all.every(([name, left, operator, right]) => truth(put(left as string, world), operator as string, put(right as string, world)) === (world[name as string] === '1'))
    return consistent ? [all.map(([name]) => put(name as string, world)).join(' ')] : []
  })
}

/** Reads rows `try A1 B1 C1`, then checks; fails on any word that is not right. */
function readRows(prompt: string, written: string[]): { worlds: string[]; passed: boolean[] } {
  const all = statements(prompt)
  const [worlds, passed]: [string[], boolean[]] = [[], []]
  let at = 0
  while (at < written.length) {
    is(written[at++], 'try')
    const values = written.slice(at, (at += all.length))
    const world = Object.fromEntries(values.map((value) => [value[0] as string, value[1] as string]))
    equal(Object.keys(world), all.map(([name]) => name))
    let fits = true
    for (const [name, left, operator, right] of all) {
      const claim = [put(left as string, world), operator as string, put(right as string, world)] as const
      const holds = truth(...claim)
      fits = holds === (world[name as string] === '1')
      equal(written.slice(at, (at += 6)), [put(name as string, world), ...claim, holds ? 't' : 'f', fits ? 'o' : 'x'])
      if (!fits) break
    }
    worlds.push(values.join(' '))
    passed.push(fits)
  }
  return { worlds, passed }
}

/** Value of `A1 B0 C1` as a binary number. */
const rank = (world: string) => Number.parseInt(words(world).map((value) => value[1]).join(''), 2)

suite('knights', (test) => {
  test('there are as many puzzles with one solution as published', () => {
    is(sets.kTrain.size + sets.kTest.size, 8168)
    is(sets.sTrain.size + sets.sTest.size, 5530)
    for (const [part, whole] of [[sets.kTest, 8168], [sets.sTest, 5530]] as const) near(part.size / whole, 0.2, { atol: 0.02 })
  })

  test('the vocabulary of the standard library is what is written, no word more or less', () => {
    const written = [...Object.values(sets).flatMap((data) => [...rowsOf(data).map(({ prompt }) => prompt), ...rowsOf(traces(data), 300).map(({ completion }) => textOf(completion))]), rowsOf(tables(sets.kTrain, 3), 1)[0]?.prompt ?? '']
    const declared = /const words: List\[Text\] = \[([^;]*?)\]\n/.exec(readFileSync(new URL('../../stdlib/tasks/knights.rlp', import.meta.url), 'utf8'))?.[1] as string
    equal([...new Set(['<pad>', ...written.flatMap(words)])].sort(), [...declared.matchAll(/"([^"]*)"/g)].map(([, word]) => word as string).sort())
  })

  test('two people: as many as a count by hand of all texts', () => {
    const claims = (other: string) => ['A = B', 'A # B', 'A & B', 'A | B', 'B = A', 'B # A', 'B & A', 'B | A', `${other} = 1`, `${other} = 0`]
    const prompts = claims('B').flatMap((a) => claims('A').map((b) => `<bos> K A : ${a} . B : ${b} . ?`))
    const expected = prompts.filter((prompt) => solutions(prompt).length === 1)
    const given = (['train', 'test'] as const).flatMap((split) => rowsOf(puzzles({ ...K, people: 2, split })).map(({ prompt }) => prompt))
    equal(given.sort(), expected.sort())
  })

  test('every puzzle has the prompt of the language, and its answer is the only solution', () => {
    for (const data of Object.values(sets)) {
      for (const { prompt, answer } of rowsOf(data)) {
        is(words(prompt).length, 21)
        equal(solutions(prompt), [answer], prompt)
        is(promptOf(readPrompt(prompt) ?? []), prompt)
      }
    }
  })

  test('claims use the operators asked for', () => {
    const used = (prompt: string) => statements(prompt).map(([, , operator]) => operator as string)
    ok(rowsOf(sets.kTrain).every(({ prompt }) => used(prompt).every((operator) => '=#&|'.includes(operator))))
    ok([...rowsOf(sets.sTrain), ...rowsOf(sets.sTest)].every(({ prompt }) => used(prompt).filter((operator) => '>~'.includes(operator)).length >= 2))
  })

  test('train and test share no puzzle, whatever the order of operands', () => {
    const turned = (prompt: string) => canonicalOf(readPrompt(prompt.replace(/([ABC]) ([=#&|~]) ([ABC])/g, '$3 $2 $1')) ?? [])
    for (const [train, other] of [[sets.kTrain, sets.kTest], [sets.sTrain, sets.sTest], [sets.kTrain, sets.sTest], [sets.sTrain, sets.kTest]] as const) {
      const seen = new Set(rowsOf(train).map(({ prompt }) => turned(prompt)))
      ok(rowsOf(other).every(({ prompt }) => !seen.has(canonicalOf(readPrompt(prompt) ?? []))))
    }
  })

  test('the order is fixed and does not follow the enumeration', () => {
    equal(rowsOf(puzzles({ ...K, split: 'test' }), 20), rowsOf(sets.kTest, 20))
    ok(new Set(rowsOf(sets.kTest, 40).map(({ answer }) => answer)).size >= 6)
  })

  test('every trace checks every statement rightly and ends with the answer', () => {
    const lengths = { k: [] as number[], s: [] as number[] }
    for (const [name, data] of [['k', sets.kTrain], ['k', sets.kTest], ['s', sets.sTrain], ['s', sets.sTest]] as const) {
      for (const { prompt, answer, completion } of rowsOf(traces(data))) {
        const match = /^<think> (try .*) <\/think> <answer> (.*) <\/answer> <eos>$/.exec(completion as string)
        is(match?.[2], answer)
        const { worlds, passed } = readRows(prompt, words(match?.[1] as string))
        equal(worlds.map(rank), worlds.map((_, i) => 7 - i))
        is(worlds.at(-1), answer)
        ok(passed.every((one, i) => one === (i === passed.length - 1)))
        lengths[name].push(words(completion as string).length)
      }
    }
    const summary = (all: number[]) => [Math.round(all.reduce((a, b) => a + b) / all.length), all.sort((a, b) => a - b)[Math.floor(all.length * 0.9)], all.at(-1)]
    equal(summary(lengths.k), [79, 130, 154])
    equal(summary(lengths.s), [68, 106, 138])
  })

  test('answers are the answer alone', () => {
    for (const { answer, completion } of rowsOf(answers(sets.kTest), 50)) is(completion, `<answer> ${answer} </answer> <eos>`)
  })

  test('tables are consecutive rows, right, and learn all but the end and a `try` after a row that fits', () => {
    const starts = new Set<number>()
    for (const { prompt, completion } of rowsOf(tables(sets.sTrain, 3), 400)) {
      ok(prompt.endsWith(' . !'))
      const written = words(textOf(completion))
      is(written.at(-1), '<eos>')
      const { worlds } = readRows(prompt, written.slice(0, -1))
      const first = rank(worlds[0] as string)
      starts.add(first)
      equal(worlds.map(rank), worlds.map((_, i) => first - i))
      is(worlds.length, Math.min(3, first + 1))
      const flags = (completion as Segment[]).flatMap(({ text, train }) => words(text.trim()).map(() => train))
      equal(flags, written.map((word, i) => !(word === '<eos>' || (word === 'try' && written[i - 1] === 'o'))))
    }
    is(starts.size, 8)
  })

  test('facts are right, cover all operators, and learn results only', () => {
    const seen = new Set<string>()
    for (const { prompt, completion } of rowsOf(facts(S.operators, 13), 200)) {
      is(prompt, '<bos>')
      const written = words(textOf(completion))
      is(written.length, 13 * 6 + 1)
      is(written.at(-1), '<eos>')
      for (let at = 0; at < 13 * 6; at += 6) {
        const [speaker, left, operator, right, value, fits] = written.slice(at, at + 6) as [string, string, string, string, string, string]
        is(value, truth(left, operator, right) ? 't' : 'f')
        is(fits, (value === 't') === speaker.endsWith('1') ? 'o' : 'x')
        seen.add(operator)
      }
      const flags = (completion as Segment[]).flatMap(({ text, train }) => words(text.trim()).map(() => train))
      equal(flags, written.map((_, i) => i % 6 >= 4))
    }
    equal([...seen].sort(), [...S.operators].sort())
  })

  test('lessons depend on seed and number alone, and seeds differ', () => {
    for (const data of [facts(S.operators, 13), tables(sets.sTrain, 3)]) {
      equal(draws(data, 5).row(123), draws(data, 5).row(123))
      ok(textOf(draws(data, 5).row(0)['completion'] as Segment[]) !== textOf(draws(data, 6).row(0)['completion'] as Segment[]))
    }
  })

  test('rewards of good and bad completions', () => {
    const reward = (text: string, answer: string) => {
      const completion = { text, tokens: words(text).length, finished: true }
      const shaped = callNow('std/signals.well_formed', { text: completion, tags: ['think', 'answer'] }, { root: '.' }) as number
      const named = callNow('std/signals.tagged', { text: completion, tag: 'answer' }, { root: '.' })
      const correct = callNow('std/signals.exact', { a: named, b: answer }, { root: '.' }) as number
      return correct >= 1 ? 1 : 0.1 * shaped
    }
    for (const { answer, completion } of rowsOf(traces(sets.sTest), 100)) {
      const text = (completion as string).replace(/ <eos>$/, '')
      is(reward(text, answer), 1)
      is(reward(text.replace(/<answer> ([ABC])(\d)/, (_, name: string, digit: string) => `<answer> ${name}${1 - Number(digit)}`), answer), 0.1)
      is(reward(text.replace('</answer>', ''), answer), 0)
      is(reward(text.replace('</think> <answer>', ''), answer), 0)
      is(reward(text.replace('<think> ', ''), answer), 1, 'the right answer counts without the layout')
      is(reward(`${text} <answer> ${answer} </answer>`, answer), 0, 'two answers are none')
    }
  })

  test('rows that are not puzzles are an error with a code', () => {
    const wrong = ['', 'hello', '<bos> K A : B = A . ?', '<bos> K A : A = A . B : A = B . ?', '<bos> K A : B > 1 . B : A = B . ?', '<bos> K B : A = B . A : A = B . ?', '<bos> K A : B toString A . B : A = B . ?']
    for (const prompt of wrong) is(readPrompt(prompt), undefined, prompt)
    const rows = (prompt: string): Dataset => ({ size: 1, row: () => ({ prompt }) })
    const bad = (error: unknown) => error instanceof HostError && error.code === 'RLP8009'
    throws(() => traces(rows('hello')).row(0), bad)
    throws(() => traces(rows('<bos> K A : B = 1 . B : A = 1 . ?')).row(0), bad)
  })
})
