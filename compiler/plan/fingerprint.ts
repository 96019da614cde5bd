// Fingerprints: SHA-256 of what a thing of the plan means. References are replaced by the meaning of their target,
// so names, paths, comments, addresses and order never enter; equal fingerprints give equal results.

import { canonicalJson, CanonicalText, contentHash } from '../../spec/plan/canonical.js'
import type { Graph } from '../../spec/graph/graph.js'
import { nameless } from '../../spec/graph/nameless.js'
import { isList, type Expr, type ModelPlan, type Value } from '../../spec/plan/plan.js'
import type { Drafts } from '../elaborate/dependencies.js'
import type { DatasetDraft, RewardDraft, StageDraft } from '../elaborate/drafts.js'
import type { Family, Setting } from '../elaborate/setting.js'
import { toValue } from '../elaborate/to-plan.js'
import { qualifiedName } from '../resolve/program.js'

/** What lowering found for each address. */
export interface Meanings {
  readonly models: ReadonlyMap<string, ModelPlan>
  readonly rewards: ReadonlyMap<string, Graph>
  /** What the functions of a stage became, and its seed and engine. How its model is computed is in no fingerprint: it may get better without another meaning. */
  readonly stages: ReadonlyMap<string, { readonly written: Readonly<Record<string, Graph>>; readonly seed: number; readonly engine: string | null; readonly model: string | undefined }>
}

/** Canonical data that holds values, hashes and nothing else. */
type Meaning = null | boolean | number | string | CanonicalText | readonly Meaning[] | { readonly [key: string]: Meaning | undefined }

/** Of the canonical JSON of settings: a text that instances share, or a setting where they differ. */
type Piece = { readonly text: string } | { readonly path: string }

/** How often the state of a stage is kept changes no number, unless one of the saves is chosen as the output `best`. */
const SAVING: readonly string[] = ['save.keep', 'save.every']
const SAVING_BEST: readonly string[] = ['save.keep']
/** Attributes that a kind got later. Where one is `none` it is as if there were none: such stages keep the fingerprint, and so the random numbers, that they had. */
const LATER: Readonly<Record<string, readonly string[]>> = { 'std/stages.Sft': ['until'], 'std/stages.Dpo': ['until'] }

export class Fingerprints {
  private readonly known = new Map<string, string>()
  private readonly graphs = new WeakMap<Graph, string>()
  /** What instances share is written once. */
  private readonly families = new Map<Family, Map<string, readonly Piece[]>>()
  private readonly programs = new Map<Readonly<Record<string, Graph>>, CanonicalText>()

  constructor(
    private readonly drafts: Drafts,
    private readonly meanings: Meanings,
  ) {}

  /** Of any address of the drafts; 64 hexadecimal digits. */
  of(address: string): string {
    const known = this.known.get(address)
    if (known !== undefined) return known
    const found = contentHash(this.meaning(address))
    this.known.set(address, found)
    return found
  }

  private meaning(address: string): Meaning {
    const draft = this.drafts.get(address)
    switch (draft?.draft) {
      case 'model':
        return { model: (this.meanings.models.get(address) ?? null) as unknown as Meaning }
      case 'dataset':
        return this.dataset(draft)
      case 'reward':
        return this.reward(draft)
      case 'curriculum':
        return {
          phases: draft.phases.map(({ dataset, least, most, advance }) => ({ data: this.dataset(dataset), least, most, advance: advance && this.expr(advance) })),
        }
      case 'stage':
        return this.stage(draft)
      default:
        return this.phase(address)
    }
  }

  /** `school.basics`: a phase has no draft of its own. */
  private phase(address: string): Meaning {
    const at = address.lastIndexOf('.')
    const curriculum = this.drafts.get(address.slice(0, at))
    const phase = curriculum?.draft === 'curriculum' ? curriculum.phases.find(({ name }) => name === address.slice(at + 1)) : undefined
    return phase ? this.dataset(phase.dataset) : null
  }

  private stage(draft: StageDraft): Meaning {
    const lowered = this.meanings.stages.get(draft.address)
    return {
      kind: qualifiedName(draft.kind.symbol),
      settings: this.settingsOf(draft),
      programs: this.programsOf(lowered?.written ?? {}),
      seed: lowered?.seed ?? 0,
      engine: lowered?.engine ?? '',
      model: lowered?.model === undefined ? null : this.of(lowered.model),
    }
  }

