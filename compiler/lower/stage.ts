// One stage → its programs by role, and what they will cost.
// Does not decide values or inputs: elaboration did; a table says which roles each kind has.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Graph } from '../../spec/graph/graph.js'
import { VALUE_HEAD, withScoreHead, withValueHead } from '../../spec/plan/heads.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { Attributes } from '../elaborate/attributes.js'
import type { ClosureValue } from '../elaborate/value.js'
import type { AdamW } from '../graph/composites.js'
import { decodeProgram, prefillProgram, sampleProgram } from '../model/decoding.js'
import { classifierGradient, classifierScore } from '../model/classifier.js'
import { lookingGradientProgram, lookProgram } from '../model/looking.js'
import { mergeAdapterProgram, shrinkPerturbProgram } from '../model/operations.js'
import { applyProgram, descentProgram, gradientProgram, normProgram, scoreProgram } from '../model/programs.js'
import { scorerGradientProgram, scorerProgram } from '../model/scorer.js'
import { valueGradientProgram, valueProgram } from '../model/value.js'
import { lowerAgent } from './agent.js'
import { lowerAttention } from './attention.js'
import { lowerCriticism } from './critic.js'
import { estimate } from './estimate.js'
import { lowerFunctions } from './functions.js'
import { lowerObjective, type LoweredObjective } from './objective.js'
import { lowerScalar, lowerSchedule } from './schedule.js'
import { lowerScoring } from './scoring.js'
import type { LoweredStage, LoweringContext, StageToLower } from './types.js'

const TRAINING = ['score', 'gradient', 'norm', 'apply', 'weigh', 'measure', 'lr'] as const
const ROLLOUT = ['prefill', 'decode', 'sample'] as const

interface KindRow {
  readonly roles: readonly Role[]
  /** Where it keeps its sampling settings. */
  readonly sampling?: string
  /** Attributes that are functions of plain numbers, and the names of these: a program each. */
  readonly formulas?: Readonly<Record<string, readonly string[]>>
  /** It has an objective on attention: the program `attend`. */
  readonly attention?: boolean
  /** Its model gives one number for each text. */
  readonly scorer?: true
  /** It trains a critic beside its policy, by programs that begin with `critic_`, and is fed advantages of tokens. */
  readonly critic?: boolean
}

/** Which programs a kind needs. Kinds without a row have none. */
export const kinds: Readonly<Record<string, KindRow>> = {
  Sft: { roles: TRAINING },
  Dpo: { roles: ['reference_score', ...TRAINING] },
  Grpo: { roles: ['look', 'advantage', 'reference_score', ...TRAINING, ...ROLLOUT], sampling: 'rollout.' },
  AsyncGrpo: { roles: ['look', 'advantage', 'reference_score', ...TRAINING, ...ROLLOUT], sampling: 'rollout.' },
  Ppo: { roles: ['look', 'reference_score', ...TRAINING, ...ROLLOUT], sampling: 'rollout.', critic: true },
  Generate: { roles: ['look', ...ROLLOUT], sampling: '' },
  GenerateWithTools: { roles: ROLLOUT, sampling: '' },
  Evaluate: { roles: ['look', ...ROLLOUT], sampling: '' },
  RewardModel: { roles: TRAINING, scorer: true },
  EvaluateRewardModel: { roles: ['score'], scorer: true },
  Supervised: { roles: TRAINING },
  EvaluateClassifier: { roles: ['score'] },
  GradientNorm: { roles: ['gradient', 'norm'] },
  Pretrain: { roles: TRAINING },
  EvaluateLoss: { roles: ['score'] },
  Perplexity: { roles: ['score'] },
  ShrinkPerturb: { roles: ['shrink_perturb'] },
  MergeLora: { roles: ['merge_adapter'] },
  AttentionSft: { roles: ['look', ...TRAINING], attention: true },
  PartSearch: { roles: ROLLOUT, sampling: '' },
  ForceAnswer: { roles: ROLLOUT, sampling: '' },
  MajorityVote: { roles: ['look', ...ROLLOUT], sampling: '' },
  TreeSearch: { roles: ROLLOUT, sampling: '', formulas: { select: ['value', 'visits', 'parent_visits'], evaluate: ['quality', 'association'], backup: ['value', 'visits', 'children', 'children_value'] } },
}

type Role = 'advantage' | 'look' | (typeof TRAINING)[number] | (typeof ROLLOUT)[number] | 'shrink_perturb' | 'merge_adapter' | 'reference_score'

/** Programs that functions of the stage become; they know no model. */
const WRITTEN: readonly Role[] = ['advantage', 'weigh', 'measure', 'lr']

