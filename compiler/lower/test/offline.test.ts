// Objectives of offline and online reinforcement learning, against plain loops: two transitions, three critics, four sampled actions.

import { near, suite } from '../../../spec/test/suite.js'
import { planOf, stageOf } from '../../plan/test/harness.js'
import { run } from './harness.js'

const [N, CRITIC, ACTION] = [2, 3, 4]
const sampled = Array.from({ length: N * CRITIC * ACTION }, (_, i) => Math.sin(i * 1.7) * 3)
const value = Array.from({ length: N * CRITIC }, (_, i) => Math.cos(i * 2.3))
const [reward, done, reference, logp] = [[1, -0.5], [0, 1], [0.8, -2], [-1.2, 0.4]]
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const ofTransition = (values: readonly number[], n: number): number[] => values.slice(n * CRITIC, (n + 1) * CRITIC)
const logSumExp = (values: readonly number[]): number => Math.log(values.reduce((a, x) => a + Math.exp(x), 0))
const penalties = (floor: (n: number) => number): number[] => value.map((data, i) => logSumExp(sampled.slice(i * ACTION, (i + 1) * ACTION).map((x) => Math.max(x, floor(Math.floor(i / CRITIC))))) - data)

const source = (settings: string) => `rlp 1
import { conservative, OfflineRl, squared_with_penalty, td_target, Transition } from "std/offline"
dataset recorded: Dataset[Transition] { source = jsonl("t.jsonl") }
stage one: OfflineRl { data = recorded, environment = { id = "e", scale = 1, shift = 0 }, length = 10 steps, ${settings} }
`

async function program(settings: string, name: string, feeds: Readonly<Record<string, readonly number[]>>): Promise<Record<string, number[]>> {
  const plan = await planOf(source(settings))
  const graph = plan.programs[stageOf(plan, 'one').programs[name] ?? '']
  if (!graph) throw new Error(`no program ${name}`)
  return run(graph, { N, CRITIC, ACTION }, { mask: Array<number>(N * CRITIC * ACTION).fill(1), ...feeds })
}

suite('offline reinforcement learning', (test) => {
  test('the target is the lowest of the critics', async () => {
    const found = await program('target = td_target(discount = 0.9)', 'target', { reward, done, next_value: value })
    near(found['value'] as number[], reward.map((r, n) => r + 0.9 * (1 - (done[n] as number)) * Math.min(...ofTransition(value, n))))
  })

  test('CQL, and Cal-QL which does not push down what is below a known return', async () => {
    near((await program('penalty = conservative', 'penalty', { sampled, data: value }))['value'] as number[], penalties(() => -Infinity))
    near((await program('', 'penalty', { sampled, data: value, reference }))['value'] as number[], penalties((n) => reference[n] as number))
  })

  test('the loss of the critics, and its gradient', async () => {
    const [target, penalty] = [[0.3, -0.7], penalties(() => 0)]
    const found = await program('critic_loss = squared_with_penalty(weight = 2)', 'critic_loss', { value, target, penalty })
    const errors = value.map((v, i) => v - (target[Math.floor(i / CRITIC)] as number))
    near(found['value'] as number[], [mean(errors.map((e) => e * e)) + 2 * mean(penalty)])
    near(found['gradient for value'] as number[], errors.map((e) => (2 * e) / value.length))
    near(found['gradient for penalty'] as number[], penalty.map(() => 2 / value.length))
  })

  test('the losses of actor and temperature', async () => {
    const actor = await program('', 'actor_loss', { value, logp, temperature: [0.5] })
    near(actor['value'] as number[], [mean(logp.map((l, n) => 0.5 * l - mean(ofTransition(value, n))))])
    near(actor['gradient for value'] as number[], value.map(() => -1 / value.length))
    const temperature = await program('', 'temperature_loss', { temperature: [0.5], logp, target_entropy: [-1] })
    near(temperature['gradient for temperature'] as number[], [mean(logp.map((l) => -l + 1))])
  })
})