  private settingsOf({ kind, settings }: StageDraft): CanonicalText {
    const best = settings.get('save.best')?.plain
    const saving = best === undefined || best === 'last' ? SAVING : SAVING_BEST
    const later = (LATER[qualifiedName(kind.symbol)] ?? []).filter((path) => settings.get(path)?.plain === null)
    let text = ''
    for (const piece of this.piecesOf(settings.family, [...saving, ...later])) {
      text += `${text === '' ? '' : ','}${'text' in piece ? piece.text : this.field(settings.get(piece.path) as Setting)}`
    }
    return new CanonicalText(`{${text}}`)
  }

  /** The canonical JSON of a family's settings but `unread`, in pieces: neighbours that are the same for all instances are one text. */
  private piecesOf(family: Family, unread: readonly string[]): readonly Piece[] {
    const ofFamily = this.families.get(family) ?? new Map<string, readonly Piece[]>()
    this.families.set(family, ofFamily)
    const key = unread.join(' ')
    const known = ofFamily.get(key)
    if (known) return known
    const pieces: Piece[] = []
    for (const path of [...family.slots.keys()].sort()) {
      if (unread.includes(path)) continue
      const shared = family.shared.get(path)
      const last = pieces.at(-1)
      if (!shared) pieces.push({ path })
      else if (last && 'text' in last) pieces[pieces.length - 1] = { text: `${last.text},${this.field(shared)}` }
      else pieces.push({ text: this.field(shared) })
    }
    ofFamily.set(key, pieces)
    return pieces
  }

  private field({ path, plain }: Setting): string {
    return `${JSON.stringify(path)}:${canonicalJson(this.value(plain))}`
  }

  private programsOf(programs: Readonly<Record<string, Graph>>): CanonicalText {
    const known = this.programs.get(programs)
    if (known) return known
    const found = new CanonicalText(canonicalJson(Object.fromEntries(Object.entries(programs).map(([role, graph]) => [role, this.graph(graph)]))))
    this.programs.set(programs, found)
    return found
  }

  private dataset({ source, where, balance, skip, take, row }: DatasetDraft): Meaning {
    return { source: this.value(toValue(source)), where: where && this.expr(where), balance: balance && this.expr(balance), skip: skip ?? 0, take: take ?? null, row }
  }

  private reward(draft: RewardDraft): Meaning {
    const program = this.meanings.rewards.get(draft.address)
    return {
      terms: draft.terms.map(({ name, measure, expr }) => ({ name, expr: this.expr(expr), ...(measure ? { measure } : {}) })),
      total: this.expr(draft.total.expr),
      program: program ? this.graph(program) : null,
      onError: draft.onError,
      onTimeout: draft.onTimeout,
      onMissing: draft.onMissing,
    }
  }

  private graph(graph: Graph): string {
    const known = this.graphs.get(graph)
    if (known !== undefined) return known
    const found = contentHash(nameless(graph))
    this.graphs.set(graph, found)
    return found
  }

  private value(value: Value): Meaning {
    if (value === null || typeof value !== 'object') return value
    if (isList(value)) return value.map((item) => this.value(item))
    if ('record' in value) return { record: this.all(value.record) }
    if ('call' in value) return { call: value.call, args: this.all(value.args) }
    // What a function computes is in the programs.
    if ('fn' in value) return { fn: null }
    if ('expr' in value) return { expr: this.expr(value.expr) }
    if ('secret' in value) return { secret: null }
    if ('model' in value) return { model: this.of(value.model) }
    if ('dataset' in value) return { dataset: this.of(value.dataset) }
    if ('curriculum' in value) return { curriculum: this.of(value.curriculum) }
    if ('reward' in value) return { reward: this.of(value.reward), term: value.term }
    if ('stage' in value) return { stage: this.of(value.stage), output: value.output }
    return value as unknown as Meaning
  }

  private expr(expr: Expr): Meaning {
    if ('const' in expr) return { const: this.value(expr.const) }
    if ('name' in expr) return { name: expr.name }
    if ('field' in expr) return { field: expr.field, of: this.expr(expr.of) }
    if ('op' in expr) return { op: expr.op, args: expr.args.map((arg) => this.expr(arg)) }
    if ('if' in expr) return { if: this.expr(expr.if), then: this.expr(expr.then), else: this.expr(expr.else) }
    if ('call' in expr) return { call: expr.call, args: Object.fromEntries(Object.entries(expr.args).map(([name, arg]) => [name, this.expr(arg)])) }
    return { stage: this.of(expr.stage), metric: expr.metric }
  }

  private all(fields: Readonly<Record<string, Value>>): Meaning {
    return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, this.value(field)]))
  }
}
