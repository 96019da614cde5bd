// With which sizes the programs of a stage are run: its largest micro-batches, the levels of its objective, its waves of rollouts.
// From the plan alone: rows are taken to fill the context, so shorter data takes less.

import { isList, type ModelPlan, type Plan, type StagePlan, type Value } from '../../../spec/plan/plan.js'
import { rowsOf, workOf } from '../../../spec/plan/work.js'
import type { Bindings } from '../../executors/executor.js'
import { EPISODES } from './agent.js'
import { attribute, number, optionalNumber } from './attributes.js'
import { bucket, microRows, SCORED, VECTORS } from './batching.js'
import { groupRows, WAVE } from './rollout.js'
import { rowsRead, SMALLEST } from './rollout-group.js'

/** Rows of data that nobody bounds before it is read. */
const MANY = 2 * Math.max(WAVE, VECTORS)

/** Sizes that a kind's programs are run with. Kinds without a row are not foreseen. */
export interface Shapes {
  /** Micro-batches of training and scoring; absent when the kind only writes. */
  readonly micro?: Bindings
  /** How many of them a batch is cut into; one unless said. */
  readonly micros?: number
  /** Those of shorter rows, where lengths follow from what is drawn. */
  readonly shorter?: { readonly micro: Bindings; readonly micros: number }
  /** The batch that an objective weighs; absent when the kind does not train. */
  readonly levels?: Bindings
  /** The gradient is computed and nothing is learned from it. */
  readonly slopes?: boolean
  /** Other rows that are scored with the same program, beside the micro-batches of training. */
  readonly looked?: Bindings
  /** How many times at once; once unless said. */
  readonly looks?: number
  /** Every batch is scored before it is weighed, whatever the objective reads. */
  readonly scored?: boolean
  /** The log-probabilities of the rollouts serve the only update that is made of them. */
  readonly once?: boolean
  /** One after the other; the caches of all of them stay. */
  readonly rollouts?: readonly Rolled[]
  /** A critic is trained beside the policy on the same batches, with a model and an optimiser of its own. */
  readonly critic?: boolean
  /** What another policy writes that is asked beside the first. */
  readonly recall?: readonly Rolled[]
  /** Roles of programs over the weights alone, which run once. */
  readonly alone?: readonly string[]
  /** Of an agent: in how many episodes it acts at once. */
  readonly acting?: number
  /** Of a merge: how many policies, and how many weights. */
  readonly merged?: Bindings
}

/** So many completions behind the longest prompt. */
export interface Rolled {
  readonly rows: number
  /** Of each prompt; one unless said. */
  readonly samples?: number
  readonly prompt: number
  readonly maxNew: number
}

/** What sizes follow from. */
interface Sizing {
  readonly stage: StagePlan
  readonly model: ModelPlan
  /** Longest sequence of the model. */
  readonly context: number
  /** Completions of the whole stage, where it makes some; more than a wave where the plan does not know. */
  readonly completions: number
  /** Rows of an input, likewise. */
  readonly rows: (input: string) => number
}

/** A batch of so many rows of `T` tokens in micro-batches. */
const cut = (T: number, batch: number) => {
  const B = microRows(T, batch)
  return { micro: { B, T }, micros: Math.ceil(batch / B) }
}

const texts = (stage: StagePlan, context: number, batch: number) => cut(bucket(Math.min(context, optional(stage, 'context') ?? context) - 1), batch)

/** Prompts with completions: of shorter ones a micro-batch may hold more tokens. One that holds the whole batch has an arena for itself. */
const drawn = (stage: StagePlan, context: number, batch: number) => {
  const whole = texts(stage, context, batch)
  let shorter = whole
  for (let T = bucket(1); T < whole.micro.T; T = bucket(T + 1)) {
    const found = cut(T, batch)
    if (found.micros > 1 && found.micro.B * T >= shorter.micro.B * shorter.micro.T) shorter = found
  }
  return { ...whole, shorter }
}

/** Vectors that go through a classifier where nothing is learned. */
const looking = (rows: number) => ({ looked: { B: Math.min(VECTORS, rows), T: 1 }, looks: Math.ceil(rows / VECTORS) })

const rolled = (rows: number, maxNew: number, context: number, samples = 1): Rolled => ({ rows, samples, prompt: Math.max(1, context - maxNew), maxNew })

const completing = ({ stage, context, completions }: Sizing): Shapes => ({ rollouts: [rolled(completions, number(stage, 'max_new'), context, number(stage, 'samples'))] })

