// Two plans side by side, by meaning: which stages are new, gone, renamed or changed, and down to which attribute.
// Names, order and comments never count: what two things mean is in their fingerprints, and only where those differ is it looked
// for the reason. Pure; printing is the caller's (`rlpc diff`, `rlpc plan`), and so is deciding what to run.

import { nameless } from '../graph/nameless.js'
import { canonicalJson, contentHash } from './canonical.js'
import { isList, type ClaimPlan, type DatasetPlan, type Expr, type Plan, type RewardPlan, type StagePlan, type Value } from './plan.js'

/** What stands at one place of a plan. */
export type Fact =
  | { readonly value: Value }
  | { readonly expr: Expr }
  /** A program of `Plan.programs`, by key. */
  | { readonly program: string }
  | { readonly text: string }

/** One attribute, by path (`optimizer.lr.peak`, `prompts.take`): absent on the side that has none. */
export interface Difference {
  readonly path: string
  readonly before?: Fact
  readonly after?: Fact
}

export interface StageComparison {
  readonly address: string
  readonly name: string
  readonly kind: string
  readonly change: 'same' | 'renamed' | 'added' | 'removed' | 'changed'
  /** Its address before, where that is another. */
  readonly formerly?: string
  readonly differences: readonly Difference[]
  /** Stages that it reads, and whose change is the reason or a part of it. */
  readonly through: readonly string[]
}

export interface ClaimComparison {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly differences: readonly Difference[]
}

export interface PlanComparison {
  /** Nothing that runs or is claimed means anything else. */
  readonly same: boolean
  readonly stages: readonly StageComparison[]
  readonly claims: readonly ClaimComparison[]
  readonly outputs: readonly Difference[]
  /** For people: what parameters do shows in the stages. */
  readonly parameters: readonly Difference[]
}

