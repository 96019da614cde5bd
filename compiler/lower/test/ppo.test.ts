// Advantages, targets and losses of policy optimisation with a critic, against plain loops: two rollouts of unequal length.

import { equal, near, suite } from '../../../spec/test/suite.js'
import { workOf } from '../../../spec/plan/work.js'
import { planOf, stageOf } from '../../plan/test/harness.js'
import { run } from './harness.js'

const [N, T] = [2, 5]
// The second rollout begins later and ends earlier; what stands outside must not matter.
const mask = [0, 1, 1, 1, 1, 0, 0, 1, 1, 0]
const value = mask.map((_, i) => Math.sin(1 + 2.1 * i))
const old_value = value.map((v, i) => v + 0.4 * Math.cos(3 * i))
const target = value.map((v, i) => v + Math.sin(5 * i))
const reward = [1, -0.5]
const inside = mask.flatMap((counted, i) => (counted ? [i] : []))
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** Generalised advantages (arXiv 1506.02438, eq. 16), from the end; the reward comes with the last token. */
function advantages(discount: number, trace: number, penalty: (i: number) => number = () => 0): number[] {
  const found = Array<number>(N * T).fill(0)
  for (let n = 0; n < N; n++) {
    let [after, following, last] = [0, 0, true]
    for (let i = (n + 1) * T - 1; i >= n * T; i--) {
      if (!mask[i]) continue
      const delta = (last ? (reward[n] as number) : 0) - penalty(i) + discount * following - (value[i] as number)
      after = delta + discount * trace * after
      found[i] = after
      following = value[i] as number
      last = false
    }
  }
  return found
}

const source = (settings: string) => `rlp 1
import { gae_at_end, gae_with_kl, Ppo, unscaled } from "std/ppo"
import { exact, tagged } from "std/signals"
import * as chains from "std/tasks/chains"
model m: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 32 tokens, vocabulary = chains.words }
reward right: Reward[chains.Chain] { term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct }
stage one: Ppo { policy = m, prompts = chains.chains(), reward = right, length = 10 steps, rollout { per_step = 2 prompts, max_new = 8 tokens }
  optimizer { lr = 1e-3 }
  critic_optimizer { lr = 1e-2 }
  ${settings} }
`

async function program(settings: string, role: string, feeds: Readonly<Record<string, readonly number[]>>): Promise<Record<string, number[]>> {
  const plan = await planOf(source(settings))
  const graph = plan.programs[stageOf(plan, 'one').programs[role] ?? '']
  if (!graph) throw new Error(`no program ${role}`)
  return run(graph, { N, T }, { mask, ...feeds })
}

suite('ppo', (test) => {
  test('advantages from a reward at the end, and targets before they are scaled', async () => {
    const raw = advantages(0.9, 0.8)
    const { advantage, target: wanted } = await program('advantage = gae_at_end(discount = 0.9, trace = 0.8), scale = unscaled', 'estimate', { value, reward })
    near(advantage as number[], raw)
    near(wanted as number[], raw.map((a, i) => (mask[i] ? a + (value[i] as number) : 0)))
  })

  test('a penalty towards the reference in the reward of every token', async () => {
    const old_logp = mask.map((_, i) => -1 - 0.3 * i)
    const ref_logp = mask.map((_, i) => -1.5 + Math.sin(i))
    const raw = advantages(0.9, 0.8, (i) => 0.05 * ((old_logp[i] as number) - (ref_logp[i] as number)))
    const feeds = { value, reward, old_logp, ref_logp }
    const { advantage, target: wanted } = await program('reference = m, advantage = gae_with_kl(kl = 0.05, discount = 0.9, trace = 0.8), scale = unscaled', 'estimate', feeds)
    near(advantage as number[], raw)
    near(wanted as number[], raw.map((a, i) => (mask[i] ? a + (value[i] as number) : 0)))
  })

  test('whitened over the tokens of the batch', async () => {
    const raw = advantages(1, 0.95)
    const found = inside.map((i) => raw[i] as number)
    const average = mean(found)
    const variance = found.reduce((sum, a) => sum + (a - average) ** 2, 0) / (found.length - 1)
    const { advantage, target: wanted } = await program('', 'estimate', { value, reward })
    near(advantage as number[], raw.map((a, i) => (mask[i] ? (a - average) / Math.sqrt(variance + 1e-8) : 0)), { rtol: 1e-9 })
    near(wanted as number[], raw.map((a, i) => (mask[i] ? a + (value[i] as number) : 0)))
  })

  test('the loss of the critic and its gradient: the worse of free and clipped', async () => {
    const terms = value.map((v, i) => {
      const [was, wanted] = [old_value[i] as number, target[i] as number]
      const clipped = Math.min(Math.max(v, was - 0.2), was + 0.2)
      const [free, held] = [(v - wanted) ** 2, (clipped - wanted) ** 2]
      return { loss: 0.5 * Math.max(free, held), slope: free >= held ? v - wanted : clipped === v ? v - wanted : 0 }
    })
    near((await program('', 'critic_measure', { value, old_value, target }))['loss'] as number[], [mean(inside.map((i) => (terms[i] as (typeof terms)[number]).loss))])
    near((await program('', 'critic_weigh', { value, old_value, target }))['dvalue'] as number[], terms.map(({ slope }, i) => (mask[i] ? slope / inside.length : 0)))
  })

  test('the loss of the policy is fed advantages of tokens', async () => {
    const advantage = mask.map((_, i) => Math.cos(i))
    const logp = mask.map((_, i) => -1 - 0.1 * i)
    const { dlogp } = await program('', 'weigh', { logp, old_logp: logp, advantage })
    near(dlogp as number[], advantage.map((a, i) => (mask[i] ? -a / inside.length : 0)))
  })

  test('one rollout for each prompt', async () => {
    const plan = await planOf(source('update { passes = 2 }'))
    const { prompts, completions } = workOf(plan, stageOf(plan, 'one'))
    equal([prompts, completions], [10, 10])
  })

  test('programs of policy and critic', async () => {
    const roles = Object.keys(stageOf(await planOf(source('')), 'one').programs).sort()
    equal(roles, ['apply', 'critic_apply', 'critic_gradient', 'critic_lr', 'critic_measure', 'critic_norm', 'critic_score', 'critic_weigh', 'decode', 'estimate', 'gradient', 'lr', 'measure', 'norm', 'prefill', 'sample', 'score', 'weigh'])
  })
})
