// What elaboration hands to lowering, and what it gets back: the one interface between the two.
// Data only; `stage.ts` and `reward.ts` have the functions.

import type { FunctionDeclaration } from '../../grammar/ast/ast.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { Expr, ModelPlan, RewardPlan, StagePlan } from '../../spec/plan/plan.js'
import type { CompileValue } from '../elaborate/value.js'
import type { KindSchema } from '../kinds/schema.js'
import type { DeclarationSymbol } from '../resolve/program.js'

/** One instance of a stage with every attribute evaluated. */
export interface StageToLower {
  readonly address: string
  readonly kind: KindSchema
  /** By path (`loss`, `optimizer.lr`, `rollout.max_new`), defaults filled in; functions are closures, quantities numbers in their canonical unit. */
  readonly attributes: ReadonlyMap<string, CompileValue>
  /** Inputs of the kind that the stage gives (`policy`, `reference`, …); an input that is `none` is not given. */
  readonly inputs: ReadonlySet<string>
  /** The model behind the stage's policy; kinds without a policy (`Filter`) have none. */
  readonly model: ModelPlan | undefined
  /** The model behind the reference policy, where it is another than `model`. */
  readonly reference?: ModelPlan
  /** No engine computes the model: only the objective and the schedule are lowered. */
  readonly withoutEngine?: boolean
  /** Optimiser steps when `length` is not in steps (epochs over data of known size). */
  readonly steps?: number
  /** A reward of it asks where the model looks. */
  readonly looks?: boolean
  readonly span: Span
  /** Where an attribute was written; `undefined` for defaults. */
  spanOf(path: string): Span | undefined
}

/** What function bodies may refer to outside themselves. */
export interface LoweringContext {
  /** Value of a `const` or `param` that a function's body names. */
  constant(symbol: DeclarationSymbol): CompileValue
}

export interface LoweredStage {
  /** Role → program; which roles a kind has is said in `spec/plan/README.md`. */
  readonly programs: Readonly<Record<string, Graph>>
  /** Those of them that functions of the stage became. The others follow from its kind, model and settings, and from how this version of rlpc computes them. */
  readonly written: Readonly<Record<string, Graph>>
  readonly estimate: StagePlan['estimate']
  readonly diagnostics: readonly Diagnostic[]
}

/** The numbers of a reward as they were elaborated: earlier terms are named by `{ name }`, or written out. */
export interface RewardToLower {
  readonly name: string
  readonly terms: readonly { readonly name: string; readonly measure: boolean; readonly expr: Expr; readonly span: Span }[]
  readonly total: { readonly expr: Expr; readonly span: Span }
  /** What `on_error`, `on_timeout` and `on_missing` put in the place of a signal: part of every signal's range. */
  readonly substitutes?: readonly number[]
  /** Declaration of an `extern fn` by its qualified name (`std/signals.exact`), for the type and range of its result. */
  extern(call: string): FunctionDeclaration | undefined
}

export interface LoweredReward extends Pick<RewardPlan, 'signals' | 'terms' | 'total'> {
  /** Feeds: signals `[N]`; fetches: the terms and `total`, `[N]`. */
  readonly program: Graph
  readonly diagnostics: readonly Diagnostic[]
}
