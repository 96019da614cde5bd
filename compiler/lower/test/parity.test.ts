// Objectives of the standard library against the recorded numbers of TRL and verl (`compiler/test/data/parity.json`).
// Each family of cases is one row: which functions of ours mean the same, and how the inputs correspond.

import { readFileSync } from 'node:fs'
import { equal, near, suite } from '../../../spec/test/suite.js'
import type { ClosureValue, CompileValue } from '../../elaborate/value.js'
import { lowerObjective } from '../objective.js'
import { closure, modulesOf, noConstants, number, range, run } from './harness.js'

type Table = (number | 'NaN')[][]
interface Case {
  readonly family: string
  readonly name: string
  readonly system: string
  readonly precision: 32 | 64
  readonly options: Readonly<Record<string, number | string | number[]>>
  readonly inputs: Readonly<Record<string, number[] | Table>>
  readonly outputs: Readonly<Record<string, number | number[] | number[][]>>
  readonly gradients: Readonly<Record<string, number[][]>>
}
const cases = JSON.parse(readFileSync(new URL('../../test/data/parity.json', import.meta.url), 'utf8')) as Case[]

const modules = modulesOf(`rlp 1
import * as advantages from "std/advantages"
import * as losses from "std/losses"
import * as aggregations from "std/aggregations"
import * as sft from "std/sft"
fn itself(logp: Real per token): Real per token = logp
fn total(loss: Real per token): Real = sum(loss, over = batch)
fn unused() = [advantages.plain, losses.k3, aggregations.token_mean, sft.nll]
`)
type Bound = Readonly<Record<string, CompileValue>>
const std = (module: string, name: string, bound: Bound = {}): ClosureValue => closure(modules.get(`std/${module}`), name, bound)
const own = (name: string): ClosureValue => closure(modules.get('main.rlp'), name)

interface Setting {
  readonly levels?: readonly string[]
  readonly advantage?: ClosureValue
  readonly loss: ClosureValue
  readonly aggregate: ClosureValue
  readonly sizes: Readonly<Record<string, number>>
  readonly feeds: Readonly<Record<string, readonly number[]>>
  /** What of the original the fetches of ours must equal. */
  readonly expected: Readonly<Partial<Record<'advantage' | 'loss' | 'dlogp', readonly number[]>>>
}

const numbers = (table: Table | number[][]): number[] => table.flat().map(Number)
const input = (c: Case, name: string): number[] => numbers(c.inputs[name] as Table)
const option = (c: Case, name: string, fallback = 0): number => Number(c.options[name] ?? fallback)
const shape = (c: Case, name: string): { N: number; T: number } => ({ N: (c.inputs[name] as Table).length, T: (c.inputs[name] as Table)[0]?.length ?? 0 })
const equalGroups = (c: Case): { G: number; N: number } => {
  const groups = c.inputs['group'] as number[]
  const G = new Set(groups).size
  return { G, N: groups.length / G }
}

/** An advantage: one token a rollout, as it does not look at tokens. */
function advantageSetting(c: Case, advantage: ClosureValue, reward: readonly number[], expected: readonly number[]): Setting {
  const { G, N } = equalGroups(c)
  return { advantage, loss: std('losses', 'policy_gradient'), aggregate: std('aggregations', 'token_mean'), sizes: { G, N, T: 1 }, feeds: { reward, mask: reward.map(() => 1) }, expected: { advantage: expected } }
}

const aggregation = (c: Case, mode: string, length: number): ClosureValue => {
  const names: Readonly<Record<string, string>> = { grpo: 'sequence_mean', 'seq-mean-token-mean': 'sequence_mean', bnpo: 'token_mean', 'token-mean': 'token_mean', dr_grpo: 'constant_length', 'seq-mean-token-sum-norm': 'constant_length' }
  const name = names[mode]
  if (!name) throw new Error(`${c.name}: ${mode}`)
  return std('aggregations', name, name === 'constant_length' ? { length: number(length) } : {})
}

