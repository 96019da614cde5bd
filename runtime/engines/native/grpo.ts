// Group-relative policy optimisation (arXiv 2402.03300): roll out, score, weigh against the group, update.
// Advantage, loss and aggregation are in the stage's programs; the order of prompts, rollouts and updates is here.

import type { Value } from '../../../spec/plan/plan.js'
import { randomKey } from '../../random.js'
import { frameRollout, type Sequence } from '../../tokenizer/framing.js'
import { number } from './attributes.js'
import { grid, gridWidth, type Grid } from './batching.js'
import { Course, type Drawn } from './course.js'
import { trainingLoop } from './loop.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { promptTokens } from './prompts.js'
import { meanOf, Rewarder } from './reward.js'
import { rollOut, type Rollout } from './rollout.js'
import type { Metrics, StageKind, StageRun } from './stage.js'
import { Trainer } from './trainer.js'

/** About so many times in a stage some rollouts are kept for people to read. */
const SAMPLED_STEPS = 20

/** One batch of rollouts with everything that updates need to know about it. */
interface Experience {
  readonly sequences: readonly Sequence[]
  readonly rewards: Float64Array
  readonly oldLogp: Grid
  readonly refLogp: Grid | undefined
  readonly metrics: Metrics
}

export const grpo: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const graphs = graphsOf(plan, stage)
  const at = await run.openPolicy(stage.inputs['policy'] ?? null)
  const course = await Course.open(run, stage.inputs['prompts'] ?? null)
  const policy = await Policy.open(executor, at, graphs)
  const reads = new Set([...policy.programs.feeds('weigh'), ...policy.programs.feeds('measure')])
  const frozen = reads.has('ref_logp') ? await Policy.open(executor, await run.openPolicy(stage.inputs['reference'] ?? null), graphs) : undefined
  const rewarder = await Rewarder.open(plan, rewardName(stage.inputs['reward'] ?? null), run.root)
  const [steps, groups, size] = [number(stage, 'length'), number(stage, 'rollout.per_step'), number(stage, 'group_size')]
  const [passes, splits] = [number(stage, 'update.passes'), number(stage, 'update.splits')]
  const bundle = passes * splits
  // Greedy rollouts record log-probabilities at temperature 1.
  const temperature = number(stage, 'rollout.temperature') || 1
  const layout = policy.layout((groups * size) / splits)
  const trainer = new Trainer(policy, stage, steps)
  const rewards: number[] = []
  let experience: Experience | undefined

  await trainingLoop(run, trainer, course, {
    steps,
    bundle,
    update: async (step) => {
      const part = step % bundle
      if (part === 0 || !experience) {
        experience = await gather(run, policy, frozen, rewarder, course.take(groups), Math.floor(step / bundle), temperature)
        rewards.push(meanOf(experience.rewards))
      }
      const chosen = range((part % splits) * ((groups * size) / splits), (groups * size) / splits)
      const sequences = chosen.map((i) => experience?.sequences[i] as Sequence)
      const width = gridWidth(sequences)
      const old = cut(experience.oldLogp, chosen, width)
      const metrics = await trainer.update({
        sequences,
        levels: { G: groups / splits, N: size },
        // After the first update the policy has moved away from the one that was sampled: it is scored again.
        known: { old_logp: old, ...(part === 0 ? { logp: old } : {}), ...(experience.refLogp ? { ref_logp: cut(experience.refLogp, chosen, width) } : {}) },
        perSequence: { reward: Float64Array.from(chosen, (i) => experience?.rewards[i] as number) },
        temperature,
        layout,
      })
      return { ...metrics, ...experience.metrics }
    },
  })
  const result = { metrics: { reward: meanOf(rewards.slice(-Math.max(1, Math.ceil(rewards.length / 10)))) }, policies: { policy: { at, weights: policy.weights() } } }
  policy.close()
  frozen?.close()
  return result
}

