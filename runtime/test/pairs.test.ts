// Pairs made of completions, and completions that are cut, replaced or masked: every damage, every mark, and what is refused.

import { draws, listed } from '../data/draws.js'
import { bestAndWorst, damages, rightOverConfident, shortestOverLonger, shortestRight, sideOf, withBrokenLayout, type Damage } from '../data/pairs.js'
import { replaced, reviews, spliced, unlearned } from '../data/reviews.js'
import { wellFormed } from '../signals/layout.js'
import { HostError } from '../host.js'
import { equal, is, ok, suite, throws } from '../../spec/test/suite.js'

const code = (wanted: string) => (error: unknown) => error instanceof HostError && error.code === wanted
const all = (data: { size: number; row(i: number): Readonly<Record<string, unknown>> }) => Array.from({ length: data.size }, (_, i) => data.row(i))
const TAGS = ['think', 'answer']
const good = '<think> 7 +3 0 </think> <answer> 0 </answer> <eos>'
const of = (completion: string, size = 1) => listed(Array.from({ length: size }, () => ({ prompt: 'p', completion, answer: '0' })))
const words = (text: string) => text.split(/\s+/).filter((word) => !word.startsWith('<')).sort().join(' ')

suite('pairs', (test) => {
  for (const way of Object.keys(damages) as Damage[]) {
    test(`${way} breaks the layout and keeps the words`, () => {
      for (const row of all(withBrokenLayout(of(good, 20), TAGS, [way]))) {
        const rejected = String(row['rejected'])
        is(row['chosen'], good)
        ok(!wellFormed(rejected.replace('<eos>', ''), TAGS), rejected)
        is(words(rejected), words(good))
        ok(rejected.endsWith('<eos>'))
      }
    })
  }

  test('each damage is what its name says', () => {
    const broken = (way: Damage, at: number) => damages[way]([{ before: '', open: '<a>', body: ' 1 ', close: '</a>' }, { before: ' ', open: '<b>', body: ' 2 ', close: '</b>' }], ' .', at)
    is(broken('no_opening', 1), '<a> 1 </a> 2 </b> .')
    is(broken('no_closing', 0), '<a> 1 <b> 2 </b> .')
    is(broken('doubled', 1), '<a> 1 </a> <b> <b> 2 </b> .')
    is(broken('moved', 0), '<a> </a> 1 <b> 2 </b> .')
    is(broken('swapped', 0), '<b> 2 </b> <a> 1 </a> .')
  })

  test('read again in training, a row is damaged anew; the dataset itself never changes', () => {
    const data = withBrokenLayout(of(good), TAGS, Object.keys(damages) as Damage[])
    equal(data.row(0), data.row(0))
    const read = draws(data, 4)
    ok(new Set(Array.from({ length: 40 }, (_, i) => read.row(i)['rejected'])).size > 5)
    throws(() => withBrokenLayout(of('no tags'), TAGS, ['moved']).row(0), code('RLP8009'))
    throws(() => withBrokenLayout(of(good), [], ['moved']), code('RLP8105'))
  })

  test('the best against the worst of each prompt; prompts without a difference are left out', () => {
    const rows = listed([
      { prompt: 'a', completion: 'a1', reward: 0 },
      { prompt: 'b', completion: 'b1', reward: 1 },
      { prompt: 'a', completion: 'a2', reward: 1 },
      { prompt: 'a', completion: 'a3', reward: 1 },
      { prompt: 'b', completion: 'b2', reward: 1 },
    ])
    equal(all(bestAndWorst(rows)), [{ prompt: 'a', chosen: 'a2', rejected: 'a1' }])
    equal(all(sideOf(bestAndWorst(rows), 'chosen')), [{ prompt: 'a', completion: 'a2' }])
    equal(all(sideOf(bestAndWorst(rows), 'rejected')), [{ prompt: 'a', completion: 'a1' }])
    throws(() => bestAndWorst(listed([{ prompt: 'a', completion: 'x' }, { prompt: 'a', completion: 'y' }])), code('RLP8009'))
  })

  test('right and surprising against wrong and confident; prompts without both are left out', () => {
    const row = (prompt: string, completion: string, reward: number, perplexity: number) => ({ prompt, completion, reward, perplexity })
    const rows = [row('a', 'a1', 0, 3), row('a', 'a2', 1, 1.2), row('b', 'b1', 1, 2), row('a', 'a3', 0.9, 1.1), row('a', 'a4', 1.5, 7), row('c', 'c1', 0, 2), row('a', 'a5', 1, 7)]
    equal(all(rightOverConfident(listed(rows))), [{ prompt: 'a', chosen: 'a4', rejected: 'a3' }])
    throws(() => rightOverConfident(listed([{ prompt: 'a', completion: 'x', reward: 1 }, { prompt: 'a', completion: 'y', reward: 1 }, { prompt: 'a', completion: 'z', reward: 0 }])), code('RLP8009'))
  })

  test('the shortest right one of each prompt, alone and against what is longer', () => {
    const row = (prompt: string, completion: string, reward: number, tokens: number) => ({ prompt, completion, reward, tokens })
    const rows = listed([
      row('a', 'right, long', 1, 15), row('a', 'wrong, short', 0, 4), row('a', 'right, short', 1.2, 10), row('a', 'right, as short', 1, 10),
      row('b', 'wrong', 0, 9), row('a', 'right, a little longer', 1, 14), row('a', 'wrong, a little longer', 0, 11), row('c', 'only one', 1, 7),
    ])
    equal(all(shortestRight(rows)), [row('a', 'right, short', 1.2, 10), row('c', 'only one', 1, 7)])
    equal(all(shortestOverLonger(rows, 1.5)), [
      { prompt: 'a', chosen: 'right, short', rejected: 'right, long' },
      { prompt: 'a', chosen: 'right, short', rejected: 'wrong, a little longer' },
    ])
    equal(all(shortestOverLonger(rows, 1.4)).map(({ rejected }) => rejected), ['right, long', 'right, a little longer', 'wrong, a little longer'])
    throws(() => shortestRight(listed([{ prompt: 'a', completion: 'x', reward: 1 }, { prompt: 'a', completion: 'y', reward: 1 }])), code('RLP8009'))
  })
})

