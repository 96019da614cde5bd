// The formulas of the example `long-to-short`, as its file says them, against plain loops: the length reward of Kimi k1.5 (section 2.3.3)
// and the value and gradient of its policy mirror descent (eq. 3).

import { readFileSync } from 'node:fs'
import { groups, type Case, type Counterpart, type Nested, type Table } from '../tools/parity/cases.js'
import { runCases } from '../tools/parity/run.js'
import { open } from '../tools/parity/subjects.js'
import { is, suite } from './suite.js'

const source = readFileSync(new URL('../../examples/long-to-short/main.rlp', import.meta.url), 'utf8')
const functions = [...source.matchAll(/^fn [\s\S]*?(?=\n\n)/gm)].map(([text]) => text).join('\n')

/** A group of four, two of three (the second all equally long), and one alone. */
const group = [0, 0, 1, 0, 1, 2, 2, 0, 1, 2, 3]
const length = [2, 5, 4, 3, 1, 3, 3, 4, 2, 3, 1]
const reward = [1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1]
const T = 5
const mask = length.map((n) => Array.from({ length: T }, (_, t) => (t < n ? 1 : 0)))
const logp = length.map((_, i) => Array.from({ length: T }, (__, t) => Math.round(1024 * (-1.2 + 0.7 * Math.sin(3.3 * i + t * t))) / 1024))
const old = logp.map((row, i) => row.map((x, t) => Math.round(1024 * (x + 0.2 * Math.cos(i + 2.1 * t))) / 1024))

const members = (i: number): number[] => group.flatMap((g, j) => (g === group[i] ? [j] : []))
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

const lambda = length.map((n, i) => {
  const lengths = members(i).map((j) => length[j] as number)
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)]
  const value = most === least ? 0 : 0.5 - (n - least) / (most - least)
  return reward[i] === 1 ? value : Math.min(0, value)
})
const advantage = reward.map((r) => r - 0.4)
const whole = (rows: readonly (readonly number[])[], i: number): number => sum((rows[i] as readonly number[]).slice(0, length[i]))
const TAU = 0.1
const loss = advantage.map((a, i) => (TAU / 2) * (whole(logp, i) - whole(old, i)) ** 2 - a * whole(logp, i))
/** d mean(loss) / d logp, the same for each token of a rollout. */
const slope = mask.map((row, i) => row.map((m) => (m * (TAU * (whole(logp, i) - whole(old, i)) - (advantage[i] as number))) / length.length))

async function agree(name: string, outputs: Counterpart['outputs'], expected: Readonly<Record<string, Nested>>, gradients: Readonly<Record<string, Nested>> = {}): Promise<void> {
  const layout = groups(group, mask, mask)
  const counterpart = (): Counterpart => ({
    ...layout,
    feeds: { logp: ['token', logp], old_logp: ['token', old], reward: ['rollout', reward], length: ['rollout', length], advantage: ['rollout', advantage] },
    outputs,
  })
  const c: Case = { name, system: 'here', function: name, options: {}, inputs: {}, outputs: expected, gradients, float64: { outputs: expected, gradients } }
  const table: Table = { system: 'here', imports: functions, rows: [{ function: name, counterpart }] }
  is((await runCases([c], [table], [await open('reference')])).flatMap(({ notes }) => notes).join('\n'), '')
}

suite('formulas of long to short', (test) => {
  test('the length reward: right, wrong, all equally long, alone', () => agree('length_reward', { out: ['rollout', 'length_reward(reward, length)'] }, { out: lambda }))

  test('mirror descent: value and gradient', () =>
    agree('mirror_descent', { loss: ['batch', 'rollout_mean(mirror_descent(logp, old_logp, advantage))'] }, { loss: sum(loss) / loss.length }, { logp: slope }))
})