interface Ingredients {
  readonly model: ModelPlan
  /** The model behind the reference policy, where it is another. */
  readonly reference: ModelPlan | undefined
  readonly read: Attributes
  readonly scorer: boolean
  /** It has an objective on attention. */
  readonly attends: boolean
  readonly looks: boolean
  readonly objective: Pick<LoweredObjective, 'advantage' | 'weigh' | 'measure'> & { readonly usesEntropy?: boolean } | undefined
  readonly lr: Graph | undefined
  /** Prefix of the sampling attributes. */
  readonly sampling: string
}

const adamwOf = (read: Attributes, section: string): AdamW => ({
  beta1: read.number(`${section}beta1`, 0.9),
  beta2: read.number(`${section}beta2`, 0.999),
  eps: read.number(`${section}eps`, 1e-8),
  decay: read.number(`${section}weight_decay`, 0),
})

/** One program for each role; `undefined` where a mistake was reported, or the stage needs none. */
const programs: Readonly<Record<Role, (ingredients: Ingredients) => Graph | undefined>> = {
  score: ({ model, read, scorer }) => (scorer ? shared(scorerProgram, model, {}) : model.architecture === 'mlp' ? shared(classifierScore, model, {}) : shared(scoreProgram, model, { packed: read.flag('packing') })),
  gradient: ({ model, read, scorer, attends, objective }) => {
    if (scorer) return shared(scorerGradientProgram, model, {})
    const entropy = objective?.usesEntropy === true
    if (attends) return shared(lookingGradientProgram, model, { entropy })
    return model.architecture === 'mlp' ? shared(classifierGradient, model, { entropy }) : shared(gradientProgram, model, { packed: read.flag('packing'), entropy })
  },
  look: ({ model, attends, looks }) => (attends || looks ? shared(lookProgram, model, {}) : undefined),
  norm: ({ model }) => shared(normProgram, model, {}),
  apply: ({ model, read }) => {
    const [momentum, decay] = [read.optional('optimizer.momentum'), read.number('optimizer.weight_decay', 0)]
    if (momentum !== undefined) return shared(descentProgram, model, { momentum, decay })
    return shared(applyProgram, model, adamwOf(read, 'optimizer.'))
  },
  advantage: ({ objective }) => objective?.advantage,
  weigh: ({ objective }) => objective?.weigh,
  measure: ({ objective }) => objective?.measure,
  lr: ({ lr }) => lr,
  prefill: ({ model }) => shared(prefillProgram, model, {}),
  decode: ({ model }) => shared(decodeProgram, model, {}),
  sample: ({ model, read, sampling }) =>
    shared(sampleProgram, model, {
      topK: read.number(`${sampling}top_k`, 0),
      topP: read.number(`${sampling}top_p`, 1),
      greedy: read.number(`${sampling}temperature`, 1) === 0,
    }),
  reference_score: ({ reference }) => reference && shared(scoreProgram, reference, { packed: false }),
  merge_adapter: ({ model }) => shared(mergeAdapterProgram, model, {}),
  shrink_perturb: ({ model, read }) => shared(shrinkPerturbProgram, model, { shrink: read.number('shrink', 1), perturb: read.number('perturb', 0) }),
}

/** Stages of one model share its programs, which take long to build for deep models. */
const known = new WeakMap<ModelPlan, Map<string, Graph>>()

function shared<O>(build: (model: ModelPlan, options: O) => Graph, model: ModelPlan, options: O): Graph {
  const programs = known.get(model) ?? new Map<string, Graph>()
  known.set(model, programs)
  const key = `${build.name} ${JSON.stringify(options)}`
  const graph = programs.get(key) ?? build(model, options)
  programs.set(key, graph)
  return graph
}

