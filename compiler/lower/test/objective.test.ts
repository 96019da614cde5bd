// The objectives of the standard library against formulas written out by hand in float64, and gradients against finite differences.

import { equal, is, near, ok, suite } from '../../../spec/test/suite.js'
import type { ClosureValue } from '../../elaborate/value.js'
import { lowerObjective, type LoweredObjective } from '../objective.js'
import { closure, feedsOf, modulesOf, noConstants, number, range, run } from './harness.js'

const modules = modulesOf(`rlp 1
import * as advantages from "std/advantages"
import * as losses from "std/losses"
import * as aggregations from "std/aggregations"
import * as sft from "std/sft"
import * as trl from "std/presets/trl-1.13"

fn entropy_bonus(logp: Real per token, entropy: Real per token, advantage: Real per rollout): Real per token =
  -advantage * logp - 0.01 * entropy
fn by_length(reward: Real per rollout, length: Real per rollout): Real per rollout = reward / max(length, 1)
fn cosine(reward: Real per rollout, length: Real per rollout): Real per rollout = trl.cosine_scaled_reward(where(reward > 1, 1, 0), length, max_len = 4)
fn detached(logp: Real per token): Real per token = stop_gradient(logp)
fn one_each(advantage: Real per rollout): Real per token = advantage
fn rollout_only(loss: Real per token): Real per rollout = mean(loss, over = rollout)
fn sequence_ratio(logp: Real per token, old_logp: Real per token, advantage: Real per rollout, clip: Range[Real]): Real per token {
  let ratio = exp(mean(logp - old_logp, over = rollout))
  where(advantage >= 0, -advantage * min(ratio, 1 + clip.high), if ratio in 0.9..1.1 then -advantage * ratio else losses.policy_gradient(logp, advantage))
}
fn unused() = [advantages.plain, aggregations.token_mean, sft.nll]
`)
const from = (module: string, name: string, bound = {}): ClosureValue => closure(modules.get(module), name, bound)
const own = (name: string, bound = {}): ClosureValue => from('main.rlp', name, bound)

const GRPO = ['token', 'rollout', 'group', 'batch']
const SFT = ['token', 'sample', 'batch']

const [G, N, T] = [2, 3, 4]
const sizes = { G, N, T }
/** Rollouts of 4, 2, 0, 3, 1 and 4 counted tokens; NaN where nothing counts, which must never be seen. */
const lengths = [4, 2, 0, 3, 1, 4]
const mask = lengths.flatMap((n) => Array.from({ length: T }, (_, t) => (t < n ? 1 : 0)))
const wave = (scale: number, shift: number): number[] => mask.map((m, i) => (m ? shift + scale * Math.sin(1 + 3.7 * i) : NaN))
const feeds = {
  mask,
  logp: wave(0.6, -1),
  old_logp: wave(0.5, -0.9),
  ref_logp: wave(0.4, -1.2),
  entropy: wave(0.3, 0.8),
  reward: [1, 0, 0.5, -1, 2, 0.25],
}

function lower(loss: ClosureValue, aggregate: ClosureValue, advantage?: ClosureValue, { levels = GRPO, reference = true } = {}): LoweredObjective {
  const { lowered, diagnostics } = lowerObjective({ levels, advantage, loss, aggregate, reference }, noConstants)
  if (!lowered) throw new Error(diagnostics.map(({ code, title }) => `${code} ${title}`).join('\n'))
  return lowered
}

const mistakes = (loss: ClosureValue, aggregate: ClosureValue, advantage?: ClosureValue, reference = true): string[] =>
  lowerObjective({ levels: GRPO, advantage, loss, aggregate, reference }, noConstants).diagnostics.map(({ code }) => code)

/** By hand: [G·N][counted tokens] of a feed. */
const rows = (values: readonly number[]): number[][] => lengths.map((n, row) => values.slice(row * T, row * T + n))
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const average = (values: readonly number[]): number => sum(values) / Math.max(values.length, 1)
const groups = (values: readonly number[]): number[][] => Array.from({ length: G }, (_, g) => values.slice(g * N, (g + 1) * N))

const advantages: Readonly<Record<string, (group: number[]) => number[]>> = {
  group_relative: (r) => r.map((x) => (x - average(r)) / (Math.sqrt(sum(r.map((y) => (y - average(r)) ** 2)) / (r.length - 1)) + 1e-4)),
  group_centred: (r) => r.map((x) => x - average(r)),
  leave_one_out: (r) => r.map((x, i) => x - average(r.filter((_, j) => j !== i))),
  plain: (r) => r,
}