/** Policy optimisation in groups. `drawnNow`: the policy that learns first is always the one that drew. */
const grouped = ({ stage, context }: Sizing, drawnNow: boolean): Shapes => {
  const [groups, size, splits] = [number(stage, 'rollout.per_step'), number(stage, 'group_size'), number(stage, 'update.splits')]
  const { micro, micros, shorter } = drawn(stage, context, (groups * size) / splits)
  return { micro, micros, shorter, once: drawnNow && splits * number(stage, 'update.passes') === 1, levels: { G: groups / splits, N: size, T: micro.T }, rollouts: [rolled(groups * size, number(stage, 'rollout.max_new'), context, size)] }
}

const kinds: Readonly<Record<string, (sizing: Sizing) => Shapes>> = {
  Sft: ({ stage, context }) => {
    const { micro, micros } = texts(stage, context, number(stage, 'batch'))
    return { micro, micros, levels: { N: number(stage, 'batch'), T: micro.T } }
  },
  AttentionSft: ({ stage, context }) => {
    const { micro, micros } = texts(stage, context, number(stage, 'batch'))
    return { micro, micros, levels: { N: number(stage, 'batch'), T: micro.T } }
  },
  Pretrain: ({ stage, context }) => {
    const { micro, micros } = texts(stage, context, number(stage, 'batch'))
    return { micro, micros, levels: { N: number(stage, 'batch'), T: micro.T } }
  },
  Dpo: ({ stage, context }) => {
    const { micro, micros } = texts(stage, context, 2 * number(stage, 'batch'))
    return { micro, micros, scored: true, levels: { N: number(stage, 'batch'), T: micro.T } }
  },
  RewardModel: ({ stage, context }) => {
    const pairs = number(stage, 'batch')
    return { ...cut(bucket(Math.min(context, optional(stage, 'context') ?? context)), 2 * pairs), scored: true, levels: { N: pairs } }
  },
  Supervised: ({ stage, rows }) => ({ micro: { B: number(stage, 'batch'), T: 1 }, ...looking(rows('data')), levels: { N: number(stage, 'batch'), T: 1 } }),
  Grpo: (sizing) => grouped(sizing, true),
  AsyncGrpo: (sizing) => grouped(sizing, number(sizing.stage, 'rollout.staleness') === 0),
  Ppo: ({ stage, context }) => {
    const [rollouts, splits] = [number(stage, 'rollout.per_step'), number(stage, 'update.splits')]
    const { micro, micros, shorter } = drawn(stage, context, rollouts / splits)
    return { micro, micros, shorter, critic: true, once: splits * number(stage, 'update.passes') === 1, levels: { N: rollouts / splits, T: micro.T }, rollouts: [rolled(rollouts, number(stage, 'rollout.max_new'), context)] }
  },
  Evaluate: completing,
  Generate: completing,
  MajorityVote: completing,
  ForceAnswer: ({ stage, context, completions }) => {
    const [maxNew, more, put] = [number(stage, 'max_new'), number(stage, 'answer'), String(attribute(stage, 'text')).trim().split(/\s+/).length]
    return { rollouts: [{ rows: completions, prompt: Math.max(1, context - maxNew - put - more), maxNew }, rolled(completions, more, context)] }
  },
  // What is drawn on depends on what was drawn: more than the longest is not, and rarely so much.
  PartSearch: ({ stage, context, rows }) => {
    const maxNew = number(stage, 'max_new')
    return { rollouts: [rolled(rows('data'), maxNew, context), ...(attribute(stage, 'part') === null ? [] : [{ rows: rows('data'), prompt: context - 1, maxNew: maxNew - 1 }])] }
  },
  GenerateWithTools: ({ stage, context, completions }) => {
    const maxNew = number(stage, 'max_new')
    const pauses = ['tools', 'hints'].some((path) => (attribute(stage, path) as readonly Value[]).length > 0)
    return { rollouts: [rolled(completions, maxNew, context), ...(!pauses ? [] : [{ rows: completions, prompt: context - 1, maxNew }])] }
  },
  TreeSearch: ({ stage, context, rows }) => {
    const [depth, maxNew, drawn] = [number(stage, 'depth'), number(stage, 'max_new'), rows('data') * number(stage, 'branching')]
    const first = Math.max(1, context - depth * maxNew)
    const steps = Array.from({ length: depth }, (_, step): Rolled => ({ rows: drawn, samples: step === 0 ? number(stage, 'branching') : 1, prompt: first + step * maxNew, maxNew }))
    const rest: Rolled = { rows: rows('data'), prompt: first + (depth - 1) * maxNew, maxNew: depth * maxNew }
    return { rollouts: depth > 1 ? [...steps, rest] : steps, ...((stage.inputs['recall'] ?? null) === null ? {} : { recall: [rolled(drawn, maxNew, context, number(stage, 'branching'))] }) }
  },
  EvaluateLoss: ({ stage, context }) => texts(stage, context, WAVE),
  Perplexity: ({ stage, context, rows }) => texts(stage, context, Math.min(SCORED, rows('data'))),
  EvaluateClassifier: ({ rows }) => {
    const { looked, looks } = looking(rows('data'))
    return { micro: looked, micros: looks }
  },
  GradientNorm: ({ rows }) => ({ micro: looking(rows('rows')).looked, slopes: true }),
  EvaluateRewardModel: ({ context, rows }) => cut(bucket(context), Math.min(SCORED, 2 * rows('data'))),
  OfflineRl: () => ({ alone: ['critic_update', 'actor_update'], acting: EPISODES }),
  OnlineRl: () => ({ alone: ['critic_update', 'actor_update'], acting: EPISODES }),
  Collect: () => ({ acting: 1 }),
  ShrinkPerturb: () => ({ alone: ['shrink_perturb'] }),
  MergeLora: () => ({ alone: ['merge_adapter'] }),
  Lora: () => ({}),
  Merge: ({ stage, model }) => {
    const policies = stage.inputs['policies'] ?? null
    return { merged: { POLICY: isList(policies) ? policies.length : 1, WEIGHT: model.weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0) } }
  },
}