/** Roll out every prompt `group_size` times and score what came. */
async function gather(run: StageRun, policy: Policy, frozen: Policy | undefined, rewarder: Rewarder, drawn: readonly Drawn[], batch: number, temperature: number): Promise<Experience> {
  const { stage } = run
  const [maxNew, size] = [number(stage, 'rollout.max_new'), number(stage, 'group_size')]
  const prompts = drawn.flatMap((one, group) => {
    const tokens = promptTokens(policy, one, maxNew)
    return range(0, size).map((n) => ({ tokens, row: (batch * drawn.length + group) * size + n }))
  })
  const key = randomKey(stage.seed, stage.fingerprint, 'rollout')
  const rollouts = await rollOut(policy, prompts, { maxNew, temperature, key, report: (done) => run.tick('rollouts', done, prompts.length) })
  const items = rollouts.map((rollout, i) => ({ ...(drawn[Math.floor(i / size)] as Drawn), completion: completionOf(policy, rollout) }))
  const { total, terms, problems } = await rewarder.score(items)

  const sequences = rollouts.map((rollout, i) => frameRollout((prompts[i] as { tokens: number[] }).tokens, rollout.tokens))
  const width = gridWidth(sequences)
  const oldLogp = grid(sequences.length, width)
  rollouts.forEach(({ logp }, i) => oldLogp.values.set(logp, i * width + (sequences[i] as Sequence).prompt - 1))
  const all = range(0, sequences.length)
  const refLogp = frozen && (await frozen.score(sequences, all, width, temperature, policy.layout(sequences.length))).logp

  const lengths = items.map(({ completion }) => completion.tokens)
  const metrics = {
    reward: meanOf(total),
    reward_std: Math.sqrt(meanOf(total.map((x) => (x - meanOf(total)) ** 2))),
    terms: Object.fromEntries(rewarder.terms.map((name) => [name, meanOf(terms[name] as Float64Array)])),
    flat_groups: meanOf(drawn.map((_, group) => Number(isFlat(total.subarray(group * size, (group + 1) * size))))),
    length: meanOf(lengths),
    length_max: Math.max(...lengths),
    finished: meanOf(items.map(({ completion }) => Number(completion.finished))),
    ...(refLogp ? { kl: klOf(sequences, oldLogp, refLogp) } : {}),
    problems,
  }
  keepSamples(run, batch, items.slice(0, size), total, terms)
  return { sequences, rewards: total, oldLogp, refLogp, metrics }
}

function keepSamples(run: StageRun, batch: number, items: readonly { row: Drawn['row']; completion: { text: string; finished: boolean } }[], total: Float64Array, terms: Readonly<Record<string, Float64Array>>): void {
  const bundles = number(run.stage, 'length') / (number(run.stage, 'update.passes') * number(run.stage, 'update.splits'))
  if (batch % Math.max(1, Math.floor(bundles / SAMPLED_STEPS)) !== 0) return
  items.forEach(({ row, completion }, i) =>
    run.sample({ batch: batch + 1, prompt: row['prompt'], completion: completion.text, finished: completion.finished, terms: Object.fromEntries(Object.entries(terms).map(([name, values]) => [name, values[i]])), total: total[i] }),
  )
}

export function completionOf(policy: Policy, { tokens, finished }: Rollout): { text: string; tokens: number; finished: boolean } {
  return { text: policy.tokenizer.decode(tokens), tokens: tokens.length - (finished ? 1 : 0), finished }
}

/** The name behind an input of type `Reward` or `Term`. */
export function rewardName(value: Value): string {
  if (typeof value === 'object' && value !== null && 'reward' in value) return value.reward
  throw new RangeError('the plan gives no reward')
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

/** Some rows of a grid with another number of columns. */
function cut(from: Grid, rows: readonly number[], width: number): Grid {
  const part = grid(rows.length, width)
  rows.forEach((row, i) => part.values.set(from.values.subarray(row * from.width, row * from.width + Math.min(width, from.width)), i * width))
  return part
}

const isFlat = (values: Float64Array): boolean => values.every((value) => value === values[0])

const range = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i)
