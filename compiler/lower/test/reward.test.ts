// Rewards: what becomes a signal, what a graph, and which ranges follow.

import { readFileSync } from 'node:fs'
import { equal, is, near, ok, suite } from '../../../spec/test/suite.js'
import { parse } from '../../../grammar/index.js'
import { SourceFile } from '../../../grammar/source/source.js'
import type { FunctionDeclaration } from '../../../grammar/ast/ast.js'
import type { Expr } from '../../../spec/plan/plan.js'
import { lowerReward } from '../reward.js'
import type { LoweredReward } from '../types.js'
import { feedsOf, run } from './harness.js'

const path = new URL('../../../stdlib/signals.rlp', import.meta.url)
const signals = new Map(parse(new SourceFile('std/signals', readFileSync(path, 'utf8'))).module.declarations.flatMap((d): [string, FunctionDeclaration][] => (d.node === 'Function' ? [[`std/signals.${d.name.name}`, d]] : [])))
const span = new SourceFile('main.rlp', '').span(0, 0)

const completion: Expr = { name: 'completion' }
const row = (field: string): Expr => ({ field, of: { name: 'row' } })
const name = (term: string): Expr => ({ name: term })
const is_ = (value: number | string | boolean): Expr => ({ const: value })
const call = (fn: string, args: Record<string, Expr>): Expr => ({ call: `std/signals.${fn}`, args })
const op = (operator: string, ...args: Expr[]): Expr => ({ op: operator, args })
const when = (condition: Expr, then: Expr, otherwise: Expr): Expr => ({ if: condition, then, else: otherwise })

const shaped = call('well_formed', { text: completion, tags: { const: ['think', 'answer'] } })
const correct = call('exact', { a: call('tagged', { text: completion, tag: is_('answer') }), b: row('answer') })
const length = call('length', { text: completion })

function lower(terms: Record<string, Expr>, total: Expr, substitutes: readonly number[] = []): LoweredReward {
  return lowerReward({ name: 'reward', terms: Object.entries(terms).map(([term, expr]) => ({ name: term, measure: false, expr, span })), total: { expr: total, span }, substitutes, extern: (fn) => signals.get(fn) })
}

suite('rewards', (test) => {
  test('the reward of the quickstart: two signals, named as their terms; the answer to a nested call is one of them', async () => {
    const reward = lower({ shaped, correct }, when(op('>=', name('correct'), is_(1)), is_(1), op('*', is_(0.1), name('shaped'))))
    equal(reward.signals, [
      { name: 'shaped', expr: shaped, range: { low: 0, high: 1 } },
      { name: 'correct', expr: correct, range: { low: 0, high: 1 } },
    ])
    equal(reward.terms.map(({ range }) => range), [{ low: 0, high: 1 }, { low: 0, high: 1 }])
    equal(reward.total, { low: 0, high: 1 })
    const values = await run(reward.program, { N: 4 }, { shaped: [0, 1, 0, 1], correct: [0, 0, 1, 1] })
    near(values['total'] as number[], [0, 0.1, 1, 1])
    near(values['shaped'] as number[], [0, 1, 0, 1])
    equal(reward.diagnostics, [])
  })

  test('tiers, and a choice that is decided by ranges', () => {
    const reward = lower({ shaped, correct }, when(op('<', name('shaped'), is_(1)), is_(-2), when(op('<', name('correct'), is_(1)), is_(-0.5), is_(2))))
    equal(reward.total, { low: -2, high: 2 })
    equal(lower({ shaped }, when(op('<=', name('shaped'), is_(1)), is_(3), is_(100))).total, { low: 3, high: 3 })
  })

  test('signals inside expressions are found, named after their function, and shared', async () => {
    const penalty = op('clamp', op('/', op('-', length, is_(100)), is_(50)), is_(0), is_(1))
    const reward = lower({ brevity: op('neg', penalty), correct }, op('+', name('correct'), op('*', name('brevity'), op('max', correct, op('/', length, is_(1000))))))
    equal(reward.signals.map(({ name: signal }) => signal), ['length', 'correct'])
    equal(reward.terms[0]?.range, { low: -1, high: 0 })
    equal(reward.total, { low: null, high: 1 })
    const values = await run(reward.program, { N: 2 }, { length: [125, 90], correct: [1, 0] })
    near(values['total'] as number[], [1 - 0.5 * 1, 0])
  })

  test('a term that an argument of a signal names is written out there: the host knows no terms', () => {
    const tolerance = op('*', is_(2), name('good'))
    const reward = lower({ shaped, good: op('*', name('shaped'), is_(0.5)), close: call('number_equal', { a: call('first_number', { text: completion }), b: is_(1), tolerance }) }, name('close'))
    equal(reward.signals.find((signal) => signal.name === 'close')?.expr, call('number_equal', { a: call('first_number', { text: completion }), b: is_(1), tolerance: op('*', is_(2), op('*', shaped, is_(0.5))) }))
  })

  test('text is compared by the host, numbers of the row are signals', async () => {
    const easy = op('==', row('level'), is_('easy'))
    const reward = lower({ correct }, op('*', name('correct'), op('+', when(easy, is_(1), row('weight')), when(op('and', easy, op('>', row('weight'), is_(2))), is_(1), is_(0)))))
    equal(reward.signals.map(({ name: signal, range }) => [signal, range.low, range.high]), [['correct', 0, 1], ['level', 0, 1], ['weight', null, null]])
    const values = await run(reward.program, { N: 3 }, { correct: [1, 1, 1], level: [1, 0, 1], weight: [2, 3, 4] })
    near(values['total'] as number[], [1, 3, 2])
  })

  test('what replaces a signal widens its range', () => {
    equal(lower({ correct }, name('correct'), [-5]).total, { low: -5, high: 1 })
  })

  test('a reward of constants needs no signals', async () => {
    const reward = lower({}, op('+', is_(1), is_(2)))
    equal(feedsOf(reward.program), [])
    near((await run(reward.program, { N: 2 }, {}))['total'] as number[], [3, 3])
  })

  test('a term that is text is a mistake', () => {
    const reward = lower({ words: call('tagged', { text: completion, tag: is_('answer') }) }, name('words'))
    equal(reward.diagnostics.map(({ code }) => code), ['RLP5102'])
    is(reward.signals.length, 0)
    ok(reward.diagnostics[0]?.help?.includes('exact'))
  })
})
