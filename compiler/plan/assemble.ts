// Drafts → plan: lowers models, rewards and stages, hashes their programs, fingerprints, and puts everything in order.
// What lowering is comes from the caller, so that `check` need not load it.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Graph } from '../../spec/graph/graph.js'
import { contentHash } from '../../spec/plan/canonical.js'
import { environmentOf } from '../../spec/plan/agents.js'
import { CHANGES, changesModel, makesModel, MAKES } from '../../spec/plan/changes.js'
import { chooseEngine } from '../../spec/plan/engines.js'
import { askedRoles } from '../../spec/plan/looks.js'
import type { CurriculumPlan, DatasetPlan, ModelPlan, Plan, RewardPlan, StagePlan, Value } from '../../spec/plan/plan.js'
import { plannedSteps, unequalBudgets } from '../elaborate/budget.js'
import { report } from '../elaborate/codes.js'
import { neededStages, type Drafts } from '../elaborate/dependencies.js'
import type { AnyDraft, CurriculumDraft, DatasetDraft, ModelDraft, StageDraft } from '../elaborate/drafts.js'
import type { Elaborated } from '../elaborate/elaborate.js'
import type { Family, Setting } from '../elaborate/setting.js'
import { adapterIn, behind, behindInput, type Behind } from '../elaborate/lineage.js'
import { rewardToLower } from '../elaborate/reward-to-lower.js'
import { toValue } from '../elaborate/to-plan.js'
import { real, type CompileValue } from '../elaborate/value.js'
import type { LoweredModel, LoweredReward, LoweredStage, LoweringContext, RewardToLower, StageToLower } from '../lower/types.js'
import type { KindSchema, Member } from '../kinds/schema.js'
import { qualifiedName, type Program } from '../resolve/program.js'
import type { Span } from '../../grammar/source/source.js'
import { Fingerprints } from './fingerprint.js'
import { combineSeeds } from './seed.js'

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
    if (fault !== undefined) diagnostics.push((faults[draft.kind.name] ?? adapterFault)(draft, fault))
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

/** `compute`, once for each argument. */
function memoised<A, R>(compute: (argument: A) => R): (argument: A) => R {
  const known = new Map<A, R>()
  return (argument) => {
    const found = known.get(argument) ?? compute(argument)
    known.set(argument, found)
    return found
  }
}

/** The plans of the models behind stages, with what changed them. */
class BehindPlans {
  private readonly attributes = memoised((stage: StageDraft) => saidBy(stage).attributes)
  /** A change that cannot be made is a mistake of its own stage: behind it the model is as it was. */
  private readonly changed = memoised((plan: ModelPlan) =>
    memoised((stage: StageDraft): ModelPlan => {
      const { name } = stage.kind
      const changed = changesModel(name) ? CHANGES[name](plan, this.attributes(stage)) : undefined
      return changed && 'model' in changed ? changed.model : plan
    }),
  )

  constructor(
    private readonly drafts: Drafts,
    private readonly models: ReadonlyMap<string, ModelPlan>,
  ) {}

  of({ model, changes }: Behind): ModelPlan | undefined {
    const plan = model === undefined ? undefined : this.models.get(model)
    return changes.reduce((at, stage) => this.made(stage) ?? (at && this.changed(at)(stage)), plan)
  }

  /** The model that a stage works on: what it is given, or makes. */
  under(stage: StageDraft): ModelPlan | undefined {
    return this.made(stage) ?? this.of(behind(this.drafts, stage))
  }

  /** The environment that a stage acts in, by its name. */
  environment(stage: StageDraft): string | undefined {
    return stage.kind.members.has('environment') ? environmentOf(this.attributes(stage)) : undefined
  }

  private made(stage: StageDraft): ModelPlan | undefined {
    const { name } = stage.kind
    return makesModel(name) ? MAKES[name](this.attributes(stage)) : undefined
  }