/** How `after` differs from `before`. Linear in the stages of both. */
export function comparePlans(before: Plan, after: Plan): PlanComparison {
  const sides = new Sides(before, after)
  const stages = [...after.stages.map((stage) => sides.stage(stage)), ...sides.removed()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  const claims = named(before.claims, after.claims).flatMap(([name, old, now]): ClaimComparison[] => {
    if (!old || !now) return [{ name, change: old ? 'removed' : 'added', differences: [] }]
    const differences = sides.claim(old, now)
    return differences.length === 0 ? [] : [{ name, change: 'changed', differences }]
  })
  const outputs = sides.outputs()
  const parameters = named(before.parameters, after.parameters).flatMap(([name, old, now]) => sides.maybe(name, old?.value, now?.value))
  return { same: stages.every(({ change }) => change === 'same' || change === 'renamed') && claims.length === 0 && outputs.length === 0, stages, claims, outputs, parameters }
}

const NO_NAME = {}

class Sides {
  private readonly old: ReadonlyMap<string, StagePlan>
  private readonly now: ReadonlyMap<string, StagePlan>
  /** Address before → address now, of stages that only have another name. */
  private readonly renamed = new Map<string, string>()
  private readonly formerly = new Map<string, string>()
  private readonly computes = new Map<string, string>()
  private readonly shared = new Map<string, Difference[]>()
  /** Of a value before: what it was compared with. Instances of one declaration have most values in common. */
  private readonly compared = new Map<object, { readonly now: Value; readonly path: string; readonly found: Difference[] }>()

  constructor(
    private readonly before: Plan,
    private readonly after: Plan,
  ) {
    this.old = new Map(before.stages.map((stage) => [stage.address, stage]))
    this.now = new Map(after.stages.map((stage) => [stage.address, stage]))
    this.pair(({ fingerprint }) => fingerprint)
    this.pair(ownText)
  }

  /** Finds stages that have another address now: first those that mean the same, then those that say the same of what they read. */
  private pair(key: (stage: StagePlan) => string): void {
    const gone = new Map<string, string>()
    for (const stage of this.before.stages) if (!this.now.has(stage.address) && !this.renamed.has(stage.address)) gone.set(key(stage), stage.address)
    if (gone.size === 0) return
    for (const stage of this.after.stages) {
      if (this.old.has(stage.address) || this.formerly.has(stage.address)) continue
      const from = gone.get(key(stage))
      if (from === undefined) continue
      gone.delete(key(stage))
      this.renamed.set(from, stage.address)
      this.formerly.set(stage.address, from)
    }
  }

  stage(stage: StagePlan): StageComparison {
    const { address, name, kind } = stage
    const formerly = this.formerly.get(address)
    const old = this.old.get(formerly ?? address)
    const was = formerly === undefined ? NO_NAME : { formerly }
    if (!old) return { address, name, kind, ...was, differences: [], through: [], change: 'added' }
    if (old.fingerprint === stage.fingerprint) return { address, name, kind, ...was, differences: [], through: [], change: formerly === undefined ? 'same' : 'renamed' }
    const { differences, through } = this.differences(old, stage)
    return { address, name, kind, ...was, differences, through, change: 'changed' }
  }

  removed(): StageComparison[] {
    return this.before.stages.flatMap(({ address, name, kind }): StageComparison[] => (this.now.has(address) || this.renamed.has(address) ? [] : [{ address, name, kind, change: 'removed', differences: [], through: [] }]))
  }

  claim(old: ClaimPlan, now: ClaimPlan): Difference[] {
    const checks = (claim: ClaimPlan, side: 'before' | 'after') => canonicalJson(claim.checks.map(({ key, expr }) => ({ key, expr: this.claimed(expr, side) })))
    const keys = ({ checks: all }: ClaimPlan) => all.map(({ key }) => key)
    const found = [...this.maybe('at_least', old.atLeast, now.atLeast), ...this.maybe('before', old.before, now.before)]
    if (checks(old, 'before') === checks(now, 'after')) return found
    const required = old.text === now.text ? [] : [text('require', old.text, now.text)]
    const checked = this.maybe('checks', keys(old), keys(now))
    // The same words over other constants.
    return [...found, ...required, ...checked, ...(required.length + checked.length > 0 ? [] : this.expr('require', old.checks[0]?.expr, now.checks[0]?.expr))]
  }

  outputs(): Difference[] {
    return this.fields('', this.before.outputs, this.after.outputs).filter((each) => this.sameOutput(each) === undefined)
  }

  fields(path: string, old: Readonly<Record<string, Value>>, now: Readonly<Record<string, Value>>): Difference[] {
    // Nearly all fields of nearly all stages are the same: only the names of the others are put in order.
    const found: [name: string, differences: Difference[]][] = []
    const look = (name: string) => {
      const [a, b] = [old[name], now[name]]
      if (a === b) return
      const differences = this.maybe(path === '' ? name : `${path}.${name}`, a, b)
      if (differences.length > 0) found.push([name, differences])
    }
    for (const name in old) look(name)
    for (const name in now) if (!Object.hasOwn(old, name)) look(name)
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, differences]) => differences)
  }

  /** Of values that one side may lack. */
  maybe(path: string, old: Value | undefined, now: Value | undefined): Difference[] {
    if (old === undefined && now === undefined) return []
    if (old === undefined) return [{ path, after: { value: now as Value } }]
    if (now === undefined) return [{ path, before: { value: old } }]
    return this.value(path, old, now)
  }

  private differences(old: StagePlan, now: StagePlan): { differences: Difference[]; through: string[] } {
    const through = new Set<string>()
    const found = [
      ...(old.kind === now.kind ? [] : [text('kind', old.kind, now.kind)]),
      ...(old.engine === now.engine ? [] : [text('engine', old.engine ?? 'none', now.engine ?? 'none')]),
      ...this.fields('', old.inputs, now.inputs),
      ...this.fields('', old.attributes, now.attributes),
    ]
    const differences = found.filter((each) => {
      const same = this.sameOutput(each)
      if (same !== undefined) through.add(same)
      return same === undefined
    })
    // A formula that changed behind an unchanged name.
    const spoken = new Set(differences.map(({ path }) => path.split('.')[0] as string))
    const changed = (role: string) => old.programs[role] !== undefined && now.programs[role] !== undefined && old.programs[role] !== now.programs[role] && this.program(this.before, old.programs[role]) !== this.program(this.after, now.programs[role])
    const program = (path: string, role: string): Difference => ({ path, before: { program: old.programs[role] as string }, after: { program: now.programs[role] as string } })
    const objective = OBJECTIVE.roles.find(changed)
    if (objective !== undefined && !OBJECTIVE.attributes.some((attribute) => spoken.has(attribute))) differences.push(program('objective', objective))
    if (changed('lr') && !spoken.has('optimizer')) differences.push(program('optimizer.lr', 'lr'))
    if (old.seed !== now.seed && !spoken.has('seed')) differences.push({ path: 'seed of the pipeline, as this stage sees it', before: { value: old.seed }, after: { value: now.seed } })
    // Everything a person can see is the same, and the lowering is not: another version of the compiler.
    if (differences.length === 0 && through.size === 0) differences.push(text('compiler', this.before.compiler, this.after.compiler))
    return { differences, through: [...through].sort() }
  }

  /** The stage whose output stands on both sides, whatever became of it. */
  private sameOutput({ before, after }: Difference): string | undefined {
    const [from, to] = [before && 'value' in before ? before.value : null, after && 'value' in after ? after.value : null]
    if (!isStage(from) || !isStage(to)) return undefined
    return (this.renamed.get(from.stage) ?? from.stage) === to.stage && from.output === to.output ? to.stage : undefined
  }

  private value(path: string, old: Value, now: Value): Difference[] {
    if (old === now) return []
    if (old === null || typeof old !== 'object') return this.different(path, old, now)
    if ('unit' in old && typeof now === 'object' && now !== null && 'unit' in now && old.unit === now.unit && old.value === now.value) return []
    const known = this.compared.get(old)
    if (known && known.now === now && known.path === path) return known.found
    const found = this.different(path, old, now)
    this.compared.set(old, { now, path, found })
    return found
  }

  private different(path: string, old: Value, now: Value): Difference[] {
    const leaf = (): Difference[] => (this.meaning(old, 'before') === this.meaning(now, 'after') ? [] : [{ path, before: { value: old }, after: { value: now } }])
    if (old === null || now === null || typeof old !== 'object' || typeof now !== 'object') return leaf()
    if (isList(old) || isList(now)) return isList(old) && isList(now) && old.length === now.length ? old.flatMap((item, i) => this.value(`${path}[${i}]`, item, now[i] as Value)) : leaf()
    if ('record' in old && 'record' in now) return this.fields(path, old.record, now.record)
    if ('call' in old && 'call' in now && old.call === now.call) return this.fields(path, old.args, now.args)
    if ('fn' in old && 'fn' in now && old.fn === now.fn) return this.fields(path, old.args, now.args)
    if ('model' in old && 'model' in now) return this.once(path, old, now, () => this.model(path, old.model, now.model))
    if ('dataset' in old && 'dataset' in now) return this.once(path, old, now, () => this.dataset(path, old.dataset, now.dataset))
    if ('reward' in old && 'reward' in now) return this.once(path, old, now, () => this.reward(path, old, now))
    if ('curriculum' in old && 'curriculum' in now) return this.once(path, old, now, () => this.curriculum(path, old.curriculum, now.curriculum))
    return leaf()
  }

  /** Thousands of stages read the same dataset or reward. */
  private once(path: string, old: object, now: object, compare: () => Difference[]): Difference[] {
    const key = JSON.stringify([path, old, now])
    const found = this.shared.get(key) ?? compare()
    this.shared.set(key, found)
    return found
  }

  private model(path: string, old: string, now: string): Difference[] {
    const [a, b] = [this.before.models[old], this.after.models[now]]
    if (!a || !b) return []
    const found = [
      ...(a.architecture === b.architecture ? [] : [text(`${path}.architecture`, a.architecture, b.architecture)]),
      ...this.fields(path, a.config as Readonly<Record<string, Value>>, b.config as Readonly<Record<string, Value>>),
      ...this.fields(path, plain(a.source), plain(b.source)),
    ]
    if (canonicalJson(a.tokenizer) !== canonicalJson(b.tokenizer)) found.push(text(`${path}.vocabulary`, vocabulary(a.tokenizer), vocabulary(b.tokenizer)))
    if (found.length === 0 && canonicalJson(a.weights) !== canonicalJson(b.weights)) found.push(text(`${path}.weights`, 'other names, shapes or first values', 'these'))
    return found
  }

  private dataset(path: string, old: string, now: string): Difference[] {
    const [a, b] = [datasetAt(this.before, old), datasetAt(this.after, now)]
    if (!a || !b) return []
    return [
      ...this.value(path, a.source, b.source),
      ...this.expr(`${path}.where`, a.where, b.where),
      ...this.expr(`${path}.balance`, a.balance, b.balance),
      ...this.maybe(`${path}.skip`, a.skip, b.skip),
      ...this.maybe(`${path}.take`, a.take, b.take),
      ...this.fields(`${path}.row`, a.row, b.row),
    ]
  }

  private reward(path: string, old: { readonly reward: string; readonly term?: string }, now: { readonly reward: string; readonly term?: string }): Difference[] {
    const found = old.term === now.term ? [] : [text(`${path}.term`, old.term ?? 'total', now.term ?? 'total')]
    const [a, b] = [this.before.rewards[old.reward], this.after.rewards[now.reward]]
    if (!a || !b) return found
    for (const [name, x, y] of named(a.signals, b.signals)) found.push(...this.expr(`${path}.${name}`, x?.expr, y?.expr))
    const terms = ({ terms: all }: RewardPlan) => all.map(({ name }) => name)
    if (canonicalJson(terms(a)) !== canonicalJson(terms(b))) found.push({ path: `${path}.terms`, before: { value: terms(a) }, after: { value: terms(b) } })
    if (this.program(this.before, a.program) !== this.program(this.after, b.program)) found.push({ path: `${path}.formula`, before: { program: a.program }, after: { program: b.program } })
    for (const [name, field] of ON) found.push(...this.maybe(`${path}.${name}`, a[field], b[field]))
    return found
  }

  private curriculum(path: string, old: string, now: string): Difference[] {
    const [a, b] = [this.before.curricula[old]?.phases ?? [], this.after.curricula[now]?.phases ?? []]
    const names = (phases: typeof a) => phases.map(({ name }) => name)
    if (a.length !== b.length) return [{ path: `${path}.phases`, before: { value: names(a) }, after: { value: names(b) } }]
    return a.flatMap((phase, i) => {
      const other = b[i] as typeof phase
      const at = `${path}.${other.name}`
      return [...this.value(`${at}.data`, phase.data, other.data), ...this.maybe(`${at}.least`, phase.least, other.least), ...this.maybe(`${at}.most`, phase.most, other.most), ...this.expr(`${at}.advance`, phase.advance, other.advance)]
    })
  }

  private expr(path: string, old: Expr | undefined, now: Expr | undefined): Difference[] {
    const [a, b] = [old && canonicalJson(this.claimed(old, 'before')), now && canonicalJson(this.claimed(now, 'after'))]
    if (a === b) return []
    // Where only what a stage made is another (`scored(…, by = taste.model)`), that stage is the reason, not the expression.
    const stages = old && now ? this.stagesBehind(path, old, now) : []
    return stages.length > 0 ? stages : [{ path, ...(old ? { before: { expr: old } } : {}), ...(now ? { after: { expr: now } } : {}) }]
  }

  /** The outputs of stages that two calls are given, when the calls are otherwise the same. */
  private stagesBehind(path: string, old: Expr, now: Expr): Difference[] {
    if (!('call' in old) || !('call' in now) || old.call !== now.call) return []
    const differing = [...new Set([...Object.keys(old.args), ...Object.keys(now.args)])].filter((name) => {
      const [a, b] = [old.args[name], now.args[name]]
      return !a || !b || canonicalJson(this.claimed(a, 'before')) !== canonicalJson(this.claimed(b, 'after'))
    })
    const found = differing.map((name): Difference | undefined => {
      const [a, b] = [old.args[name], now.args[name]]
      return a && b && 'const' in a && 'const' in b && isStage(a.const) && isStage(b.const) ? { path: `${path}.${name}`, before: { value: a.const }, after: { value: b.const } } : undefined
    })
    return found.every((each) => each !== undefined) ? found : []
  }

  /** An expression with the stages of both sides under one name. */
  private claimed(expr: Expr, side: 'before' | 'after'): unknown {
    if ('const' in expr) return { const: this.meaning(expr.const, side) }
    if ('field' in expr) return { field: expr.field, of: this.claimed(expr.of, side) }
    if ('op' in expr) return { op: expr.op, args: expr.args.map((arg) => this.claimed(arg, side)) }
    if ('if' in expr) return { if: this.claimed(expr.if, side), then: this.claimed(expr.then, side), else: this.claimed(expr.else, side) }
    if ('call' in expr) return { call: expr.call, args: Object.fromEntries(Object.entries(expr.args).map(([name, arg]) => [name, this.claimed(arg, side)])) }
    if ('stage' in expr) return { stage: side === 'before' ? (this.renamed.get(expr.stage) ?? expr.stage) : expr.stage, metric: expr.metric }
    return expr
  }

  /** Text that is equal when two leaves mean the same. */
  private meaning(value: Value, side: 'before' | 'after'): string {
    const plan = side === 'before' ? this.before : this.after
    const stages = side === 'before' ? this.old : this.now
    const clean = (inner: Value): unknown => {
      if (inner === null || typeof inner !== 'object') return inner
      if (isList(inner)) return inner.map(clean)
      if ('stage' in inner) return { stage: stages.get(inner.stage)?.fingerprint ?? inner.stage, output: inner.output }
      if ('secret' in inner) return { secret: null }
      if ('record' in inner) return { record: Object.fromEntries(Object.entries(inner.record).map(([name, field]) => [name, clean(field)])) }
      if ('call' in inner) return { call: inner.call, args: Object.fromEntries(Object.entries(inner.args).map(([name, field]) => [name, clean(field)])) }
      if ('dataset' in inner) return { dataset: clean(datasetAt(plan, inner.dataset)?.source ?? null) }
      if ('expr' in inner) return { expr: this.claimed(inner.expr, side) }
      return inner
    }
    return canonicalJson(clean(value))
  }

  private program({ programs }: Plan, key: string): string {
    const known = this.computes.get(key)
    const graph = programs[key]
    if (known !== undefined || !graph) return known ?? key
    const found = contentHash(nameless(graph))
    this.computes.set(key, found)
    return found
  }
}

