// One batch of experience for policy optimisation: prompts rolled out in groups, scored, and what updates need to know of them.
// Does not learn from it: updates are in `grpo.ts`.

import type { Bindings } from '../../executors/executor.js'
import { randomKey } from '../../random.js'
import { frameRollout, type Sequence } from '../../tokenizer/framing.js'
import type { Actors } from './actors.js'
import { number } from './attributes.js'
import { grid, gridWidth, maskGrid, type Grid } from './batching.js'
import type { Drawn } from './course.js'
import { sequenceExamples } from './examples.js'
import { completionsOf } from './looking.js'
import type { Policy } from './policy.js'
import { promptTokens } from './prompts.js'
import { meanOf, problemsOf, sampleOf, termMeans, termValues } from './reward.js'
import { rollOut } from './rollout.js'
import type { Metrics, StageRun } from './stage.js'

/** About so many times in a stage some rollouts are kept for people to read. */
const SAMPLED_BATCHES = 20

export interface Experience {
  /** Rollouts group by group, each behind its prompt. */
  readonly sequences: readonly Sequence[]
  readonly rewards: Float64Array
  /** The terms behind each, in the order they are written; measures are not among them. */
  readonly terms: readonly Float64Array[]
  /** The term that leaves rollouts out of the loss where it is at least 1; zeros without one. */
  readonly leftOut: Float64Array
  /** Log-probabilities when the rollouts were drawn, and those of the reference policy. */
  readonly oldLogp: Grid
  readonly refLogp: Grid | undefined
  /** What the program `advantage` makes of the whole batch; absent when each update computes its own. */
  readonly advantages: Float64Array | undefined
  readonly metrics: Metrics
}

/** Roll out every prompt `size` times and score what came. `batch` counts such batches from 0. */
export async function gather(run: StageRun, { policy, frozen, rewarder }: Actors, drawn: readonly Drawn[], size: number, batch: number, temperature: number): Promise<Experience> {
  const { stage } = run
  const maxNew = number(stage, 'rollout.max_new')
  const prompts = drawn.flatMap((one, group) => {
    const tokens = promptTokens(policy, one, maxNew)
    return Array.from({ length: size }, (_, n) => ({ tokens, row: (batch * drawn.length + group) * size + n }))
  })
  const key = randomKey(stage.seed, stage.fingerprint, 'rollout')
  const rollouts = await rollOut(policy, prompts, { maxNew, temperature, key, report: (done) => run.tick('rollouts', done, prompts.length) })
  const rowOf = (i: number) => drawn[Math.floor(i / size)] as Drawn
  const completions = await completionsOf(run, policy, rollouts.map((rollout, i) => ({ prompt: (prompts[i] as { tokens: number[] }).tokens, rollout, place: rowOf(i).place })))
  const items = completions.map((completion, i) => ({ ...rowOf(i), completion }))
  const scored = await rewarder.score(items, batch * number(stage, 'update.passes') * number(stage, 'update.splits'))
  const { total } = scored

  const sequences = rollouts.map((rollout, i) => frameRollout((prompts[i] as { tokens: number[] }).tokens, rollout.tokens))
  const width = gridWidth(sequences, policy.sizes)
  const oldLogp = grid(sequences.length, width)
  rollouts.forEach(({ logp }, i) => oldLogp.values.set(logp, i * width + (sequences[i] as Sequence).prompt - 1))
  const refLogp = frozen && (await frozen.score(sequenceExamples(sequences, policy.layout(sequences.length)), [...sequences.keys()], temperature)).logp

  if (batch % Math.max(1, Math.floor(batches(run) / SAMPLED_BATCHES)) === 0) items.slice(0, size).forEach((item, i) => run.sample(sampleOf(item, scored, i)))
  const mean = meanOf(total)
  const lengths = items.map(({ completion }) => completion.tokens)
  const metrics = {
    reward: mean,
    reward_std: Math.sqrt(meanOf(total.map((value) => (value - mean) ** 2))),
    terms: termMeans(scored),
    ...(size > 1 ? { flat_groups: meanOf(drawn.map((_, group) => Number(isFlat(total.subarray(group * size, (group + 1) * size))))) } : {}),
    length: meanOf(lengths),
    length_max: Math.max(...lengths),
    finished: meanOf(items.map(({ completion }) => Number(completion.finished))),
    ...(refLogp ? { kl: klOf(sequences, oldLogp, refLogp) } : {}),
    ...problemsOf(scored),
  }
  const terms = scored.objectives
  const advantages = await advantagesOf(policy, sequences, { G: drawn.length, N: size, T: width, R: terms.length }, total, terms)
  const left = stage.inputs['left_out'] ?? null
  const leftOut = left === null ? new Float64Array(sequences.length) : termValues(scored, left)
  return { sequences, rewards: total, terms, leftOut, oldLogp, refLogp, advantages, metrics }
}

/** Terms as one number for each of a sequence, in the order of `chosen`. */
export const termsOf = (terms: readonly Float64Array[], chosen: readonly number[]): Float64Array => Float64Array.from(chosen.flatMap((i) => terms.map((term) => term[i] as number)))

/** Compared over all that was rolled out together, as TRL and verl do, however many updates it is cut into. */
export async function advantagesOf({ programs }: Policy, sequences: readonly Sequence[], sizes: Bindings, reward: Float64Array, terms: readonly Float64Array[]): Promise<Float64Array | undefined> {
  if (!programs.has('advantage')) return undefined
  const mask = maskGrid(sequences, sizes['T'] as number).values
  const { advantage } = await programs.run('advantage', sizes, { mask, reward, rewards: termsOf(terms, [...sequences.keys()]) })
  return Float64Array.from(advantage ?? [])
}

/** How many batches the stage gathers in all. */
function batches({ stage }: StageRun): number {
  return number(stage, 'length') / (number(stage, 'update.passes') * number(stage, 'update.splits'))
}

/** Mean over completion tokens of log π − log π_ref where π was sampled (the k1 estimate). */
function klOf(sequences: readonly Sequence[], logp: Grid, ref: Grid): number {
  let sum = 0
  let count = 0
  sequences.forEach(({ tokens, prompt }, i) => {
    for (let t = prompt - 1; t < tokens.length - 1; t++, count++) sum += (logp.values[i * logp.width + t] as number) - (ref.values[i * ref.width + t] as number)
  })
  return sum / count
}

const isFlat = (values: Float64Array): boolean => values.every((value) => value === values[0])
