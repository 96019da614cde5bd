// What elaboration makes of each instance: values and expressions with the places they come from.
// Nothing is lowered or hashed yet; `../plan` does that.

import type { Span } from '../../grammar/source/source.js'
import type { Expr } from '../../spec/plan/plan.js'
import type { KindSchema } from '../kinds/schema.js'
import type { BudgetDraft } from './budget.js'
import type { Key } from './instances.js'
import type { Row } from './row-types.js'
import type { Settings } from './setting.js'
import type { Reference } from './settings.js'
import type { CompileValue } from './value.js'

interface Draft {
  readonly address: string
  /** The declaration's name, for messages. */
  readonly span: Span
  /** Everything that must be there first. */
  readonly references: readonly Reference[]
}

export interface ModelDraft extends Draft {
  readonly draft: 'model'
  readonly kind: KindSchema
  readonly settings: Settings
}

export interface DatasetDraft extends Draft {
  readonly draft: 'dataset'
  readonly source: CompileValue
  readonly where: Expr | undefined
  readonly balance: Expr | undefined
  readonly skip: number | undefined
  readonly take: number | undefined
  readonly row: Row
}

export interface TermDraft {
  readonly name: string
  /** Logged only, no part of the total. */
  readonly measure: boolean
  readonly expr: Expr
  readonly span: Span
}

export interface RewardDraft extends Draft {
  readonly draft: 'reward'
  readonly terms: readonly TermDraft[]
  readonly total: TermDraft
  readonly onError: number | 'stop'
  readonly onTimeout: number | 'stop'
  readonly onMissing: number | 'stop'
}

export interface PhaseDraft {
  readonly name: string
  readonly dataset: DatasetDraft
  readonly least: number
  readonly most: number | null
  readonly advance: Expr | undefined
}

export interface CurriculumDraft extends Draft {
  readonly draft: 'curriculum'
  readonly phases: readonly PhaseDraft[]
}

export interface StageDraft extends Draft {
  readonly draft: 'stage'
  readonly name: string
  readonly keys: Readonly<Record<string, Key>>
  readonly kind: KindSchema
  readonly settings: Settings
}

export type AnyDraft = ModelDraft | DatasetDraft | RewardDraft | CurriculumDraft | StageDraft

export interface ClaimDraft {
  readonly name: string
  readonly span: Span
  readonly doc: string
  readonly text: string
  readonly checks: readonly { readonly key: string; readonly expr: Expr }[]
  readonly atLeast: number | undefined
  /** Of an `EqualBudget` only. */
  readonly budget: BudgetDraft | undefined
  /** Of a `Gate` only: addresses of the stages that wait for it. */
  readonly before: { readonly stages: readonly string[]; readonly span: Span } | undefined
  readonly references: readonly Reference[]
}

/** The run as a whole. */
export interface PipelineDraft {
  readonly name: string | undefined
  readonly seed: number
  readonly outputs: ReadonlyMap<string, CompileValue>
  readonly references: readonly Reference[]
}