  /** Why a stage cannot change its model, or cannot work with the adapter that it meets. */
  fault(stage: StageDraft, model: ModelPlan | undefined): string | undefined {
    const { name } = stage.kind
    if (name === 'Merge' || name === 'ShrinkPerturb') {
      const adapted = stage.settings.referring().flatMap(({ references }) => references).some((address) => {
        const from = this.drafts.get(address)
        return from?.draft === 'stage' && (from.kind.name === 'Lora' || (from.kind.name !== 'MergeLora' && adapterIn(behind(this.drafts, from).changes) !== undefined))
      })
      return adapted ? `\`${name}\` works on whole weights, and this policy has an adapter` : undefined
    }
    if (!changesModel(name) || !model) return undefined
    const changed = CHANGES[name](model, this.attributes(stage))
    return 'fault' in changed ? changed.fault : undefined
  }
}

/** What is said of a fault, by kind; others are about adapters. */
const faults: Readonly<Record<string, (stage: StageDraft, fault: string) => Diagnostic>> = { IsolatePaths: pathsFault, ReweighAttention: rolesFault, OnlineRl: agentFault, Collect: agentFault }

function agentFault(stage: StageDraft, fault: string): Diagnostic {
  return report('RLP5018', stage.settings.get('agent')?.written?.span ?? stage.span, `\`${stage.name}\` is given an agent of another environment`, { label: fault, help: 'give both stages the same `environment`' })
}

function adapterFault(stage: StageDraft, fault: string): Diagnostic {
  const help = fault.includes('no matrix') ? 'choose among these names, or leave out `targets`' : stage.kind.name === 'MergeLora' ? 'give it a policy that comes from a `Lora`' : 'merge it first, with `MergeLora`'
  return report('RLP5016', stage.settings.get('targets')?.written?.span ?? stage.settings.get('policy')?.written?.span ?? stage.span, `\`${stage.name}\` cannot use this adapter`, { label: fault, help })
}

function pathsFault(stage: StageDraft, fault: string): Diagnostic {
  const span = ['block', 'path', 'policy'].map((path) => stage.settings.get(path)?.written?.span).find((found) => found !== undefined)
  return report('RLP5017', span ?? stage.span, `\`${stage.name}\` cannot keep the paths of this policy apart`, { label: fault, help: 'put `<…>` and `</…>` of the block and the path into the `vocabulary` of a `Transformer`, or name tags that are in it' })
}

function rolesFault(stage: StageDraft, fault: string): Diagnostic {
  const span = ['roles.image', 'roles.system', 'policy'].map((path) => stage.settings.get(path)?.written?.span).find((found) => found !== undefined)
  return report('RLP5017', span ?? stage.span, `\`${stage.name}\` cannot change the attention of this policy`, { label: fault, help: 'name the tags that open and close the tokens of each role, `roles { image = ["<img>", "</img>"], system = ["<sys>", "</sys>"] }`, and have them in the `vocabulary` of a `Transformer`' })
}

/** Addresses of the stages whose weights stand still under a stage's adapter: they are read, too. */
function standsOn(drafts: Drafts, stage: StageDraft): readonly string[] {
  const adapter = adapterIn(behind(drafts, stage).changes)
  return adapter ? neededStages(drafts, adapter.address) : []
}

interface Ground {
  readonly model: ModelPlan | undefined
  /** The model behind the input `reference`. */
  readonly reference: ModelPlan | undefined
  readonly withoutEngine: boolean
  readonly steps: number | undefined
  readonly looks: boolean
}

