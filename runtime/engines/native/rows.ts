// What each kind of stage demands of the rows that it reads: fields, words of the vocabulary, room in the context.
// The same checks that the stage makes while it runs, so that they can be made before anything runs.

import { ROLES } from '../../../spec/plan/looks.js'
import type { ModelPlan, StagePlan } from '../../../spec/plan/plan.js'
import { number, optionalNumber } from './attributes.js'
import { rolesOf } from './attention-sft.js'
import type { Drawn } from './course.js'
import { framePair } from './dpo.js'
import { promptTokens } from './prompts.js'
import { frameSample } from './sft.js'
import type { Reader } from './policy.js'
import { documentTokens } from './token-stream.js'
import { rewardsOf, transitionOf } from './transitions.js'
import { vectorOf } from './vectors.js'

export interface RowDemand {
  /** The input whose rows are read. */
  readonly input: string
  /** Whether the stage reads every row once, so that data without an end is a mistake. */
  readonly everyRow: boolean
  /** Throws a `HostError` for a row that the stage cannot read. Absent when any row will do. */
  readonly check?: (stage: StagePlan, model: ModelOfStage) => (drawn: Drawn) => void
}

/** The model that the rows go to, as far as it is known before it is trained. */
export interface ModelOfStage {
  readonly plan: () => ModelPlan
  /** Of language models only. */
  readonly reader: () => Reader
}

const longest = (stage: StagePlan, { context }: Reader): number => Math.min(context, optionalNumber(stage, 'context') ?? context)

/** A check by what reads texts, opened once. */
const reading = (check: (stage: StagePlan, reader: Reader) => (drawn: Drawn) => void): RowDemand['check'] => (stage, model) => check(stage, model.reader())

const completes = (input: string, maxNew: string, everyRow: boolean): RowDemand => ({
  input,
  everyRow,
  check: reading((stage, reader) => (drawn) => void promptTokens(reader, drawn, number(stage, maxNew))),
})
const classifies: RowDemand = { input: 'data', everyRow: true, check: (_, { plan }) => (drawn) => void vectorOf(plan(), drawn) }
const transitions: RowDemand['check'] = (stage, { plan }) => (drawn) => {
  const { config } = plan()
  void transitionOf(drawn, { observations: Number(config['observations']), actions: Number(config['actions']) }, rewardsOf(stage))
}
const streams = (everyRow: boolean): RowDemand => ({ input: 'data', everyRow, check: reading((_, { tokenizer }) => (drawn) => void documentTokens(tokenizer, drawn)) })

/** Each row has tokens of both roles. */
const looking = (stage: StagePlan, reader: Reader) => {
  const roles = rolesOf(stage, reader)
  return (drawn: Drawn): void => {
    const sequence = frameSample(reader, drawn, longest(stage, reader))
    for (const role of ROLES) roles.marks(sequence, role, drawn.place)
  }
}

/** Stage kind → what it demands. Kinds without a row read no data. */
export const rowDemands: Readonly<Record<string, RowDemand>> = {
  Pretrain: streams(false),
  EvaluateLoss: streams(true),
  Supervised: classifies,
  EvaluateClassifier: classifies,
  GradientNorm: { ...classifies, input: 'rows' },
  Sft: { input: 'data', everyRow: false, check: reading((stage, reader) => (drawn) => void frameSample(reader, drawn, longest(stage, reader))) },
  AttentionSft: { input: 'data', everyRow: false, check: reading((stage, reader) => looking(stage, reader)) },
  Dpo: { input: 'data', everyRow: false, check: reading((stage, reader) => (drawn) => void framePair(reader, drawn, longest(stage, reader))) },
  RewardModel: { input: 'data', everyRow: false, check: reading((stage, reader) => (drawn) => void framePair(reader, drawn, longest(stage, reader))) },
  EvaluateRewardModel: { input: 'data', everyRow: true, check: reading((_, reader) => (drawn) => void framePair(reader, drawn, reader.context)) },
  OfflineRl: { input: 'data', everyRow: false, check: transitions },
  OnlineRl: { input: 'offline', everyRow: false, check: transitions },
  Grpo: completes('prompts', 'rollout.max_new', false),
  AsyncGrpo: completes('prompts', 'rollout.max_new', false),
  Ppo: completes('prompts', 'rollout.max_new', false),
  Generate: completes('prompts', 'max_new', true),
  Evaluate: completes('data', 'max_new', true),
  PartSearch: completes('data', 'max_new', true),
  ForceAnswer: completes('data', 'max_new', true),
  MajorityVote: completes('data', 'max_new', true),
  TreeSearch: completes('data', 'max_new', true),
  Perplexity: { input: 'data', everyRow: true, check: reading((stage, reader) => (drawn) => void frameSample(reader, drawn, longest(stage, reader))) },
  Filter: { input: 'data', everyRow: true },
}
