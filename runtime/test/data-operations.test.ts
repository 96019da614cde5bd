// Joining, leaving out and thought dropout: what rows come out, and that reading them again is the same or anew as promised.

import { draws, generated, listed } from '../data/draws.js'
import { joined, without } from '../data/mixture.js'
import { rewritten } from '../data/rewrite.js'
import { withoutThoughts } from '../data/thoughts.js'
import { HostError } from '../host.js'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'

const code = (wanted: string) => (error: unknown) => error instanceof HostError && error.code === wanted
const prompts = (...names: string[]) => listed(names.map((prompt) => ({ prompt })))
const endless = generated(() => (i) => ({ prompt: String(i % 7) }))
const all = (data: { size: number; row(i: number): unknown }) => Array.from({ length: data.size }, (_, i) => data.row(i))

suite('operations on data', (test) => {
  test('joined keeps every row in order', () => {
    equal(all(joined([prompts('a', 'b'), prompts(), prompts('b', 'c')])), all(prompts('a', 'b', 'b', 'c')))
    throws(() => joined([prompts('a'), endless]), code('RLP8105'))
  })

  test('without leaves prompts out, also of what has no end', () => {
    equal(all(without(prompts('a', 'b', 'c', 'a'), [prompts('a'), prompts('x')])), all(prompts('b', 'c')))
    const rest = without(endless, [prompts('0', '3')])
    is(rest.size, Infinity)
    ok(Array.from({ length: 50 }, (_, i) => rest.row(i)['prompt']).every((prompt) => prompt !== '0' && prompt !== '3'))
    const read = draws(rest, 5)
    ok(Array.from({ length: 50 }, (_, i) => read.row(i)['prompt']).every((prompt) => prompt !== '0' && prompt !== '3'))
    throws(() => without(prompts('a'), [endless]), code('RLP8105'))
  })

  test('rewritten fills templates from the row', () => {
    const rows = listed([{ prompt: 'why 4?', question: '2+2', completion: 'two and two', answer: 4 }])
    equal(rewritten(rows, '{question} ?', '<think> {completion} </think> {answer}').row(0), { prompt: '2+2 ?', question: '2+2', completion: '<think> two and two </think> 4', answer: 4 })
    throws(() => rewritten(rows, '{questoin}', '{completion}').row(0), code('RLP8009'))
  })

  test('thoughts are dropped with the probability, and the answer becomes the known one', () => {
    const lesson = listed(Array.from({ length: 1000 }, (_, i) => ({ prompt: String(i), completion: '<think> so it is 5 </think> <answer> 5 </answer> <eos>', answer: '6' })))
    const dropped = '<think> </think> <answer> 6 </answer> <eos>'
    const half = withoutThoughts(lesson, 0.5, 'think', 'answer')
    const texts = all(half).map((row) => (row as { completion: string }).completion)
    near(texts.filter((text) => text === dropped).length / 1000, 0.5, { atol: 0.05 })
    ok(texts.every((text, i) => text === dropped || text === lesson.row(i)['completion']))
    equal(all(half), all(half), 'the dataset itself never changes')
    // Read in training, one row meets both fates.
    const one = draws(withoutThoughts(listed([lesson.row(0)]), 0.5, 'think', 'answer'), 3)
    is(new Set(Array.from({ length: 20 }, (_, i) => one.row(i)['completion'])).size, 2)
    equal(Array.from({ length: 20 }, (_, i) => one.row(i)), Array.from({ length: 20 }, (_, i) => draws(one, 3).row(i)))
    is(withoutThoughts(lesson, 0, 'think', 'answer').row(0)['completion'], lesson.row(0)['completion'])
    throws(() => withoutThoughts(prompts('a'), 1, 'think', 'answer').row(0), code('RLP8009'))
  })
})