interface Token { readonly logp: number; readonly old: number; readonly ref: number; readonly advantage: number }
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)
const clipped = ({ logp, old, advantage }: Token): number => Math.max(-advantage * Math.exp(logp - old), -advantage * clamp(Math.exp(logp - old), 0.8, 1.28))
const k3 = ({ logp, ref }: Token): number => Math.exp(ref - logp) - (ref - logp) - 1
const losses: Readonly<Record<string, { bound: Record<string, ReturnType<typeof number>>; value: (token: Token) => number }>> = {
  policy_gradient: { bound: {}, value: ({ logp, advantage }) => -advantage * logp },
  clipped: { bound: { clip: range(0.2, 0.28) }, value: clipped },
  k3: { bound: {}, value: k3 },
  clipped_with_kl: { bound: { clip: range(0.2, 0.28), kl: number(0.04) }, value: (token) => clipped(token) + 0.04 * k3(token) },
}

const aggregations: Readonly<Record<string, { bound: Record<string, ReturnType<typeof number>>; value: (loss: number[][]) => number }>> = {
  token_mean: { bound: {}, value: (loss) => average(loss.flat()) },
  sequence_mean: { bound: {}, value: (loss) => average(loss.map(average)) },
  constant_length: { bound: { length: number(80, 'tokens') }, value: (loss) => average(loss.map((row) => sum(row) / 80)) },
}

const loss = async (lowered: LoweredObjective, given: Record<string, readonly number[]>, bindings: Record<string, number> = sizes): Promise<number> => (await run(lowered.measure, bindings, given))['loss']?.[0] as number

/** dlogp or dentropy against central differences of the measured loss; 0 where nothing counts. */
async function checkGradient(lowered: LoweredObjective, name: 'logp' | 'entropy', given: Record<string, readonly number[]> = feeds, bindings: Record<string, number> = sizes): Promise<void> {
  const exact = (await run(lowered.weigh, bindings, given))[`d${name}`] as number[]
  const h = 1e-5
  for (const [i, counted] of (given['mask'] as number[]).entries()) {
    const moved = (by: number) => loss(lowered, { ...given, [name]: (given[name] as number[]).map((x, j) => (i === j ? x + by : x)) }, bindings)
    const difference = counted ? ((await moved(h)) - (await moved(-h))) / (2 * h) : 0
    near(exact[i] as number, difference, { rtol: 1e-6, atol: 1e-9, what: `d${name}[${i}]` })
  }
}

suite('objectives of the standard library', (test) => {
  for (const [name, byHand] of Object.entries(advantages)) {
    test(`advantage ${name}`, async () => {
      const { weigh } = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'token_mean'), from('std/advantages', name))
      near((await run(weigh, sizes, feeds))['advantage'] as number[], groups(feeds.reward).flatMap(byHand), { rtol: 1e-12 })
    })
  }

  for (const [name, { bound, value }] of Object.entries(losses)) {
    for (const [aggregation, aggregate] of Object.entries(aggregations)) {
      test(`loss ${name}, ${aggregation}`, async () => {
        const lowered = lower(from('std/losses', name, bound), from('std/aggregations', aggregation, aggregate.bound), from('std/advantages', 'group_centred'))
        const a = groups(feeds.reward).flatMap(advantages['group_centred'] as (r: number[]) => number[])
        const [logp, old, ref] = [rows(feeds.logp), rows(feeds.old_logp), rows(feeds.ref_logp)]
        const byHand = logp.map((row, i) => row.map((x, t) => value({ logp: x, old: old[i]?.[t] as number, ref: ref[i]?.[t] as number, advantage: a[i] as number })))
        near(await loss(lowered, feeds), aggregate.value(byHand), { rtol: 1e-12 })
        await checkGradient(lowered, 'logp')
      })
    }
  }

  test('supervised losses and their means', async () => {
    const given = { mask: mask.slice(0, 12), logp: feeds.logp.slice(0, 12) }
    const bindings = { N: 3, T: 4 }
    const counted = rows(feeds.logp).slice(0, 3)
    for (const [name, value] of [['nll', (x: number) => -x], ['dft', (x: number) => -Math.exp(x) * x]] as const) {
      for (const [aggregation, bound, mean] of [
        ['supervised_mean', {}, (all: number[][]) => average(all.flat())],
        ['mean_of_samples', {}, (all: number[][]) => average(all.map(average))],
        ['constant_tokens', { length: number(16, 'tokens') }, (all: number[][]) => average(all.map((row) => sum(row) / 16))],
      ] as const) {
        const lowered = lower(from('std/sft', name), from('std/sft', aggregation, bound), undefined, { levels: SFT })
        near(await loss(lowered, given, bindings), mean(counted.map((row) => row.map(value))), { rtol: 1e-12, what: `${name} ${aggregation}` })
        if (name === 'nll') await checkGradient(lowered, 'logp', given, bindings)
      }
    }
    // The weight of dynamic fine-tuning is a constant: its gradient is −exp(logp)/n, not that of the product.
    const dft = lower(from('std/sft', 'dft'), from('std/sft', 'supervised_mean'), undefined, { levels: SFT })
    near((await run(dft.weigh, bindings, given))['dlogp'] as number[], given.logp.map((x, i) => (given.mask[i] ? -Math.exp(x) / 6 : 0)), { rtol: 1e-12 })
  })
})

