// Rollouts that are older than the policy: which batch has its turn and how old it is, groups that are dropped, rollouts that are left out, and whole runs.

import type { Experience } from '../engines/native/experience.js'
import { Queue } from '../engines/native/waiting-batches.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const made = (batch: number): Experience => ({
  sequences: [{ tokens: Int32Array.of(1, batch), learned: Uint8Array.of(0, 1), prompt: 1 }],
  rewards: Float64Array.of(batch / 3),
  terms: [],
  leftOut: Float64Array.of(0),
  oldLogp: { samples: 1, width: 2, values: Float32Array.of(-batch / 7, 0) },
  refLogp: undefined,
  advantages: undefined,
  metrics: { reward: batch },
})

/** Batch, age and use of the first versions. */
async function turns(staleness: number, uses: number, versions: number): Promise<number[][]> {
  const queue = new Queue(staleness, uses)
  const found: number[][] = []
  for (let version = 0; version < versions; version++) {
    const { experience, age, uses: used } = await queue.next(version, async (batch) => made(batch))
    found.push([Number(experience.metrics['reward']), age, used])
  }
  return found
}

suite('queue', (test) => {
  test('without staleness, every policy has its own batch', async () => equal(await turns(0, 1, 4), [[0, 0, 1], [1, 0, 1], [2, 0, 1], [3, 0, 1]]))
  test('ages grow to the staleness and stay there', async () => equal(await turns(2, 1, 6), [[0, 0, 1], [1, 1, 1], [2, 2, 1], [3, 2, 1], [4, 2, 1], [5, 2, 1]]))
  test('a batch is used again while it is not too old', async () => equal([await turns(1, 2, 4), await turns(2, 2, 6)], [[[0, 0, 1], [0, 1, 2], [1, 0, 1], [1, 1, 2]], [[0, 0, 1], [0, 1, 2], [1, 2, 1], [2, 1, 1], [2, 2, 2], [3, 2, 1]]]))

  test('what waits is saved and restored to the last digit', async () => {
    const [queue, other] = [new Queue(2, 1), new Queue(2, 1)]
    await queue.next(0, async (batch) => made(batch))
    other.restore(JSON.parse(JSON.stringify(queue.save())))
    for (const version of [1, 2, 3]) equal(await other.next(version, async (batch) => made(batch)), await queue.next(version, async (batch) => made(batch)))
  })
})

const spec = (settings: string, length = 12): string => `
import { matches } from "std/signals"
import { AsyncGrpo } from "std/asynchronous"
import { truncated } from "std/correction"
import { clipped } from "std/losses"
import * as hops from "std/tasks/hops"

model m: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 16 tokens, vocabulary = hops.words, init_std = 0.1 }
reward wanted: Reward[hops.Question] { term symbol = matches(completion, "^[a-t]( |$)")
  term key = matches(completion, "^[a-t]:( |$)")
  total = symbol }
fn corrected(logp: Real per token, old_logp: Real per token, engine_logp: Real per token, advantage: Real per token, age: Real per rollout): Real per token =
  truncated(old_logp, engine_logp) * clipped(logp, old_logp, advantage) / (1 + 0 * age)
stage practice: AsyncGrpo {
  policy = m, prompts = hops.hops(links = 1..1, hops = 1..1), reward = wanted, length = ${length} steps, group_size = 4 rollouts
  loss = corrected
  optimizer { lr = 2e-2 }
  ${settings}
}
pipeline p { outputs = { policy = practice.policy } }
`
const rollout = (staleness: number): string => `rollout { per_step = 4 prompts, max_new = 3 tokens, staleness = ${staleness} }`

const lines = (settings: string, length?: number): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  inHome(async (home, run) => {
    const { result } = await run(await planOfSpec(spec(settings, length)))
    is(result.outcome, 'done', JSON.stringify(result.stages))
    return metricsOf(home, result)
  })

suite('asynchronous policy optimisation', (test) => {
  test('learns from rollouts that are two updates old', async () => {
    const found = await lines(rollout(2), 24)
    equal(found.slice(0, 4).map(({ age }) => age), [0, 1, 2, 2])
    ok((found.at(-1)?.['reward'] as number) > (found[0]?.['reward'] as number) + 0.2, `${found[0]?.['reward']} to ${found.at(-1)?.['reward']}`)
  })

  test('groups outside of the pass rate are drawn anew', async () => {
    const found = await lines(`${rollout(0)}\n  filter { pass_rate = 0.01..0.99 }`, 3)
    ok(found.every(({ kept }) => (kept as number) > 0 && (kept as number) <= 1))
    ok(found.every(({ grad_norm }) => (grad_norm as number) > 0), 'no batch is flat')
  })

  test('rollouts that are left out have no gradient', async () => {
    const [some, none] = [await lines(`${rollout(0)}\n  left_out = wanted.key`, 2), await lines(rollout(0), 2)]
    ok((some[0]?.['left_out'] as number) > 0 && none[0]?.['left_out'] === 0)
    ok((some[0]?.['skipped'] as number) >= 16 * (some[0]?.['left_out'] as number), 'a rollout that is left out went through the gradient')
  })

  test('ends when it is told to', async () => is((await lines(`${rollout(0)}\n  until = clock.steps >= 3 steps and metrics.length_p90 > 0`)).length, 3))

  test('interrupted, it ends with the same bytes', async () => {
    const plan = await planOfSpec(spec(rollout(2), 5))
    const weights = await inHome(async (home, run) => {
      is((await run(plan)).result.outcome, 'done')
      return weightsOf(home, plan, 'practice', 'policy')
    })
    await inHome(async (home, run) => {
      is((await interrupted(run, plan, 3)).result.outcome, 'done')
      is(weightsOf(home, plan, 'practice', 'policy'), weights)
    })
  })

  test('with tools it says that it has none', () =>
    inHome(async (_, run) => {
      const { result } = await run(await planOfSpec(spec(`${rollout(0)}\n  tools { available = [{ open = "a", close = "b", before = "", after = "", run = "arithmetic" }], most = 1 }`)))
      is(result.stages[0]?.error?.code, 'RLP8012', JSON.stringify(result.stages))
    }))
})
