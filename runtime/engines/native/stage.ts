// What a stage is given while it runs, and what it gives back. The scheduler implements it; kinds only use it.

import type { Plan, StagePlan, Value } from '../../../spec/plan/plan.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import type { Dataset } from '../../data/dataset.js'
import type { Executor } from '../../executors/executor.js'
import type { ModelWeights } from './model.js'
import type { PolicyWeights } from './policy.js'

/** One line of numbers: deterministic, so no times. `null` = not defined in this step. */
export type Metrics = Readonly<Record<string, number | string | null | Readonly<Record<string, number | null>>>>

/** Where a training stage stands, beside its tensors. */
export interface Progress {
  readonly updates: number
  readonly course: unknown
  /** Whether any update so far had a gradient. */
  readonly learned: boolean
  /** The latest values of the metric that sums up the stage. */
  readonly recent: readonly number[]
}

export interface StageRun {
  readonly plan: Plan
  readonly stage: StagePlan
  readonly executor: Executor
  /** Folder of the spec: relative paths start there. */
  readonly root: string
  openDataset(value: Value): Promise<Dataset>
  openPolicy(value: Value): Promise<PolicyWeights>
  /** A model of any architecture. */
  openModel(value: Value): Promise<ModelWeights>
  /** A metric of a finished stage. */
  readonly metric: (stage: string, metric: string) => number
  /** A step is done: append its numbers to the run's metrics. `steps` is the length of the stage. */
  step(step: number, steps: number, metrics: Metrics): void
  /** Finer progress than steps, only shown. */
  tick(what: string, done: number, of: number): void
  /** Something about the whole stage that its numbers do not say: told now, and kept with the result. */
  note(code: string, message: string): void
  /** Keep an example of what the policy writes. */
  sample(line: Readonly<Record<string, unknown>>): void
  /** True when someone wants the run to stop: save and end with RLP8002. */
  stopping(): boolean
  /** True when so much time has passed since the last save that it is worth another. */
  saveDue(): boolean
  /** Keep the state to continue from. `planned`: because the spec says so, not because time has passed or someone stops the run. */
  save(tensors: readonly StoredTensor[], progress: Progress, planned: boolean): void
  /** Part of the work, by its name, that an interrupted run of this stage kept; undefined when it is to be made. Given once. */
  kept(name: string): unknown
  /** Keep a part of the work that is not done twice: plain data, and how many completions it holds. */
  keep(name: string, completions: number, value: unknown): void
  /** The state that an interrupted run of this stage kept. */
  saved(): { tensors: ReadonlyMap<string, StoredTensor>; progress: Progress } | undefined
}

/** What a finished stage hands over; metrics are the outputs of type `Real`. */
export interface StageResult {
  readonly metrics: Readonly<Record<string, number>>
  /** Outputs that are models. */
  readonly policies?: Readonly<Record<string, { at: ModelWeights; weights: readonly StoredTensor[] }>>
  /** Outputs of type `Dataset`. */
  readonly datasets?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

export type StageKind = (run: StageRun) => Promise<StageResult>
