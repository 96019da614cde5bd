// What a stage will take at most: steps, tokens, FLOPs, and its batch equation as text.
// Does not know data: every row is assumed to be as long as the model allows, so these are upper bounds.

import type { Graph } from '../../spec/graph/graph.js'
import type { ModelPlan, StagePlan } from '../../spec/plan/plan.js'
import { flopsOf } from './flops.js'
import type { Attributes } from '../elaborate/attributes.js'
import type { StageToLower } from './types.js'

type Estimate = StagePlan['estimate']
type Programs = Readonly<Record<string, Graph>>

type Estimator = (stage: StageToLower, read: Attributes, context: number, programs: Programs) => Estimate

/** Rollouts of prompts, one each or in groups, and the updates that are made of them. A critic comes on top, and is not counted. */
const practised: Estimator = (stage, read, context, programs) => {
  const steps = stepsOf(stage, read)
  const [prompts, group, splits, passes] = [read.number('rollout.per_step', 0), read.number('group_size', 1), read.number('update.splits', 1), read.number('update.passes', 1)]
  const [rollouts, newTokens] = [prompts * group, read.number('rollout.max_new', 0)]
  const updates = splits * passes
  const rolled = cost(programs['prefill'], { B: rollouts, P: Math.max(1, context - newTokens), S: context }) + newTokens * cost(programs['decode'], { B: rollouts, S: context })
  const looked = cost(programs['look'], { B: rollouts, T: context })
  const trained = cost(programs['gradient'], { B: rollouts / splits, T: context })
  const scored = programs['weigh'] && readsLogp(programs['weigh']) ? cost(programs['score'], { B: rollouts / splits, T: context }) : 0
  return {
    ...steps,
    ...timesSteps(steps, { tokens: (rollouts * newTokens) / updates, flops: (rolled + looked) / updates + trained + scored }),
    batch: `${prompts} prompts x ${group} rollouts = ${rollouts} rollouts = ${updates} ${updates === 1 ? 'update' : 'updates'} of ${rollouts / splits}`,
  }
}

/** One forward and backward pass over a batch of texts an update, and a look before it where attention is an objective. */
const tuning: Estimator = (stage, read, context, programs) => {
  const steps = stepsOf(stage, read)
  const [batch, length] = [read.number('batch', 0), Math.min(read.number('context', context), context)]
  const step = cost(programs['look'], { B: batch, T: length }) + cost(programs['gradient'], { B: batch, T: length })
  return { ...steps, ...timesSteps(steps, { tokens: batch * length, flops: step }), batch: `${batch} samples = 1 update` }
}

/** Kinds without a row are not estimated: what they do depends on the size of their data. */
const kinds: Readonly<Record<string, Estimator>> = {
  Sft: tuning,
  AttentionSft: tuning,
  Supervised: (stage, read, _, programs) => {
    const steps = stepsOf(stage, read)
    const batch = read.number('batch', 0)
    return { ...steps, ...timesSteps(steps, { flops: cost(programs['gradient'], { B: batch }) }), batch: `${batch} samples = 1 update` }
  },
  Pretrain: (_, read, model, programs) => {
    const [batch, context] = [read.number('batch', 0), Math.min(read.optional('context') ?? model, model)]
    const length = read.unit('length') === 'tokens' ? Math.ceil(read.number('length', 0) / (batch * context)) : read.number('length', 0)
    const steps = { steps: Math.min(length, read.optional('until') ?? length) }
    return { ...steps, ...timesSteps(steps, { tokens: batch * context, flops: cost(programs['gradient'], { B: batch, T: context }) }), batch: `${batch} samples x ${context} tokens = ${batch * context} tokens = 1 update` }
  },
  Dpo: (stage, read, context, programs) => {
    const steps = stepsOf(stage, read)
    const [pairs, length] = [read.number('batch', 0), Math.min(read.number('context', context), context)]
    const sizes = { B: 2 * pairs, T: length }
    const scored = (1 + Number(stage.inputs.has('reference'))) * cost(programs['score'], sizes)
    return { ...steps, ...timesSteps(steps, { tokens: 2 * pairs * length, flops: scored + cost(programs['gradient'], sizes) }), batch: `${pairs} pairs = 1 update` }
  },
  RewardModel: (stage, read, context, programs) => {
    const steps = stepsOf(stage, read)
    const [pairs, length] = [read.number('batch', 0), Math.min(read.number('context', context), context)]
    const sizes = { B: 2 * pairs, T: length }
    return { ...steps, ...timesSteps(steps, { tokens: 2 * pairs * length, flops: cost(programs['score'], sizes) + cost(programs['gradient'], sizes) }), batch: `${pairs} pairs = 1 update` }
  },
  Grpo: practised,
  AsyncGrpo: practised,
  Ppo: practised,
}

export function estimate(stage: StageToLower, read: Attributes, model: ModelPlan, programs: Programs): Estimate {
  const context = Number(model.config['max_position_embeddings'])
  const { flops, ...found } = kinds[stage.kind.name]?.(stage, read, context, programs) ?? {}
  // Operations are counted in programs, and a stage without an engine has none of the model.
  return { ...found, ...(flops === undefined || stage.withoutEngine ? {} : { flops }) }
}

function stepsOf(stage: StageToLower, read: Attributes): { steps?: number } {
  const steps = stage.steps ?? (read.unit('length') === 'steps' ? Math.min(read.number('length', 0), read.optional('until') ?? Infinity) : undefined)
  return steps === undefined ? {} : { steps }
}

function timesSteps({ steps }: { steps?: number }, each: { tokens?: number; flops: number }): Estimate {
  return steps === undefined ? {} : { ...(each.tokens === undefined ? {} : { tokens: Math.round(steps * each.tokens) }), flops: steps * each.flops }
}

const cost = (graph: Graph | undefined, sizes: Readonly<Record<string, number>>): number => (graph ? flopsOf(graph, sizes) : 0)

const readsLogp = (graph: Graph): boolean => graph.nodes.some(({ op, attributes }) => op === 'input' && attributes['name'] === 'logp')
