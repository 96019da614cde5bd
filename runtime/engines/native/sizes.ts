// With which sizes the programs of a stage are run: its largest micro-batches, the levels of its objective, its waves of rollouts.
// From the plan alone: rows are taken to fill the context, so shorter data takes less.

import type { ModelPlan, Plan, StagePlan } from '../../../spec/plan/plan.js'
import { workOf } from '../../../spec/plan/work.js'
import type { Bindings } from '../../executors/executor.js'
import { flag, number, optionalNumber } from './attributes.js'
import { bucket, microRows } from './batching.js'
import { SMALLEST, WAVE } from './rollout.js'

/** Sizes that a kind's programs are run with. Kinds without a row are not foreseen. */
export interface Shapes {
  /** Micro-batches of training and scoring; absent when the kind only writes. */
  readonly micro?: Bindings
  /** The batch that an objective weighs; absent when the kind does not train. */
  readonly levels?: Bindings
  /** Every batch is scored before it is weighed, whatever the objective reads. */
  readonly scored?: boolean
  /** The log-probabilities of the rollouts serve the only update that is made of them. */
  readonly once?: boolean
  readonly rollouts?: { readonly rows: number; readonly prompt: number; readonly maxNew: number }
}

const texts = (stage: StagePlan, context: number, batch: number, packed = false): Bindings => {
  const longest = Math.min(context, optional(stage, 'context') ?? context)
  return { B: microRows(packed ? longest : context, batch), T: bucket(longest - 1) }
}

const rolled = (rows: number, maxNew: number, context: number): Required<Shapes>['rollouts'] => ({ rows: Math.min(WAVE, rows), prompt: Math.max(1, context - maxNew), maxNew })

const kinds: Readonly<Record<string, (stage: StagePlan, context: number, completions: number) => Shapes>> = {
  Sft: (stage, context) => {
    const micro = texts(stage, context, number(stage, 'batch'), flag(stage, 'packing'))
    return { micro, levels: { N: number(stage, 'batch'), T: micro['T'] as number } }
  },
  Pretrain: (stage, context) => {
    const micro = texts(stage, context, number(stage, 'batch'))
    return { micro, levels: { N: number(stage, 'batch'), T: micro['T'] as number } }
  },
  Dpo: (stage, context) => {
    const micro = texts(stage, context, 2 * number(stage, 'batch'))
    return { micro, scored: true, levels: { N: number(stage, 'batch'), T: micro['T'] as number } }
  },
  Supervised: (stage) => ({ micro: { B: number(stage, 'batch'), T: 1 }, levels: { N: number(stage, 'batch'), T: 1 } }),
  Grpo: (stage, context) => {
    const [groups, size, splits] = [number(stage, 'rollout.per_step'), number(stage, 'group_size'), number(stage, 'update.splits')]
    const micro = texts(stage, context, (groups * size) / splits)
    return { micro, once: splits * number(stage, 'update.passes') === 1, levels: { G: groups / splits, N: size, T: micro['T'] as number }, rollouts: rolled(groups * size, number(stage, 'rollout.max_new'), context) }
  },
  Evaluate: (stage, context, completions) => ({ rollouts: rolled(completions, number(stage, 'max_new'), context) }),
  Generate: (stage, context, completions) => ({ rollouts: rolled(completions, number(stage, 'max_new'), context) }),
  EvaluateLoss: (stage, context) => ({ micro: texts(stage, context, WAVE) }),
}

/** What the programs of a stage are run with; undefined for kinds that are not foreseen. */
export function shapesOf(plan: Plan, stage: StagePlan, model: ModelPlan): Shapes | undefined {
  const ofKind = Object.hasOwn(kinds, stage.kind) ? kinds[stage.kind] : undefined
  if (!ofKind || stage.engine !== 'native') return undefined
  // Rows are often not known before the data is read: then more than a wave is assumed.
  const found = ofKind(stage, Number(model.config['max_position_embeddings'] ?? 1), workOf(plan, stage).completions ?? WAVE)
  return found.levels ? { ...found, levels: { ...found.levels, R: termsOf(plan, stage) } } : found
}

/** The sizes that a program is run with, by its role in a stage; undefined for roles that are not foreseen. */
export function bindingsOf({ micro, levels, rollouts }: Shapes, role: string): Bindings | undefined {
  if (role === 'score' || role === 'gradient') return micro
  if (role === 'advantage' || role === 'weigh' || role === 'measure') return levels
  if (role === 'norm' || role === 'apply') return {}
  if (!rollouts || !['prefill', 'decode', 'sample'].includes(role)) return undefined
  const [B, P] = [rollouts.rows, bucket(rollouts.prompt)]
  return { B, P, S: P + rollouts.maxNew }
}

/** Rows that are decoded together: all, then powers of two as rollouts end. */
export function waves(rows: number): readonly number[] {
  const smaller: number[] = []
  for (let size = 2 ** Math.floor(Math.log2(Math.max(1, rows - 1))); size >= SMALLEST && size < rows; size /= 2) smaller.push(size)
  return [rows, ...smaller]
}

function termsOf(plan: Plan, { inputs: { reward = null } }: StagePlan): number {
  return typeof reward === 'object' && reward !== null && 'reward' in reward ? (plan.rewards[reward.reward]?.terms.length ?? 1) : 1
}

function optional(stage: StagePlan, path: string): number | undefined {
  return path in stage.attributes ? optionalNumber(stage, path) : undefined
}
