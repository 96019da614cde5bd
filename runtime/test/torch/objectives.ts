// Objectives of the standard library, lowered, with feeds: what the tests of printed PyTorch print and run.
// Not a test itself.

import { closure, modulesOf, noConstants, number, range } from '../../../compiler/lower/test/harness.js'
import { lowerObjective, type LoweredObjective } from '../../../compiler/lower/objective.js'
import type { TensorData } from '../../executors/executor.js'

const modules = modulesOf(`rlp 1
import * as advantages from "std/advantages"
import * as losses from "std/losses"
import * as aggregations from "std/aggregations"
import * as sft from "std/sft"

/// GSPO's sequence-level ratio (arXiv 2507.18071, eq. 6), with an entropy bonus.
fn sequence_ratio(logp: Real per token, old_logp: Real per token, entropy: Real per token, advantage: Real per rollout, clip: Range[Real]): Real per token {
  let ratio = exp(mean(logp - old_logp, over = rollout))
  max(-advantage * ratio, -advantage * clamp(ratio, 1 - clip.low, 1 + clip.high)) - 0.01 * entropy
}
fn unused() = [advantages.plain, losses.k3, aggregations.token_mean, sft.nll]
`)
type Bound = Parameters<typeof closure>[2]
const std = (module: string, name: string, bound: Bound = {}) => closure(modules.get(`std/${module}`), name, bound)

export interface PrintedObjective {
  readonly name: string
  readonly doc: string
  readonly lowered: LoweredObjective
  readonly sizes: Readonly<Record<string, number>>
  readonly feeds: Readonly<Record<string, TensorData>>
}

const ROLLOUTS = ['token', 'rollout', 'group', 'batch']
const SAMPLES = ['token', 'sample', 'batch']
const clip = { clip: range(0.2, 0.28) }

type Parts = Omit<Parameters<typeof lowerObjective>[0], 'levels' | 'reference' | 'advantage'> & { readonly advantage?: ReturnType<typeof std> }
const table: readonly (readonly [string, string, readonly string[], Parts])[] = [
  ['grpo', 'GRPO: group-relative advantage, clipped surrogate with a k3 penalty, mean of sequence means.', ROLLOUTS, { advantage: std('advantages', 'group_relative'), loss: std('losses', 'clipped_with_kl', { ...clip, kl: number(0.04) }), aggregate: std('aggregations', 'sequence_mean') }],
  ['dapo', 'DAPO: clip-higher, mean over tokens.', ROLLOUTS, { advantage: std('advantages', 'group_relative'), loss: std('losses', 'clipped', clip), aggregate: std('aggregations', 'token_mean') }],
  ['dr_grpo', 'Dr. GRPO: centred advantage, constant length.', ROLLOUTS, { advantage: std('advantages', 'group_centred'), loss: std('losses', 'clipped'), aggregate: std('aggregations', 'constant_length', { length: number(80, 'tokens') }) }],
  ['rloo', 'RLOO: leave-one-out advantage, policy gradient.', ROLLOUTS, { advantage: std('advantages', 'leave_one_out'), loss: std('losses', 'policy_gradient'), aggregate: std('aggregations', 'sequence_mean') }],
  ['k3', 'The k3 estimate of KL alone.', ROLLOUTS, { advantage: std('advantages', 'plain'), loss: std('losses', 'k3'), aggregate: std('aggregations', 'token_mean') }],
  ['sequence_ratio', 'A ratio of sequences, with an entropy bonus.', ROLLOUTS, { advantage: std('advantages', 'group_centred'), loss: closure(modules.get('main.rlp'), 'sequence_ratio', clip), aggregate: std('aggregations', 'sequence_mean') }],
  ['nll', 'Negative log-likelihood of samples.', SAMPLES, { loss: std('sft', 'nll'), aggregate: std('sft', 'supervised_mean') }],
  ['dft', 'Dynamic fine-tuning.', SAMPLES, { loss: std('sft', 'dft'), aggregate: std('sft', 'mean_of_samples') }],
]

const [G, N, T] = [2, 3, 4]
/** Counted tokens of each rollout; what stands behind them is NaN and must never be seen. */
const lengths = [4, 2, 0, 3, 1, 4]
const mask = lengths.flatMap((n) => Array.from({ length: T }, (_, t) => (t < n ? 1 : 0)))
const wave = (scale: number, shift: number): number[] => mask.map((m, i) => (m === 1 ? shift + scale * Math.sin(1 + 3.7 * i) : NaN))
const feeds = { mask, logp: wave(0.6, -1), old_logp: wave(0.5, -0.9), ref_logp: wave(0.4, -1.2), entropy: wave(0.3, 0.8), reward: [1, 0, 0.5, -1, 2, 0.25] }

export const objectives: readonly PrintedObjective[] = table.map(([name, doc, levels, parts]) => {
  const { lowered, diagnostics } = lowerObjective({ levels, reference: true, advantage: undefined, ...parts }, noConstants)
  if (!lowered) throw new Error(`${name}: ${diagnostics.map(({ title }) => title).join('; ')}`)
  const rollouts = levels === ROLLOUTS
  const given = Object.entries(feeds).map(([feed, values]) => [feed, Float64Array.from(rollouts ? values : values.slice(0, N * T))] as const)
  return { name, doc, lowered, sizes: { ...(rollouts ? { G } : {}), N, T }, feeds: Object.fromEntries(given) }
})