/** Never throws on what a user can write: mistakes come back as diagnostics, and their programs are missing. */
export function lowerStage(stage: StageToLower, context: LoweringContext): LoweredStage {
  const row = Object.hasOwn(kinds, stage.kind.name) ? kinds[stage.kind.name] : undefined
  if (!row && stage.model?.architecture === 'agent' && !stage.withoutEngine) return lowerAgent(stage, new Attributes(stage.attributes), stage.model, context)
  if (!row) return lowerFunctions(stage, context)
  if (!stage.model) return { programs: {}, written: {}, estimate: {}, diagnostics: [] }
  const scorer = row.scorer === true
  // What a stage hands over is a model with a head already.
  const model = scorer && !stage.model.weights.some(({ name }) => name === VALUE_HEAD) ? withScoreHead(stage.model) : stage.model
  const read = new Attributes(stage.attributes)
  const trains = row.roles.includes('weigh')
  const objective = !trains ? undefined : scorer ? scoringOf(stage, read, context) : objectiveOf(stage, read, context, row.critic)
  const rate = stage.attributes.get('optimizer.lr')
  const schedule = trains && rate ? lowerSchedule(rate, stage.spanOf('optimizer.lr') ?? stage.span, context) : undefined

  const ingredients: Ingredients = { model, reference: stage.reference, read, scorer, attends: row.attention === true, looks: stage.looks === true, objective: objective?.lowered, lr: schedule?.program, sampling: row.sampling ?? '' }
  const ofModel: Record<string, Graph> = {}
  const written: Record<string, Graph> = {}
  for (const role of row.roles) {
    if (stage.withoutEngine && !WRITTEN.includes(role)) continue
    const graph = programs[role](ingredients)
    if (graph) (WRITTEN.includes(role) ? written : ofModel)[role] = graph
  }
  const diagnostics = [...(objective?.diagnostics ?? []), ...(schedule?.diagnostics ?? [])]
  const attention = row.attention ? stage.attributes.get('attention') : undefined
  if (attention) {
    const attend = lowerAttention(attention, stage.spanOf('attention') ?? stage.span, context)
    diagnostics.push(...attend.diagnostics)
    if (attend.program) written['attend'] = attend.program
  }
  if (row.critic) {
    const critic = criticPrograms(stage, read, model, context)
    diagnostics.push(...critic.diagnostics)
    Object.assign(ofModel, critic.ofModel)
    Object.assign(written, critic.written)
  }
  for (const [path, names] of Object.entries(row.formulas ?? {})) {
    const value = stage.attributes.get(path)
    if (!value) continue
    const formula = lowerScalar(path, `\`${path}\` is neither a number nor a function of ${names.join(', ')}`, value, names, stage.spanOf(path) ?? stage.span, context)
    diagnostics.push(...formula.diagnostics)
    if (formula.program) written[path] = formula.program
  }
  const built = { ...ofModel, ...written }
  return { programs: built, written, estimate: estimate(stage, read, model, built), diagnostics }
}

interface Criticism extends Pick<LoweredStage, 'written' | 'diagnostics'> {
  readonly ofModel: Readonly<Record<string, Graph>>
}

/** The programs of a critic; those of its model only where an engine computes it. */
function criticPrograms(stage: StageToLower, read: Attributes, model: ModelPlan, context: LoweringContext): Criticism {
  const [advantage, scale, valueLoss, aggregate] = ['advantage', 'scale', 'value_loss', 'aggregate'].map((path) => written(stage, read.closure(path), path))
  const rate = stage.attributes.get('critic_optimizer.lr')
  if (!advantage || !scale || !valueLoss || !aggregate || !rate) return { written: {}, ofModel: {}, diagnostics: [] }
  const objective = lowerCriticism({ levels: stage.kind.levels, advantage, scale, valueLoss, aggregate }, context)
  const schedule = lowerSchedule(rate, stage.spanOf('critic_optimizer.lr') ?? stage.span, context)
  const diagnostics = [...objective.diagnostics, ...schedule.diagnostics]
  const lr: Record<string, Graph> = schedule.program ? { critic_lr: schedule.program } : {}
  const functions = { ...objective.programs, ...lr }
  if (stage.withoutEngine) return { written: functions, ofModel: {}, diagnostics }
  const critic = withValueHead(model)
  const ofModel = {
    critic_score: shared(valueProgram, critic, {}),
    critic_gradient: shared(valueGradientProgram, critic, {}),
    critic_norm: shared(normProgram, critic, {}),
    critic_apply: shared(applyProgram, critic, adamwOf(read, 'critic_optimizer.')),
  }
  return { written: functions, ofModel, diagnostics }
}

/** A function with the place where this stage gives it. */
function written(stage: StageToLower, closure: ClosureValue | undefined, path: string): ClosureValue | undefined {
  return closure && { ...closure, span: stage.spanOf(path) ?? stage.span }
}

function scoringOf(stage: StageToLower, read: Attributes, context: LoweringContext): ReturnType<typeof lowerScoring> {
  const [loss, aggregate] = ['loss', 'aggregate'].map((path) => written(stage, read.closure(path), path))
  return loss && aggregate ? lowerScoring({ levels: stage.kind.levels, loss, aggregate }, context) : { lowered: undefined, diagnostics: [] }
}

function objectiveOf(stage: StageToLower, read: Attributes, context: LoweringContext, fed = false): { lowered: LoweredObjective | undefined; diagnostics: readonly Diagnostic[] } {
  const [loss, aggregate] = ['loss', 'aggregate'].map((path) => written(stage, read.closure(path), path))
  // Without them the checker has already said what is missing.
  if (!loss || !aggregate) return { lowered: undefined, diagnostics: [] }
  return lowerObjective(
    {
      levels: stage.kind.levels,
      advantage: fed ? undefined : written(stage, read.closure('advantage'), 'advantage'),
      fed,
      loss,
      aggregate,
      reference: stage.inputs.has('reference'),
      divided: read.number('update.splits', 1) > 1,
    },
    context,
  )
}
