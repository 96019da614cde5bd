// Drafts → plan: lowers models, rewards and stages, hashes their programs, fingerprints, and puts everything in order.
// What lowering is comes from the caller, so that `check` need not load it.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { Graph } from '../../spec/graph/graph.js'
import { contentHash } from '../../spec/plan/canonical.js'
import { chooseEngine } from '../../spec/plan/engines.js'
import { askedRoles } from '../../spec/plan/looks.js'
import type { CurriculumPlan, DatasetPlan, ModelPlan, Plan, RewardPlan, StagePlan } from '../../spec/plan/plan.js'
import { plannedSteps, unequalBudgets } from '../elaborate/budget.js'
import { report } from '../elaborate/codes.js'
import { neededStages, type Drafts } from '../elaborate/dependencies.js'
import type { AnyDraft, CurriculumDraft, DatasetDraft, ModelDraft, StageDraft } from '../elaborate/drafts.js'
import type { Elaborated } from '../elaborate/elaborate.js'
import { adapterIn, behind, behindInput, behindValue } from '../elaborate/lineage.js'
import { rewardToLower } from '../lower/reward-to-lower.js'
import { toValue } from '../elaborate/to-plan.js'
import { real, type CompileValue } from '../elaborate/value.js'
import type { LoweredReward, LoweredStage, LoweringContext, RewardToLower, StageToLower } from '../lower/types.js'
import type { LoweredModel } from '../model/lowered.js'
import type { KindSchema } from '../kinds/schema.js'
import type { Program } from '../resolve/program.js'
import { Fingerprints } from './fingerprint.js'
import { memoised } from './memoised.js'
import { BehindPlans, reportFault } from './model-changes.js'
import { modelsThatDoNotFit } from './model-fits.js'
import { saidBy } from './said.js'
import { combineSeeds } from './seed.js'
import { sharing } from './shared-lowering.js'

export interface Lowering {
  model(kind: string, attributes: ReadonlyMap<string, CompileValue>, span: Span): LoweredModel
  reward(reward: RewardToLower): LoweredReward
  stage(stage: StageToLower, context: LoweringContext): LoweredStage
}

export interface PlanHeader {
  /** `rlpc 0.1.0` */
  readonly compiler: string
  /** The name of a run without a `pipeline`. */
  readonly fallbackName: string
  readonly variant: string | undefined
}