/** Lowers stages that differ in seeds and data only once: keyed instances mostly do. */
function sharing(lower: (stage: StageToLower) => LoweredStage) {
  const known = new Map<string, LoweredStage>()
  const instances = memoised((_: Family) => new Map<string, LoweredStage>())
  const shapes = new Map<string, number>()
  // Models that differ in their numbers alone are scored by one program.
  const shape = memoised((model: ModelPlan | undefined): number => {
    const hash = model === undefined ? '' : contentHash({ ...model, source: null })
    const number = shapes.get(hash) ?? shapes.size
    shapes.set(hash, number)
    return number
  })
  return (draft: StageDraft, given: Ground): LoweredStage => {
    const ground = shape(given.reference) === shape(given.model) ? { ...given, reference: undefined } : given
    const { model, reference, withoutEngine, steps, looks } = ground
    const about = `${shape(model)} ${shape(reference)} ${withoutEngine} ${steps} ${looks}`
    // Instances are told apart by the few settings that are their own; another declaration may still say the same.
    const ofFamily = instances(draft.settings.family)
    const instance = `${about} ${words(draft.settings.own.values())}`
    const alike = ofFamily.get(instance)
    if (alike) return alike
    const key = `${qualifiedName(draft.kind.symbol)} ${about} ${words(draft.settings.values())}`
    const found = known.get(key) ?? lower(stageToLower(draft, ground))
    known.set(key, found)
    ofFamily.set(instance, found)
    return found
  }
}

/** All that lowering sees of settings: of inputs only which are given. */
function words(settings: Iterable<Setting>): string {
  let text = ''
  for (const setting of settings) {
    if (setting.member.role === 'input') text += setting.value.type === 'none' ? ',' : ',given'
    else if (setting.path !== 'seed') text += `,${setting.text}`
  }
  return text
}

function modelAttributes(draft: ModelDraft, pipelineSeed: number): ReadonlyMap<string, CompileValue> {
  const attributes = new Map([...draft.settings.values()].map(({ path, value }) => [path, value]))
  const own = attributes.get('seed')
  return attributes.set('seed', real(combineSeeds(pipelineSeed, own?.type === 'number' ? own.value : 0)))
}

function stageToLower(draft: StageDraft, { model, reference, withoutEngine, steps, looks }: Ground): StageToLower {
  const inputs = [...draft.settings.values()].filter(({ member, value }) => member.role === 'input' && value.type !== 'none')
  return {
    address: draft.address,
    kind: draft.kind,
    attributes: new Map([...draft.settings.values()].map(({ path, value }) => [path, value])),
    inputs: new Set(inputs.map(({ path }) => path)),
    model,
    ...(reference ? { reference } : {}),
    withoutEngine,
    ...(steps === undefined ? {} : { steps }),
    looks,
    span: draft.span,
    spanOf: (path) => draft.settings.get(path)?.written?.span,
  }
}

function seedOf({ settings }: StageDraft): number {
  const value = settings.get('seed')?.value
  return value?.type === 'number' ? value.value : 0
}

type Said = Pick<StagePlan, 'attributes' | 'written' | 'inputs'>

/** Inputs, attributes (those of a section as one record), and the paths of all that is not left at its default. */
function saidBy({ settings: { family, own } }: StageDraft): Said {
  const shared = saidByAll(family)
  const said = { attributes: { ...shared.attributes }, inputs: { ...shared.inputs } }
  for (const { path, member, plain } of own.values()) put(said, path, member, plain)
  return { ...said, written: shared.written }
}

const families = new WeakMap<Family, Said>()

/** What the instances of a declaration say, with nothing where they differ: names are in their order. */
function saidByAll(family: Family): Said {
  const known = families.get(family)
  if (known) return known
  const said = { attributes: {}, inputs: {} }
  for (const { path, member } of family.slots.values()) put(said, path, member, family.shared.get(path)?.plain ?? null)
  const found = { ...said, written: [...family.slots.values()].flatMap(({ path, written }) => (written ? [path] : [])) }
  families.set(family, found)
  return found
}

function put({ attributes, inputs }: { attributes: Record<string, Value>; inputs: Record<string, Value> }, path: string, { role }: Member, value: Value): void {
  const dot = path.indexOf('.')
  if (role === 'input') inputs[path] = value
  else if (dot < 0) attributes[path] = value
  else {
    const section = attributes[path.slice(0, dot)] as { readonly record: Readonly<Record<string, Value>> } | undefined
    attributes[path.slice(0, dot)] = { record: { ...section?.record, [path.slice(dot + 1)]: value } }
  }
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