const families: Readonly<Record<string, (c: Case) => Setting>> = {
  'trl-grpo-advantages': (c) => {
    const weights = (c.options['reward_weights'] as number[] | undefined) ?? []
    // "NaN": that function did not apply; it leaves the sum.
    const reward = (c.inputs['rewards_per_func'] as Table).map((row) => row.reduce<number>((sum, r, i) => (r === 'NaN' ? sum : sum + r * (weights[i] ?? 1)), 0))
    return advantageSetting(c, std('advantages', c.options['scale_rewards'] === 'group' ? 'group_relative' : 'group_centred'), reward, c.outputs['advantages'] as number[])
  },
  'verl-advantages-outcome': (c) => {
    const reward = (c.inputs['token_level_rewards'] as number[][]).map((row) => row.reduce((a, b) => a + b, 0))
    const advantage = c.options['adv_estimator'] === 'rloo' ? std('advantages', 'leave_one_out') : std('advantages', 'group_relative', { eps: number(1e-6) })
    return advantageSetting(c, advantage, reward, (c.outputs['advantages'] as number[][]).map((row) => row[0] as number))
  },
  'trl-grpo-loss': (c) => {
    const clip = { clip: range(option(c, 'epsilon'), option(c, 'epsilon_high')) }
    const beta = option(c, 'beta')
    return {
      advantage: std('advantages', 'plain'),
      loss: beta === 0 ? std('losses', 'clipped', clip) : std('losses', 'clipped_with_kl', { ...clip, kl: number(beta) }),
      aggregate: aggregation(c, String(c.options['loss_type']), option(c, 'max_completion_length')),
      sizes: { G: 1, ...shape(c, 'per_token_logps') },
      feeds: {
        mask: input(c, 'completion_mask'),
        logp: input(c, 'per_token_logps'),
        old_logp: input(c, 'old_per_token_logps'),
        ref_logp: c.inputs['ref_per_token_logps'] ? input(c, 'ref_per_token_logps') : [],
        reward: c.inputs['advantages'] as number[],
      },
      expected: { loss: [c.outputs['loss'] as number], dlogp: numbers(c.gradients['per_token_logps'] as number[][]) },
    }
  },
  'verl-policy-loss': (c) => {
    const sizes = shape(c, 'log_prob')
    return {
      advantage: std('advantages', 'plain'),
      loss: std('losses', 'clipped', { clip: range(option(c, 'clip_ratio_low'), option(c, 'clip_ratio_high')) }),
      aggregate: aggregation(c, String(c.options['loss_agg_mode']), sizes.T),
      sizes: { G: 1, ...sizes },
      feeds: { mask: input(c, 'response_mask'), logp: input(c, 'log_prob'), old_logp: input(c, 'old_log_prob'), reward: (c.inputs['advantages'] as number[][]).map((row) => row[0] as number) },
      expected: { loss: [c.outputs['loss'] as number], dlogp: numbers(c.gradients['log_prob'] as number[][]) },
    }
  },
  'verl-kl': (c) => {
    const logp = input(c, 'logprob')
    const kl = numbers(c.outputs['kl'] as number[][])
    return {
      advantage: std('advantages', 'plain'),
      loss: std('losses', 'k3'),
      aggregate: own('total'),
      sizes: { G: 1, ...shape(c, 'logprob') },
      feeds: { mask: logp.map(() => 1), logp, ref_logp: input(c, 'ref_logprob'), reward: (c.inputs['logprob'] as Table).map(() => 0) },
      expected: { loss: [kl.reduce((a, b) => a + b, 0)], dlogp: numbers(c.gradients['logprob'] as number[][]) },
    }
  },
  'verl-aggregation': (c) => ({
    advantage: std('advantages', 'plain'),
    loss: own('itself'),
    aggregate: aggregation(c, String(c.options['loss_agg_mode']), option(c, 'loss_scale_factor')),
    sizes: { G: 1, ...shape(c, 'loss_mat') },
    feeds: { mask: input(c, 'loss_mask'), logp: input(c, 'loss_mat'), reward: (c.inputs['loss_mat'] as number[][]).map(() => 0) },
    expected: { loss: [c.outputs['loss'] as number], dlogp: numbers(c.gradients['loss_mat'] as number[][]) },
  }),
  'trl-sft': (c) => {
    const [logits, labels] = [c.inputs['logits'] as unknown as number[][][], c.inputs['labels'] as number[][]]
    const [N, T] = [labels.length, (labels[0] as number[]).length - 1]
    // Position t predicts label t + 1; −100 is not learned.
    const at = labels.flatMap((row, n) => row.slice(1).map((label, t) => ({ label, row: (logits[n] as number[][])[t] as number[] })))
    const logp = at.map(({ label, row }) => (label < 0 ? 0 : (row[label] as number) - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0))))
    return {
      levels: ['token', 'sample', 'batch'],
      loss: std('sft', String(c.options['loss_type'])),
      aggregate: std('sft', 'supervised_mean'),
      sizes: { N, T },
      feeds: { mask: at.map(({ label }) => (label < 0 ? 0 : 1)), logp },
      expected: { loss: [c.outputs['loss'] as number] },
    }
  },
}

suite('objectives against TRL and verl', (test) => {
  test('every family is recorded', () => equal([...new Set(cases.map(({ family }) => family))].sort(), Object.keys(families).sort()))

  for (const c of cases) {
    test(`${c.system} ${c.name}`, async () => {
      const { levels = ['token', 'rollout', 'group', 'batch'], advantage, loss, aggregate, sizes, feeds, expected } = (families[c.family] as (c: Case) => Setting)(c)
      const { lowered, diagnostics } = lowerObjective({ levels, advantage, loss, aggregate, reference: true }, noConstants)
      equal(diagnostics.map(({ title }) => title), [])
      if (!lowered) return
      // verl adds 1e-8 to the counts that it divides by.
      const rtol = c.precision === 32 ? 1e-5 : c.system.startsWith('verl') ? 2e-8 : 1e-10
      const found = { ...(await run(lowered.weigh, sizes, feeds)), ...(expected.loss ? await run(lowered.measure, sizes, feeds) : {}) }
      for (const [name, values] of Object.entries(expected)) near(found[name] as number[], values, { rtol, atol: c.precision === 32 ? 1e-6 : 1e-9, what: name })
    })
  }
})