/** The plan of elaborated sources without errors or circles; no plan when lowering finds errors. */
export function assemble(program: Program, elaborated: Elaborated, lowering: Lowering, header: PlanHeader): { plan: Plan | undefined; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const { drafts, pipeline, claims } = elaborated
  const of = <K extends AnyDraft['draft']>(kind: K) => [...drafts.values()].filter((draft): draft is AnyDraft & { draft: K } => draft.draft === kind).sort(byAddress)
  const stageDrafts = of('stage')
  const programs: Record<string, Graph> = {}
  const keys = new Map<Graph, string>()
  const store = (graph: Graph): string => {
    const key = keys.get(graph) ?? contentHash(graph)
    keys.set(graph, key)
    programs[key] = graph
    return key
  }

  const models = new Map<string, ModelPlan>()
  for (const draft of of('model')) {
    const lowered = lowering.model(draft.kind.name, modelAttributes(draft, pipeline.seed), draft.span)
    diagnostics.push(...lowered.diagnostics)
    if (lowered.model) models.set(draft.address, lowered.model)
  }

  const rewards: Record<string, RewardPlan> = {}
  const rewardPrograms = new Map<string, Graph>()
  for (const draft of of('reward')) {
    const lowered = lowering.reward(rewardToLower(draft, program))
    diagnostics.push(...lowered.diagnostics)
    const { signals, terms, total } = lowered
    rewardPrograms.set(draft.address, lowered.program)
    rewards[draft.address] = { signals, terms, total, program: store(lowered.program), onError: draft.onError, onTimeout: draft.onTimeout, onMissing: draft.onMissing }
  }

  const lowerStage = sharing((stage) => {
    const found = lowering.stage(stage, { constant: elaborated.constant })
    diagnostics.push(...found.diagnostics)
    return found
  })
  const engineFor = memoised((kind: KindSchema) => memoised((model: ModelPlan | undefined) => chooseEngine(kind.engines, model, kind.sections.has('optimizer'))))
  const plans = new BehindPlans(drafts, models)
  const seeds = memoised((own: number) => combineSeeds(pipeline.seed, own))
  const lowered = new Map<string, LoweredDraft>()
  for (const draft of stageDrafts) {
    const { model } = behind(drafts, draft)
    const modelPlan = plans.under(draft)
    const fault = plans.fault(draft, modelPlan)
    if (fault) diagnostics.push(reportFault(draft, fault))
    diagnostics.push(...modelsThatDoNotFit(draft, modelPlan, (value) => plans.of(behindValue(drafts, value))))
    const environment = plans.environment(draft)
    const choice = environment === undefined ? engineFor(draft.kind)(modelPlan) : chooseEngine(draft.kind.engines, modelPlan, false, environment)
    const { programs: graphs, written, estimate } = lowerStage(draft, { model: modelPlan, reference: plans.of(behindInput(drafts, draft, 'reference')), withoutEngine: choice.engine === null, steps: plannedSteps(drafts, draft), looks: rewardsOf(draft).some((address) => askedRoles(rewards[address]?.signals ?? []).length > 0) })
    lowered.set(draft.address, { programs: graphs, written, estimate, model, seed: seeds(seedOf(draft)), engine: choice.engine, obstacle: choice.engine === null ? choice.obstacle : undefined })
  }
  for (const { name, budget } of claims) {
    if (budget?.measure !== 'flops') continue
    const unequal = unequalBudgets(name, budget, (address) => lowered.get(address)?.estimate.flops)
    if (unequal) diagnostics.push(unequal)
  }
  if (diagnostics.some(({ severity }) => severity === 'error')) return { plan: undefined, diagnostics }

  const fingerprints = new Fingerprints(drafts, { models, rewards: rewardPrograms, stages: lowered })
  // One object for all stages with the same programs: whoever walks the plan can tell.
  const stored = memoised((roles: LoweredDraft['programs']) => Object.fromEntries(Object.entries(roles).map(([role, graph]) => [role, store(graph)])))
  const stages = stageDrafts.map((draft): StagePlan => {
    const { programs: roles, estimate, seed, engine, obstacle } = lowered.get(draft.address) as LoweredDraft
    const reward = rewardOf(draft)
    return {
      address: draft.address,
      name: draft.name,
      keys: draft.keys,
      kind: draft.kind.name,
      engine,
      ...(obstacle === undefined ? {} : { obstacle }),
      ...saidBy(draft),
      programs: stored(roles),
      seed,
      needs: neededStages(drafts, draft.address, standsOn(drafts, draft)),
      estimate: reward === undefined || !rewards[reward] ? estimate : { ...estimate, reward: rewards[reward].total },
      fingerprint: fingerprints.of(draft.address),
    }
  })
  diagnostics.push(...identicalInstances(stageDrafts, fingerprints))

  const datasets: [string, DatasetPlan][] = of('dataset').map((draft) => [draft.address, datasetPlan(draft)])
  for (const { phases } of of('curriculum')) datasets.push(...phases.map(({ dataset }): [string, DatasetPlan] => [dataset.address, datasetPlan(dataset)]))
  const plan: Plan = {
    format: 1,
    edition: 1,
    compiler: header.compiler,
    name: pipeline.name ?? header.fallbackName,
    variant: header.variant ?? null,
    parameters: [...elaborated.parameters].sort(byName),
    models: Object.fromEntries(models),
    datasets: Object.fromEntries(datasets),
    rewards,
    curricula: Object.fromEntries(of('curriculum').map((draft) => [draft.address, curriculumPlan(draft)])),
    programs,
    stages,
    claims: claims.map(({ name, doc, text, checks, atLeast, before }) => ({ name, doc, text, checks, ...(atLeast === undefined ? {} : { atLeast }), ...(before ? { before: [...before.stages].sort() } : {}) })).sort(byName),
    outputs: Object.fromEntries([...pipeline.outputs].map(([name, value]) => [name, toValue(value)])),
    secrets: [...elaborated.secrets].sort(byName),
  }
  return { plan, diagnostics }
}

