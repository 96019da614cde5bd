// Budgets of training stages as far as they are known before anything runs, and claims that arms have the same (`EqualBudget`).
// FLOPs are counted in programs, so they are compared when those are there, by the same rule.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import { report } from './codes.js'
import type { Drafts } from './dependencies.js'
import type { ModelDraft, StageDraft } from './drafts.js'
import { modelBehind } from './lineage.js'
import type { CompileValue } from './value.js'

export type Measure = 'steps' | 'samples' | 'tokens' | 'flops'

/** What a claim of kind `EqualBudget` says. */
export interface BudgetDraft {
  readonly measure: Measure
  /** Addresses of the arms. */
  readonly arms: readonly string[]
  readonly span: Span
}

/** Budget of a stage in a measure that needs no programs; `undefined` when the run decides it, or the kind has none. */
export function plannedBudget(drafts: Drafts, stage: StageDraft, measure: Exclude<Measure, 'flops'>): number | undefined {
  const steps = plannedSteps(drafts, stage)
  const samples = number(stage, 'batch') ?? rolloutsOf(stage)
  if (steps === undefined || measure === 'steps') return steps
  if (measure === 'samples') return samples === undefined ? undefined : steps * samples
  // Only rows that are cut to one length have a number of tokens that is known.
  const row = stage.kind.name === 'Pretrain' ? rowLength(drafts, stage) : undefined
  return samples === undefined || row === undefined ? undefined : steps * samples * row
}

/** Optimiser steps of a training stage, those of epochs from the size of its data; `undefined` when it is not known. */
export function plannedSteps(drafts: Drafts, stage: StageDraft): number | undefined {
  const length = stage.settings.get('length')?.value
  if (length?.type !== 'number') return undefined
  const most = number(stage, 'until') ?? Infinity
  if (length.unit === 'steps') return Math.min(length.value, most)
  const batch = number(stage, 'batch') ?? rolloutsOf(stage)
  if (batch === undefined) return undefined
  if (length.unit === 'tokens') {
    const row = rowLength(drafts, stage)
    return row === undefined ? undefined : Math.min(Math.ceil(length.value / (batch * row)), most)
  }
  const rows = rowsOf(drafts, stage.settings.get('data')?.value)
  return rows === undefined ? undefined : Math.min(Math.max(1, Math.round((length.value * rows) / batch)), most)
}

/** Rollouts that one update learns from. */
function rolloutsOf(stage: StageDraft): number | undefined {
  const [prompts, size] = [number(stage, 'rollout.per_step'), number(stage, 'group_size')]
  return prompts === undefined || size === undefined ? undefined : (prompts * size) / (number(stage, 'update.splits') ?? 1)
}

function rowLength(drafts: Drafts, stage: StageDraft): number | undefined {
  const address = modelBehind(drafts, stage)
  const model = address === undefined ? undefined : drafts.get(address)
  const room = model?.draft === 'model' ? number(model, 'context') : undefined
  const own = number(stage, 'context')
  return room === undefined ? own : Math.min(own ?? room, room)
}

/** How many rows a dataset says it has: what it takes of its source, or what a `subset` takes. */
function rowsOf(drafts: Drafts, value: CompileValue | undefined): number | undefined {
  if (value?.type === 'call' && value.fn.name === 'subset') {
    const take = value.arguments.get('take')
    return take?.type === 'number' ? take.value : undefined
  }
  const draft = value?.type === 'ref' ? drafts.get(value.to.address) : undefined
  if (draft?.draft !== 'dataset') return undefined
  return draft.take ?? (draft.where === undefined && (draft.skip ?? 0) === 0 ? rowsOf(drafts, draft.source) : undefined)
}

function number({ settings }: StageDraft | ModelDraft, path: string): number | undefined {
  const value = settings.get(path)?.value
  return value?.type === 'number' ? value.value : undefined
}

/** What is wrong with the budgets of a claim's arms; `undefined` when they are known and equal. */
export function unequalBudgets(name: string, { measure, arms, span }: BudgetDraft, budgetOf: (address: string) => number | undefined): Diagnostic | undefined {
  const budgets = arms.map((address) => ({ address, budget: budgetOf(address) }))
  const unknown = budgets.find(({ budget }) => budget === undefined)
  if (unknown) {
    return report('RLP5014', span, `claim \`${name}\` compares ${measure} that are not known before the run`, {
      label: `those of \`${unknown.address}\` are not`,
      notes: measure === 'tokens' ? ['only `Pretrain` cuts its data to rows of a known number of tokens'] : [],
      help: measure === 'steps' ? 'compare training stages, and give their length in steps, or in epochs of data with a `take`' : 'compare `"steps"`, or name training stages whose budget is known',
    })
  }
  const [first] = budgets
  const other = budgets.find(({ budget }) => budget !== first?.budget)
  if (!first || !other) return undefined
  return report('RLP5014', span, `the arms of \`${name}\` have different budgets`, {
    label: `${first.budget} ${measure} in \`${first.address}\`, ${other.budget} in \`${other.address}\``,
    help: 'give them the same length and batch, or compare what they have in common',
  })
}