/** What the programs of a stage are run with; undefined for kinds that are not foreseen. */
export function shapesOf(plan: Plan, stage: StagePlan, model: ModelPlan): Shapes | undefined {
  const ofKind = Object.hasOwn(kinds, stage.kind) ? kinds[stage.kind] : undefined
  if (!ofKind || stage.engine !== 'native') return undefined
  // Rows are often not known before the data is read: then more than a wave is assumed.
  const rows = (input: string): number => rowsOf(plan, stage.inputs[input] ?? null) ?? MANY
  const found = ofKind({ stage, model, context: Number(model.config['max_position_embeddings'] ?? 1), completions: workOf(plan, stage).completions ?? WAVE, rows })
  return found.levels ? { ...found, levels: { ...found.levels, R: termsOf(plan, stage) } } : found
}

/** The sizes that a program is run with, by its role in a stage; undefined for roles that are not foreseen. */
export function bindingsOf({ micro, levels, rollouts }: Shapes, role: string): Bindings | undefined {
  if (role === 'score' || role === 'gradient') return micro
  if (role === 'advantage' || role === 'weigh' || role === 'measure') return levels
  if (role === 'norm' || role === 'apply') return {}
  const [first] = rollouts ?? []
  return first && ['prefill', 'decode', 'sample'].includes(role) ? bindingsOfWave(first, role === 'prefill' ? rowsOfPrefill(first, Math.min(WAVE, first.rows)) : Math.min(WAVE, first.rows)) : undefined
}

/** The sizes of a wave of `B` rows, which one token ends. */
export const bindingsOfWave = ({ prompt, maxNew }: Rolled, B: number): Bindings => ({ B, P: bucket(prompt), S: bucket(prompt + maxNew), E: 1 })

/** Completions as they are looked at, and in how many calls at once. */
export function lookedAt({ rows, prompt, maxNew }: Rolled): [Bindings, number] {
  const { micro, micros } = cut(bucket(prompt + maxNew - 1), Math.min(SCORED, rows))
  return [micro, micros]
}

/** How many rows the prefill of `B` rows of a wave has. */
export const rowsOfPrefill = ({ samples = 1 }: Rolled, B: number): number => rowsRead(B, Math.ceil(B / samples))

/** Rows that are decoded together, with the number of their group: whole waves and what is left of them, each in groups side by side, which then shrink to powers of two. */
export function waves(rows: number, lanes: number): readonly { readonly rows: number; readonly group: number; readonly groups: number }[] {
  const found = new Map<string, { rows: number; group: number; groups: number }>()
  for (const wave of [...(rows >= WAVE ? [WAVE] : []), ...(rows % WAVE > 0 ? [rows % WAVE] : [])]) {
    const most = groupRows(wave, lanes)
    const groups = Math.ceil(wave / most)
    for (let group = 0; group < groups; group++) for (const size of shrinking(Math.min(most, wave - group * most))) if (!found.has(`${size} ${group}`)) found.set(`${size} ${group}`, { rows: size, group, groups })
  }
  return [...found.values()]
}

function shrinking(rows: number): readonly number[] {
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
