// Proximal policy optimisation with a critic (arXiv 1707.06347): roll out, score, weigh against what the critic expected, update both.
// Advantages, losses and aggregation are in the stage's programs; the order of prompts, rollouts and updates is here, the critic in `critic.ts`.

import type { Sequence } from '../../tokenizer/framing.js'
import { closePolicies, openActors } from './actors.js'
import { number } from './attributes.js'
import { maskGrid, rowsOf, type Grid } from './batching.js'
import { Course } from './course.js'
import { Critic } from './critic.js'
import { sequenceExamples } from './examples.js'
import { gather, type Experience } from './experience.js'
import { trainingLoop, type Trained } from './loop.js'
import { graphsOf } from './programs.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'

/** A batch of rollouts, and what the critic said of it before it learned from it. */
interface Judged extends Experience {
  readonly values: Grid
  readonly advantage: Grid
  readonly target: Grid
}

export const ppo: StageKind = async (run) => {
  const { plan, stage } = run
  const graphs = graphsOf(plan, stage)
  const course = await Course.open(run, stage.inputs['prompts'] ?? null)
  const actors = await openActors(run, graphs, Critic.reads(graphs))
  const { policy } = actors
  const start = stage.inputs['critic'] ?? null
  const [steps, alone, rollouts] = [number(stage, 'length'), number(stage, 'critic_warmup'), number(stage, 'rollout.per_step')]
  const [passes, splits] = [number(stage, 'update.passes'), number(stage, 'update.splits')]
  const bundle = passes * splits
  // Greedy rollouts record log-probabilities at temperature 1.
  const temperature = number(stage, 'rollout.temperature') || 1
  /** Rollouts of one update. */
  const share = rollouts / splits
  const layout = policy.layout(share)
  const actor = new Trainer(policy, stage, steps)
  const critic = await Critic.open(run, start === null ? policy.at : await run.openPolicy(start), graphs, alone + steps)
  let judged: Judged | undefined

  const reward = await trainingLoop(run, both(actor, critic.trainer, alone), course, {
    steps: alone + steps,
    bundle,
    outcome: 'reward',
    update: async (step) => {
      const part = step % bundle
      if (part === 0 || !judged) {
        const experience = await gather(run, actors, course.take(rollouts), 1, Math.floor(step / bundle), temperature)
        judged = { ...experience, ...(await critic.judge(sequenceExamples(experience.sequences, layout), experience.rewards, { old: experience.oldLogp, ref: experience.refLogp })) }
      }
      const { sequences, oldLogp, refLogp, values, advantage, target, metrics } = judged
      const chosen = Array.from({ length: share }, (_, i) => (part % splits) * share + i)
      const examples = sequenceExamples(chosen.map((i) => sequences[i] as Sequence), layout)
      const of = (grid: Grid): Grid => rowsOf(grid, chosen, examples.width)
      const levels = { N: share }
      const learned = await critic.trainer.update({ examples, levels, temperature, perSequence: {}, known: { old_value: of(values), target: of(target), ...(part === 0 ? { value: of(values) } : {}) } })
      const criticised = { value_loss: learned.loss, value_grad_norm: learned.grad_norm, value_lr: learned.lr, value: meanOf(values, sequences), explained: explained(target, values, sequences) }
      if (step < alone) return { grad_norm: learned.grad_norm, tokens: learned.tokens, ...criticised, ...metrics }
      const old = of(oldLogp)
      const moved = await actor.update({
        examples,
        levels,
        temperature,
        perSequence: {},
        // After the first update the policy has moved away from the one that was sampled: it is scored again.
        known: { old_logp: old, advantage: of(advantage), ...(part === 0 ? { logp: old } : {}), ...(refLogp ? { ref_logp: of(refLogp) } : {}) },
      })
      return { ...moved, ...criticised, ...metrics }
    },
  })
  const result = { metrics: { reward }, policies: { policy: { at: policy.at, weights: await policy.weights() } } }
  closePolicies(actors)
  critic.close()
  return result
}

/** Policy and critic as one thing that is trained: the critic's updates count, `alone` of which it makes before the policy does. */
function both(actor: Trainer, critic: Trainer, alone: number): Trained {
  const mark = 'critic/'
  return {
    get updates() {
      return critic.updates
    },
    state: async () => [...(await actor.state()), ...(await critic.state()).map(({ name, ...tensor }) => ({ ...tensor, name: `${mark}${name}` }))],
    restore: (state, updates) => {
      const [own, others] = [new Map(state), new Map<string, typeof state extends ReadonlyMap<string, infer Tensor> ? Tensor : never>()]
      for (const [name, tensor] of state) {
        if (!name.startsWith(mark)) continue
        own.delete(name)
        others.set(name.slice(mark.length), tensor)
      }
      actor.restore(own, Math.max(0, updates - alone))
      critic.restore(others, updates)
    },
  }
}

/** The learned tokens of a grid. */
function counted({ values, width }: Grid, sequences: readonly Sequence[]): number[] {
  const mask = maskGrid(sequences, width).values
  return Array.from(values).filter((_, i) => mask[i] === 1)
}

function meanOf(grid: Grid, sequences: readonly Sequence[]): number {
  const all = counted(grid, sequences)
  return all.reduce((sum, x) => sum + x, 0) / Math.max(1, all.length)
}

/** Share of the targets' variance that the critic had foreseen: 1 - Var(target - value) / Var(target); null where targets are all alike. */
function explained(target: Grid, value: Grid, sequences: readonly Sequence[]): number | null {
  const [wanted, said] = [counted(target, sequences), counted(value, sequences)]
  const variance = (of: readonly number[]): number => {
    const mean = of.reduce((sum, x) => sum + x, 0) / of.length
    return of.reduce((sum, x) => sum + (x - mean) ** 2, 0) / of.length
  }
  const all = variance(wanted)
  return all === 0 ? null : 1 - variance(wanted.map((x, i) => x - (said[i] as number))) / all
}
