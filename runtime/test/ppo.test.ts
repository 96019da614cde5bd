// Whole runs of policy optimisation with a critic: it learns to begin with a symbol, the critic foresees, and an interrupted run ends with the same bytes.

import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const spec = (settings: string): string => `
import { matches } from "std/signals"
import { Ppo } from "std/ppo"
import * as hops from "std/tasks/hops"

model m: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 16 tokens, vocabulary = hops.words, init_std = 0.1 }
reward wanted: Reward[hops.Question] { term symbol = matches(completion, "^[a-t]( |$)")
  total = symbol }
stage practice: Ppo {
  policy = m, prompts = hops.hops(links = 1..1, hops = 1..1), reward = wanted, length = 30 steps
  rollout { per_step = 16 prompts, max_new = 3 tokens }
  optimizer { lr = 2e-2 }
  critic_optimizer { lr = 2e-2 }
  ${settings}
}
pipeline p { outputs = { policy = practice.policy } }
`

suite('ppo', (test) => {
  test('learns what is rewarded, and the critic what to expect', () =>
    inHome(async (home, run) => {
      const { result } = await run(await planOfSpec(spec('')))
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const lines = metricsOf(home, result)
      ok((lines[0]?.['reward'] as number) < 0.6, String(lines[0]?.['reward']))
      ok((lines.at(-1)?.['reward'] as number) > 0.9, String(lines.at(-1)?.['reward']))
      near(lines.at(-1)?.['value'] as number, 1, { rtol: 0, atol: 0.25 })
      ok(lines.every((line) => !('flat_groups' in line)), 'there are no groups')
    }))

  test('a critic that starts from a reward model has its head, and a penalty in the reward keeps near the reference', () =>
    inHome(async (home, run) => {
      const pairs = `dataset pairs: Dataset[Preference] { source = with_broken_layout(hops.solved(hops.hops(links = 1..1, hops = 1..1)), ["think", "answer"]) }
stage taste: RewardModel { policy = m, data = pairs, length = 3 steps, batch = 4 samples, optimizer { lr = 1e-2 } }`
      const source = (kl: number) => spec(`critic = taste.model, reference = m, advantage = gae_with_kl(kl = ${kl})`)
        .replace('context = 16', 'context = 32')
        .replace('{ Ppo }', '{ gae_with_kl, Ppo }')
        .replace('model m', `import { RewardModel } from "std/reward_models"\nimport { with_broken_layout } from "std/pairs"\nimport { Preference } from "std/stages"\n${pairs}\nmodel m`)
      const kls: number[] = []
      for (const kl of [0, 10]) {
        const plan = await planOfSpec(source(kl))
        const { result } = await run(plan)
        is(result.outcome, 'done', JSON.stringify(result.stages))
        kls.push(metricsOf(home, result).at(-1)?.['kl'] as number)
        ok(result.stages.every(({ status }) => status === 'done' || status === 'reused'))
      }
      ok((kls[1] as number) < 0.5 * (kls[0] as number), String(kls))
    }))

  test('the critic alone comes first, and does not count', () =>
    inHome(async (home, run) => {
      const { result } = await run(await planOfSpec(spec('critic_warmup = 5 steps').replace('length = 30 steps', 'length = 3 steps')))
      const lines = metricsOf(home, result)
      is(lines.length, 8)
      equal(lines.map((line) => 'loss' in line), [false, false, false, false, false, true, true, true])
      ok((lines[4]?.['value_loss'] as number) < (lines[0]?.['value_loss'] as number))
    }))

  test('interrupted, it ends with the same bytes', async () => {
    const plan = await planOfSpec(spec('critic_warmup = 2 steps\n  update { passes = 2, splits = 2 }').replace('length = 30 steps', 'length = 10 steps'))
    const weights = await inHome(async (home, run) => {
      is((await run(plan)).result.outcome, 'done')
      return weightsOf(home, plan, 'practice', 'policy')
    })
    await inHome(async (home, run) => {
      is((await interrupted(run, plan, 6)).result.outcome, 'done')
      is(weightsOf(home, plan, 'practice', 'policy'), weights)
    })
  })
})
