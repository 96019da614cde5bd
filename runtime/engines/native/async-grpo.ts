// Group-relative policy optimisation with rollouts that are older than the policy that learns from them (DORA of LongCat-Flash-Thinking).
// On one machine nothing overlaps: batches wait in a queue until they are as old as the stage allows, so that updates meet the same staleness in every run.
// Advantage, loss and aggregation are in the stage's programs; a plain `Grpo` is in `grpo.ts`.

import { isList, type Expr, type StagePlan, type Value } from '../../../spec/plan/plan.js'
import { failure } from '../../codes.js'
import { evaluate } from '../../data/expr.js'
import type { HostValue } from '../../host.js'
import { closePolicies, openActors } from './actors.js'
import { attribute, number } from './attributes.js'
import { rowsOf } from './batching.js'
import { Course } from './course.js'
import { filteredBatches } from './filtered-batches.js'
import { sequenceExamples } from './examples.js'
import { termsOf } from './experience.js'
import { trainingLoop, type Walk } from './loop.js'
import { graphsOf } from './programs.js'
import { Queue, type Waiting } from './waiting-batches.js'
import { meanOf } from './reward.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'

export const asyncGrpo: StageKind = async (run) => {
  const { plan, stage } = run
  const tools = attribute(stage, 'tools.available')
  if (isList(tools) && tools.length > 0) throw failure('RLP8012', `no engine can run ${stage.address}: the native engine draws no rollouts with tools in policy optimisation`, 'leave `tools` out, or generate with `GenerateWithTools` and learn from that')
  const graphs = graphsOf(plan, stage)
  const course = await Course.open(run, stage.inputs['prompts'] ?? null)
  const actors = await openActors(run, graphs)
  const { policy } = actors
  const [steps, groups, size] = [number(stage, 'length'), number(stage, 'rollout.per_step'), number(stage, 'group_size')]
  const [passes, splits] = [number(stage, 'update.passes'), number(stage, 'update.splits')]
  const bundle = passes * splits
  const temperature = number(stage, 'rollout.temperature') || 1
  const share = (groups * size) / splits
  const layout = policy.layout(share)
  const trainer = new Trainer(policy, stage, steps)
  const draw = filteredBatches(run, actors, course, groups, size, temperature)
  const queue = new Queue(number(stage, 'rollout.staleness'), number(stage, 'filter.uses'))
  const until = endOf(stage)
  let current: Waiting | undefined

  const reward = await trainingLoop(run, trainer, withQueue(course, queue), {
    steps,
    bundle,
    outcome: 'reward',
    update: async (step) => {
      const part = step % bundle
      const version = Math.floor(step / bundle)
      if (part === 0 || !current) current = await queue.next(version, draw)
      const { experience, age } = current
      const { sequences: rollouts, rewards: scores, terms, leftOut, oldLogp, refLogp, advantages } = experience
      const chosen = Array.from({ length: share }, (_, i) => (part % splits) * share + i)
      const sequences = chosen.map((i) => {
        const sequence = rollouts[i] as (typeof rollouts)[number]
        return (leftOut[i] as number) >= 1 ? { ...sequence, learned: new Uint8Array(sequence.learned.length) } : sequence
      })
      const examples = sequenceExamples(sequences, layout)
      const old = rowsOf(oldLogp, chosen, examples.width)
      const metrics = await trainer.update({
        examples,
        levels: { G: groups / splits, N: size, R: terms.length },
        // Rollouts are drawn by the trainer's own programs: the engine's log-probabilities are those of the policy that drew.
        known: { old_logp: old, engine_logp: old, ...(part === 0 && age === 0 ? { logp: old } : {}), ...(refLogp ? { ref_logp: rowsOf(refLogp, chosen, examples.width) } : {}) },
        perSequence: {
          reward: Float64Array.from(chosen, (i) => scores[i] as number),
          rewards: termsOf(terms, chosen),
          age: new Float64Array(share).fill(age),
          ...(advantages ? { advantage: Float64Array.from(chosen, (i) => advantages[i] as number) } : {}),
        },
        temperature,
      })
      const lengths = rollouts.map(({ tokens, prompt }) => tokens.length - prompt).sort((a, b) => a - b)
      return { ...metrics, length_p90: lengths[Math.ceil(0.9 * lengths.length) - 1] as number, age, uses: current.uses, left_out: meanOf(leftOut.map((value) => Number(value >= 1))), ...experience.metrics }
    },
    enough: (metrics) => until !== undefined && evaluate(until, { names: { metrics: metrics as HostValue, clock: { steps: trainer.updates } } }) === true,
  })
  const result = { metrics: { reward }, policies: { policy: { at: policy.at, weights: await policy.weights() } } }
  closePolicies(actors)
  return result
}

/** When the stage ends before its length; undefined for `none`. */
function endOf(stage: StagePlan): Expr | undefined {
  const value: Value = attribute(stage, 'until')
  return typeof value === 'object' && value !== null && 'expr' in value ? value.expr : undefined
}

/** A course and the batches that wait, saved as one: what was drawn is not drawn again. */
function withQueue(course: Course, queue: Queue): Walk {
  return {
    get phaseName() {
      return course.phaseName
    },
    stepDone: (metrics) => course.stepDone(metrics),
    save: () => ({ course: course.save(), queue: queue.save() }),
    restore: (state) => {
      const saved = state as { course: unknown; queue: unknown }
      course.restore(saved.course)
      queue.restore(saved.queue)
    },
  }
}
