// Which prompts need a treatment.

import { listed } from '../data/draws.js'
import { needed } from '../data/needed.js'
import { equal, suite, throws } from '../../spec/test/suite.js'

const rows = (table: Readonly<Record<string, readonly number[]>>) => listed(Object.entries(table).flatMap(([prompt, rewards]) => rewards.map((reward) => ({ prompt, reward }))))
const prompts = (data: { size: number; row(i: number): Readonly<Record<string, unknown>> }) => Array.from({ length: data.size }, (_, i) => data.row(i)['prompt'])

suite('needed', (test) => {
  const treated = rows({ a: [1], b: [1], c: [0], d: [1, 1, 0, 0], e: [1] })
  const plain = rows({ a: [0], b: [1], c: [0], d: [0, 0] })

  test('right with the treatment and wrong without', () => equal(prompts(needed(treated, plain, { gain: 0, least: 0.9, most: 0.1 })), ['a']))
  test('by a margin', () => equal(prompts(needed(treated, plain, { gain: 0.4, least: 0.3, most: 0.4 })), ['a', 'd', 'd', 'd', 'd']))
  test('rows without a reward are an error', () => throws(() => needed(listed([{ prompt: 'a' }]), plain, { gain: 0, least: 0, most: 1 })))
})