suite('reviews', (test) => {
  const trace = 'one\n\ntwo\n\ntwo again</think> 2'
  const asked = reviews(of(trace), 'Q {question} A {answer}:\n{numbered}', '\n\n')

  test('a review keeps what it is about', () => {
    equal(asked.row(0), { prompt: 'Q p A 0:\n[1] one\n\n[2] two\n\n[3] two again</think> 2', question: 'p', trace, answer: '0' })
    throws(() => reviews(of(trace), '{nothing}', '\n\n').row(0), code('RLP8105'))
  })

  test('a verdict cuts the trace at its chunk and puts the marker there', () => {
    const cut = (verdict: string) => spliced(listed([{ ...asked.row(0), completion: verdict }]), { redundant: 'Enough.', loop: 'I repeat myself.' }, '</think>', '\n\n').row(0)
    equal(cut('redundant: 3'), { prompt: 'p', completion: 'one\n\ntwo\n\nEnough.\n\n</think> 2', answer: '0' })
    is(cut('It is a loop: 2')['completion'], 'one\n\nI repeat myself.\n\n</think> 2')
    for (const verdict of ['none', 'redundant: 9', 'redundant: 0', 'other: 2']) is(cut(verdict)['completion'], trace)
  })

  test('replaced, with groups', () => {
    is(replaced(of('a b b b c'), 'b( b)+', 'b$1').row(0)['completion'], 'a b b c')
    throws(() => replaced(of('a'), '(', ''), code('RLP8105'))
  })

  test('what stands between the marks is not learned', () => {
    equal(unlearned(of('7 <r> 4 </r> so 4 <r> 5'), '<r>', '</r>').row(0)['completion'], [
      { text: '7 ', train: true },
      { text: '<r> 4 </r>', train: false },
      { text: ' so 4 ', train: true },
      { text: '<r> 5', train: false },
    ])
  })
})
