// One instance of a declaration → its draft: models, datasets, rewards, curricula, stages.
// Each reads its settings and says which of them mean what.

import type { GenericDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { Expr } from '../../spec/plan/plan.js'
import { TERM_WORDS } from '../check/members.js'
import type { KindSchema } from '../kinds/schema.js'
import type { DeclarationSymbol } from '../resolve/program.js'
import type { Context, Frame } from './context.js'
import type { AnyDraft, CurriculumDraft, DatasetDraft, ModelDraft, PhaseDraft, RewardDraft, StageDraft, TermDraft } from './drafts.js'
import { evaluate } from './evaluate.js'
import { instanceFrame, type Instance } from './instances.js'
import { addressesIn } from './references.js'
import { rowOf, rowOfSource, type Row } from './row-types.js'
import type { Settings } from './setting.js'
import { grantsOf, readSettings, referencesOf, type Reference } from './settings.js'
import { toExpr } from './to-plan.js'
import { NONE, POISON, type CompileValue } from './value.js'
import { patchOf } from './variants.js'

interface Subject {
  readonly context: Context
  readonly symbol: DeclarationSymbol
  readonly declaration: GenericDeclaration
  readonly kind: KindSchema
  readonly instance: Instance
  readonly frame: Frame
}

type Drafter = (subject: Subject) => AnyDraft

/** Declaration word → how it is drafted. Other words (`param`, `fn`, …) are values, not things of the plan. */
const DRAFTERS: Readonly<Record<string, Drafter>> = {
  model: draftModel,
  dataset: draftDataset,
  reward: draftReward,
  curriculum: draftCurriculum,
  stage: draftStage,
}

export function isDrafted(word: string): boolean {
  return Object.hasOwn(DRAFTERS, word)
}

/** The draft of one instance; `undefined` when its kind is unknown, which was reported. */
export function draftOf(context: Context, symbol: DeclarationSymbol, instance: Instance): AnyDraft | undefined {
  const { declaration } = symbol
  if (declaration.node !== 'Declaration') return undefined
  const kind = context.kinds.kindOf(declaration, symbol.module)
  const drafter = DRAFTERS[declaration.word.name]
  return kind && drafter?.({ context, symbol, declaration, kind, instance, frame: instanceFrame(symbol, instance) })
}

function draftModel({ context, declaration, kind, instance, frame }: Subject): ModelDraft {
  const settings = readSettings(context, kind, { declaration, body: declaration.body, prefix: '', address: instance.address }, frame)
  const span = declaration.name.span
  return { draft: 'model', address: instance.address, span, kind, settings, references: referencesOf(settings.referring(), span) }
}

function draftStage({ context, declaration, kind, instance, frame }: Subject): StageDraft {
  const settings = readSettings(context, kind, { declaration, body: declaration.body, prefix: '', address: instance.address }, frame)
  const span = declaration.name.span
  const keys = Object.fromEntries(declaration.keys.map(({ name }, i) => [name.name, instance.keys[i] as string | number]))
  return { draft: 'stage', address: instance.address, span, name: declaration.name.name, keys, kind, settings, references: referencesOf(settings.referring(), span) }
}

function draftDataset({ context, symbol, declaration, kind, instance, frame }: Subject): DatasetDraft {
  const span = declaration.name.span
  const declared = rowOf(declaration.type, symbol.module)
  const value = patchOf(context, declaration, '')?.value ?? declaration.value
  if (value) {
    const source = evaluate(context, value, frame)
    return dataset(instance.address, span, source, undefined, declared, references(source, value.span))
  }
  const settings = readSettings(context, kind, { declaration, body: declaration.body, prefix: '', address: instance.address }, frame)
  return dataset(instance.address, span, valueOf(settings, 'source'), settings, declared, referencesOf(settings.referring(), span))
}

function dataset(address: string, span: Span, source: CompileValue, settings: Settings | undefined, declared: Row, references: readonly Reference[]): DatasetDraft {
  const row = Object.keys(declared).length > 0 ? declared : rowOfSource(source)
  const where = exprOf(settings, 'where') ?? exprOf(settings, 'select')
  return { draft: 'dataset', address, span, source, where, balance: exprOf(settings, 'balance'), skip: numberOf(settings, 'skip'), take: numberOf(settings, 'take'), row, references }
}

function draftReward({ context, declaration, kind, instance, frame }: Subject): RewardDraft {
  const span = declaration.name.span
  const found: Reference[] = []
  const locals = new Map(frame.locals)
  const read = (name: string, word: string, value: CompileValue, at: Span): TermDraft => {
    found.push(...references(value, at))
    // Later terms and the total name this one instead of repeating it.
    if (word !== 'total') locals.set(name, value.type === 'poison' ? POISON : { type: 'deferred', expr: { name } })
    return { name, measure: word === 'measure', expr: toExpr(value), span: at }
  }
  const terms: TermDraft[] = []
  for (const item of declaration.body?.items ?? []) {
    if (item.node !== 'Declaration' || !TERM_WORDS.includes(item.word.name)) continue
    const value = patchOf(context, declaration, item.name.name)?.value ?? item.value
    if (!value) continue
    const at = { ...frame, locals, grants: grantsOf(kind, 'total') }
    terms.push(read(item.name.name, item.word.name, evaluate(context, value, at), value.span))
  }
  const settings = readSettings(context, kind, { declaration, body: declaration.body, prefix: '', address: instance.address }, { ...frame, locals })
  const total = settings.get('total')
  const either = (path: string): number | 'stop' => {
    const value = valueOf(settings, path)
    return value.type === 'number' ? value.value : 'stop'
  }
  return {
    draft: 'reward',
    address: instance.address,
    span,
    terms,
    total: read('total', 'total', total?.value ?? POISON, total?.written?.span ?? span),
    onError: either('on_error'),
    onTimeout: either('on_timeout'),
    onMissing: either('on_missing'),
    references: found,
  }
}

function draftCurriculum({ context, symbol, declaration, instance, frame }: Subject): CurriculumDraft {
  const row = rowOf(declaration.type, symbol.module)
  const phases: PhaseDraft[] = []
  for (const item of declaration.body?.items ?? []) {
    const kind = item.node === 'Declaration' && item.word.name === 'phase' ? context.kinds.kindOf(item, symbol.module) : undefined
    if (item.node !== 'Declaration' || !kind) continue
    const name = item.name.name
    const settings = readSettings(context, kind, { declaration, body: item.body, prefix: `${name}.`, address: `${instance.address}.${name}` }, frame)
    const between = valueOf(settings, 'between')
    const bound = (value: CompileValue | undefined) => (value?.type === 'number' ? value.value : undefined)
    phases.push({
      name,
      dataset: dataset(`${instance.address}.${name}`, item.name.span, valueOf(settings, 'data'), settings, row, referencesOf(settings.referring(), item.name.span)),
      least: (between.type === 'range' ? bound(between.low) : undefined) ?? 0,
      most: (between.type === 'range' ? bound(between.high) : undefined) ?? null,
      advance: exprOf(settings, 'advance'),
    })
  }
  return { draft: 'curriculum', address: instance.address, span: declaration.name.span, phases, references: phases.flatMap(({ dataset: { references: found } }) => found) }
}

export function valueOf(settings: Settings | undefined, path: string): CompileValue {
  return settings?.get(path)?.value ?? NONE
}

function exprOf(settings: Settings | undefined, path: string): Expr | undefined {
  const value = valueOf(settings, path)
  return value.type === 'none' || value.type === 'poison' ? undefined : toExpr(value)
}

function numberOf(settings: Settings | undefined, path: string): number | undefined {
  const value = valueOf(settings, path)
  return value.type === 'number' ? value.value : undefined
}

function references(value: CompileValue, span: Span): readonly Reference[] {
  return addressesIn(value).map((address) => ({ address, span }))
}