suite('weigh and measure', (test) => {
  test('name only the feeds that they need', () => {
    const advantage = from('std/advantages', 'group_relative')
    const reinforce = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'constant_length', { length: number(80) }), advantage)
    equal(feedsOf(reinforce.weigh), ['mask', 'reward'])
    equal(feedsOf(reinforce.measure), ['logp', 'mask', 'reward'])
    equal(feedsOf(lower(from('std/sft', 'nll'), from('std/sft', 'supervised_mean'), undefined, { levels: SFT }).weigh), ['mask'])
    equal(feedsOf(lower(from('std/losses', 'clipped'), from('std/aggregations', 'token_mean'), advantage).weigh), ['logp', 'mask', 'old_logp', 'reward'])
    const full = lower(from('std/losses', 'clipped_with_kl', { kl: number(0.1) }), from('std/aggregations', 'sequence_mean'), advantage)
    equal([...full.reads].sort(), ['logp', 'mask', 'old_logp', 'ref_logp', 'reward'])
  })

  test('a loss that reads the entropy gets its gradient', async () => {
    const lowered = lower(own('entropy_bonus'), from('std/aggregations', 'token_mean'), from('std/advantages', 'plain'))
    is(lowered.usesEntropy, true)
    await checkGradient(lowered, 'logp')
    await checkGradient(lowered, 'entropy')
    is(lower(own('sequence_ratio', { clip: range(0.1, 0.1) }), from('std/aggregations', 'token_mean'), from('std/advantages', 'plain')).usesEntropy, false)
  })

  test('own functions: ratios of sequences, where, if, in, calls of other modules', async () => {
    const lowered = lower(own('sequence_ratio', { clip: range(0.1, 0.15) }), from('std/aggregations', 'sequence_mean'), from('std/advantages', 'group_centred'))
    await checkGradient(lowered, 'logp')
  })

  test('an advantage may use the length of its rollout', async () => {
    const { weigh } = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'token_mean'), own('by_length'))
    near((await run(weigh, sizes, feeds))['advantage'] as number[], feeds.reward.map((r, i) => r / Math.max(lengths[i] as number, 1)))
  })

  test('an advantage may weigh the terms of the reward by themselves', async () => {
    const { weigh } = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'token_mean'), from('std/advantages', 'decoupled'))
    equal(feedsOf(weigh), ['mask', 'rewards'])
    const terms = [feeds.reward, feeds.reward.map((r, i) => (i % 2 ? 10 * r : 1))]
    const standardised = (r: readonly number[]): number[] => groups(r).flatMap((group) => group.map((x) => (x - average(group)) / (Math.sqrt(sum(group.map((y) => (y - average(group)) ** 2)) / (N - 1)) + 1e-4)))
    const total = terms.map(standardised).reduce((a, b) => a.map((x, i) => x + (b[i] as number)))
    const spread = Math.sqrt(sum(total.map((x) => (x - average(total)) ** 2)) / (total.length - 1))
    const given = { ...feeds, rewards: feeds.reward.flatMap((_, i) => terms.map((term) => term[i] as number)) }
    near((await run(weigh, { ...sizes, R: 2 }, given))['advantage'] as number[], total.map((x) => (x - average(total)) / (spread + 1e-4)))
  })

  test('an aggregation may take a bonus for entropy from the loss, whatever the loss is divided by', async () => {
    const aggregate = from('std/aggregations', 'with_entropy_bonus', { coefficient: number(0.1), aggregate: from('std/aggregations', 'sequence_mean') })
    const { weigh, usesEntropy } = lower(from('std/losses', 'policy_gradient'), aggregate, from('std/advantages', 'plain'))
    is(usesEntropy, true)
    near((await run(weigh, sizes, feeds))['dentropy'] as number[], mask.map((m) => (-0.1 * m) / sum(lengths)))
  })

  test('an aggregation may leave out groups that fared alike', async () => {
    const lowered = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'varied_token_mean'), from('std/advantages', 'group_centred'))
    const [reward, logp] = [[2, 2, 2, 0, 1, 0], rows(feeds.logp)]
    const a = groups(reward).flatMap(advantages['group_centred'] as (r: number[]) => number[])
    // The first group is flat, whose tokens count neither above nor below the line.
    const byHand = logp.map((row, i) => row.map((x) => -(a[i] as number) * x)).slice(N)
    near(await loss(lowered, { ...feeds, reward }), average(byHand.flat()), { rtol: 1e-12 })
    await checkGradient(lowered, 'logp', { ...feeds, reward })
    is(await loss(lowered, { ...feeds, reward: reward.map(() => 1) }), 0)
  })

  test('a reward that depends on length: TRL\'s cosine schedule at its own examples', async () => {
    const { weigh } = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'token_mean'), own('cosine'))
    // Right and wrong at the longest, half and no length (the docstring of `get_cosine_scaled_reward` has 0.75 and -0.75 at half).
    const at = (right: boolean, length: number): number => (right ? 0.75 + 0.25 * Math.cos((Math.PI * length) / 4) : -0.75 - 0.25 * Math.cos((Math.PI * length) / 4))
    near((await run(weigh, sizes, { ...feeds, reward: [2, 2, 0, 0, 2, 0] }))['advantage'] as number[], lengths.map((length, i) => at([0, 1, 4].includes(i), length)))
  })

  test('weights do not change when rows without weight are dropped from the batch', async () => {
    // The runtime trains only on rows whose dlogp is not zero: the rest of the gradient must be absolute.
    const { weigh } = lower(from('std/losses', 'policy_gradient'), from('std/aggregations', 'token_mean'), from('std/advantages', 'group_centred'))
    const even = { ...feeds, reward: [1, 0, 0.5, 2, 2, 2] }
    const dlogp = (await run(weigh, sizes, even))['dlogp'] as number[]
    ok(dlogp.slice(N * T).every((x) => x === 0))
    near(dlogp[0] as number, -0.5 / sum(lengths))
  })

  test('of a divided batch the advantage is that of the whole, in every part', async () => {
    const functions = { levels: GRPO, advantage: from('std/advantages', 'batch_scaled'), loss: from('std/losses', 'clipped'), aggregate: from('std/aggregations', 'sequence_mean'), reference: false }
    const whole = lowerObjective(functions, noConstants).lowered as LoweredObjective
    const divided = lowerObjective({ ...functions, divided: true }, noConstants).lowered as LoweredObjective
    equal(feedsOf(whole.measure).filter((name) => name.startsWith('reward') || name === 'advantage'), ['reward'])
    equal(feedsOf(divided.measure).filter((name) => name.startsWith('reward') || name === 'advantage'), ['advantage'])
    equal(feedsOf(divided.advantage as NonNullable<typeof divided.advantage>), ['reward'])
    const { advantage } = await run(divided.advantage as NonNullable<typeof divided.advantage>, sizes, feeds)
    const { reward } = feeds
    const average = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length
    const deviation = Math.sqrt(reward.reduce((sum, x) => sum + (x - average(reward)) ** 2, 0) / (reward.length - 1))
    near(advantage as number[], reward.map((x, i) => (x - average(reward.slice(i < N ? 0 : N, i < N ? N : 2 * N))) / (deviation + 1e-4)), { rtol: 1e-12 })
    // One group at a time: the mean of the parts is the whole, and so is the gradient.
    const parts = await Promise.all([0, 1].map(async (g) => {
      const part = { ...Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, values.slice(g * N * T, (g + 1) * N * T)])), advantage: (advantage as number[]).slice(g * N, (g + 1) * N) }
      return { ...(await run(divided.weigh, { ...sizes, G: 1 }, part)), ...(await run(divided.measure, { ...sizes, G: 1 }, part)) }
    }))
    near(average(parts.map(({ loss }) => loss?.[0] as number)), (await run(whole.measure, sizes, feeds))['loss']?.[0] as number, { rtol: 1e-12 })
    near(parts.flatMap(({ dlogp }) => (dlogp as number[]).map((each) => each / 2)), (await run(whole.weigh, sizes, feeds))['dlogp'] as number[], { rtol: 1e-12 })
  })

  test('mistakes that only the evaluation shows', () => {
    const [advantage, mean] = [from('std/advantages', 'plain'), from('std/aggregations', 'token_mean')]
    equal(mistakes(own('detached'), mean, advantage), ['RLP5108'])
    equal(mistakes(own('one_each'), mean, advantage), ['RLP5108'])
    equal(mistakes(from('std/losses', 'clipped_with_kl', { kl: number(0.1) }), mean, advantage, false), ['RLP5106'])
    equal(mistakes(from('std/losses', 'clipped_with_kl'), mean, advantage), ['RLP5105'])
    equal(mistakes(from('std/losses', 'policy_gradient'), own('rollout_only'), advantage), ['RLP5104'])
    equal(mistakes(from('std/losses', 'policy_gradient'), from('std/sft', 'mean_of_samples'), advantage), ['RLP5104'])
  })
})
