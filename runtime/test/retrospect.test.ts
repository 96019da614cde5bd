// Retrospective sampling: weights against 1 / (mean + floor) counted by hand, and what cannot be weighed.

import { draws, listed } from '../data/draws.js'
import { retrospective } from '../data/retrospect.js'
import { generated } from '../data/draws.js'
import { HostError } from '../host.js'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'

const rollouts = listed([
  { prompt: 'easy', answer: '1', reward: 1 },
  { prompt: 'half', answer: '2', reward: 1 },
  { prompt: 'easy', answer: '1', reward: 1 },
  { prompt: 'half', answer: '2', reward: 0 },
  { prompt: 'hard', answer: '3', reward: 0 },
  { prompt: 'hard', answer: '3', reward: 0 },
])
const code = (wanted: string) => (error: unknown) => error instanceof HostError && error.code === wanted

suite('retrospective sampling', (test) => {
  test('one row for each prompt, drawn by 1 / (mean + floor)', () => {
    const data = retrospective(rollouts, 1, 0.25)
    equal(Array.from({ length: data.size }, (_, i) => data.row(i)['answer']), ['1', '2', '3'])
    const stream = draws(data, 7)
    const seen = Array.from({ length: 6000 }, (_, i) => stream.row(i)['prompt'])
    const weights = [1 / 1.25, 1 / 0.75, 1 / 0.25]
    const sum = weights.reduce((a, b) => a + b)
    near(['easy', 'half', 'hard'].map((prompt) => seen.filter((each) => each === prompt).length / 6000), weights.map((weight) => weight / sum), { atol: 0.02 })
    equal(Array.from({ length: 50 }, (_, i) => draws(data, 7).row(i)['prompt']), seen.slice(0, 50))
    ok(Array.from({ length: 50 }, (_, i) => draws(data, 8).row(i)['prompt']).join() !== seen.slice(0, 50).join())
  })

  test('what earned more than `most` is left out', () => {
    is(retrospective(rollouts, 0, 0.125).size, 1)
    is(retrospective(rollouts, 0.5, 0.125).size, 2)
    throws(() => retrospective(rollouts, -1, 2), code('RLP8103'))
  })

  test('no reward, no end, no weight', () => {
    throws(() => retrospective(listed([{ prompt: 'a' }]), 1, 0.125), code('RLP8009'))
    throws(() => retrospective(generated(() => () => ({ prompt: 'a', reward: 1 })), 1, 0.125), code('RLP8105'))
    throws(() => retrospective(rollouts, 1, 0), code('RLP8105'))
  })
})