/** What a stage says itself: everything but which stages it reads. */
function ownText({ kind, keys, attributes, inputs }: StagePlan): string {
  return canonicalJson({ kind, keys, attributes, inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, isStage(value) ? value.output : value])) })
}

/** Programs that an objective becomes, and the attributes that it is written in. */
const OBJECTIVE = { roles: ['weigh', 'measure', 'advantage'], attributes: ['advantage', 'loss', 'aggregate'] } as const
const ON = [
  ['on_error', 'onError'],
  ['on_timeout', 'onTimeout'],
  ['on_missing', 'onMissing'],
] as const

/** A declared dataset, or the data of a phase (`school.basics`). */
function datasetAt({ datasets, curricula }: Plan, address: string): DatasetPlan | undefined {
  const declared = datasets[address]
  if (declared) return declared
  const dot = address.lastIndexOf('.')
  const phase = curricula[address.slice(0, dot)]?.phases.find(({ name }) => name === address.slice(dot + 1))
  return phase && { source: phase.data, row: {} }
}

/** Everything that either list has, by name, in the order of the names. */
function named<T extends { readonly name: string }>(old: readonly T[], now: readonly T[]): (readonly [string, T | undefined, T | undefined])[] {
  const [a, b] = [new Map(old.map((each) => [each.name, each])), new Map(now.map((each) => [each.name, each]))]
  return [...new Set([...a.keys(), ...b.keys()])].sort().map((name) => [name, a.get(name), b.get(name)] as const)
}

const text = (path: string, before: string, after: string): Difference => ({ path, before: { text: before }, after: { text: after } })
const plain = (source: object): Readonly<Record<string, Value>> => source as Readonly<Record<string, Value>>
const vocabulary = (tokenizer: { readonly kind: string; readonly vocabulary: readonly string[] } | null): string => (tokenizer ? `${tokenizer.vocabulary.length} ${tokenizer.kind}` : 'none')
const isStage = (value: Value): value is { readonly stage: string; readonly output: string } => typeof value === 'object' && value !== null && 'stage' in value
