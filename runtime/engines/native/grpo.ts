// Group-relative policy optimisation (arXiv 2402.03300): roll out, score, weigh against the group, update.
// Advantage, loss and aggregation are in the stage's programs; the order of prompts, rollouts and updates is here.

import type { Sequence } from '../../tokenizer/framing.js'
import { closePolicies, openActors } from './actors.js'
import { number } from './attributes.js'
import { rowsOf } from './batching.js'
import { Course } from './course.js'
import { sequenceExamples } from './examples.js'
import { gather, termsOf, type Experience } from './experience.js'
import { trainingLoop } from './loop.js'
import { graphsOf } from './programs.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'

export const grpo: StageKind = async (run) => {
  const { plan, stage } = run
  const graphs = graphsOf(plan, stage)
  const course = await Course.open(run, stage.inputs['prompts'] ?? null)
  const actors = await openActors(run, graphs)
  const { policy } = actors
  const [steps, groups, size] = [number(stage, 'length'), number(stage, 'rollout.per_step'), number(stage, 'group_size')]
  const [passes, splits] = [number(stage, 'update.passes'), number(stage, 'update.splits')]
  const bundle = passes * splits
  // Greedy rollouts record log-probabilities at temperature 1.
  const temperature = number(stage, 'rollout.temperature') || 1
  /** Rollouts of one update. */
  const share = (groups * size) / splits
  const layout = policy.layout(share)
  const trainer = new Trainer(policy, stage, steps)
  let experience: Experience | undefined

  const reward = await trainingLoop(run, trainer, course, {
    steps,
    bundle,
    outcome: 'reward',
    update: async (step) => {
      const part = step % bundle
      if (part === 0 || !experience) experience = await gather(run, actors, course.take(groups), size, step / bundle, temperature)
      const { sequences: rollouts, rewards: scores, terms, oldLogp, refLogp, advantages } = experience
      const chosen = Array.from({ length: share }, (_, i) => (part % splits) * share + i)
      const sequences = chosen.map((i) => rollouts[i] as Sequence)
      const examples = sequenceExamples(sequences, layout)
      const old = rowsOf(oldLogp, chosen, examples.width)
      const metrics = await trainer.update({
        examples,
        levels: { G: groups / splits, N: size, R: terms.length },
        // After the first update the policy has moved away from the one that was sampled: it is scored again.
        known: { old_logp: old, ...(part === 0 ? { logp: old } : {}), ...(refLogp ? { ref_logp: rowsOf(refLogp, chosen, examples.width) } : {}) },
        perSequence: {
          reward: Float64Array.from(chosen, (i) => scores[i] as number),
          rewards: termsOf(terms, chosen),
          ...(advantages ? { advantage: Float64Array.from(chosen, (i) => advantages[i] as number) } : {}),
        },
        temperature,
      })
      return { ...metrics, ...experience.metrics }
    },
  })
  const result = { metrics: { reward }, policies: { policy: { at: policy.at, weights: await policy.weights() } } }
  closePolicies(actors)
  return result
}