interface LoweredDraft extends Pick<LoweredStage, 'programs' | 'written' | 'estimate'> {
  readonly model: string | undefined
  readonly seed: number
  readonly engine: string | null
  readonly obstacle: string | undefined
}

/** Addresses of the stages whose weights stand still under a stage's adapter: they are read, too. */
function standsOn(drafts: Drafts, stage: StageDraft): readonly string[] {
  const adapter = adapterIn(behind(drafts, stage).changes)
  return adapter ? neededStages(drafts, adapter.address) : []
}

function modelAttributes(draft: ModelDraft, pipelineSeed: number): ReadonlyMap<string, CompileValue> {
  const attributes = new Map([...draft.settings.values()].map(({ path, value }) => [path, value]))
  const own = attributes.get('seed')
  return attributes.set('seed', real(combineSeeds(pipelineSeed, own?.type === 'number' ? own.value : 0)))
}

function seedOf({ settings }: StageDraft): number {
  const value = settings.get('seed')?.value
  return value?.type === 'number' ? value.value : 0
}

function datasetPlan({ source, where, balance, skip, take, row }: DatasetDraft): DatasetPlan {
  return {
    source: toValue(source),
    ...(where === undefined ? {} : { where }),
    ...(balance === undefined ? {} : { balance }),
    ...(skip === undefined || skip === 0 ? {} : { skip }),
    ...(take === undefined ? {} : { take }),
    row,
  }
}

function curriculumPlan({ phases }: CurriculumDraft): CurriculumPlan {
  return { phases: phases.map(({ name, dataset, least, most, advance }) => ({ name, data: { dataset: dataset.address }, least, most, ...(advance === undefined ? {} : { advance }) })) }
}

/** The rewards that a stage reads, whole or a term of them. */
function rewardsOf({ settings }: StageDraft): readonly string[] {
  return settings.referring().flatMap(({ value }) => (value.type === 'ref' && value.to.kind === 'reward' ? [value.to.address] : []))
}

function rewardOf({ settings }: StageDraft): string | undefined {
  for (const { value } of settings.referring()) if (value.type === 'ref' && value.to.kind === 'reward' && value.to.term === undefined) return value.to.address
  return undefined
}

/** Keys that change nothing are a mistake more often than not: a seed that no attribute reads. */
function identicalInstances(stages: readonly StageDraft[], fingerprints: Fingerprints): readonly Diagnostic[] {
  const groups = new Map<string, StageDraft[]>()
  for (const stage of stages) {
    const key = `${stage.name} ${fingerprints.of(stage.address)}`
    const group = groups.get(key)
    if (group) group.push(stage)
    else groups.set(key, [stage])
  }
  const found = new Map<Span, Diagnostic>()
  for (const [first, second] of groups.values()) {
    if (!first || !second || found.has(first.span)) continue
    const keys = Object.keys(first.keys).filter((key) => first.keys[key] !== second.keys[key])
    const named = keys.map((key) => `\`${key}\``).join(', ')
    found.set(
      first.span,
      report('RLP5008', first.span, `\`${first.address}\` and \`${second.address}\` are the same`, {
        label: `${named} changes nothing here`,
        notes: ['instances with the same meaning are run once and share the result'],
        help: keys.includes('seed') ? 'write `seed = seed` in this stage' : `use ${named} in an attribute, or take it out of the keys`,
      }),
    )
  }
  return [...found.values()]
}

function byAddress(a: { address: string }, b: { address: string }): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
