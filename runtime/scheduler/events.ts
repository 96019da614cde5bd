// What a run tells while it goes, and what it says at the end. Data only; rendering is in `progress.ts` and `summary.ts`.

import type { Metrics } from '../engines/native/stage.js'

/** `gated`: a claim that it waits for does not hold; `skipped`: a stage that it needs failed or was stopped. */
export type StageStatus = 'done' | 'reused' | 'failed' | 'skipped' | 'stopped' | 'gated'

export interface RunError {
  /** Code of the 8xxx table. */
  readonly code: string
  readonly message: string
  readonly help?: string
}

export type RunEvent =
  | { readonly type: 'run'; readonly id: string; readonly folder: string; readonly stages: readonly string[] }
  /** `from`, `completions` > 0: continued after so many steps or completions of an interrupted run. */
  | { readonly type: 'started'; readonly stage: string; readonly kind: string; readonly from: number; readonly completions: number }
  /** `rate` in steps per second, `left` in seconds. */
  | { readonly type: 'step'; readonly stage: string; readonly step: number; readonly steps: number; readonly metrics: Metrics; readonly rate: number; readonly left: number }
  /** Progress within a step, or of a stage without steps. */
  | { readonly type: 'tick'; readonly stage: string; readonly what: string; readonly done: number; readonly of: number }
  /** A program that takes long to compile: when it begins, and with its seconds when it is done. */
  | { readonly type: 'compiling'; readonly what: string; readonly seconds?: number }
  | { readonly type: 'note'; readonly stage: string; readonly code: string; readonly message: string }
  /** A gate was decided, before the first stage that waits for it. */
  | { readonly type: 'gate'; readonly gate: ClaimOutcome }
  | { readonly type: 'finished'; readonly stage: string; readonly outcome: StageOutcome }

export interface StageOutcome {
  readonly address: string
  readonly kind: string
  readonly status: StageStatus
  /** Outputs of type `Real`; empty unless done or reused. */
  readonly metrics: Readonly<Record<string, number>>
  readonly seconds: number
  /** What its numbers do not say, in words. */
  readonly notes?: readonly string[]
  readonly error?: RunError
  /** For `skipped`: the stage whose failure is the cause. For `gated`: the claim. */
  readonly because?: string
}

export interface CheckOutcome {
  /** Instance key, e.g. a seed; empty when the claim has one check only. */
  readonly key: string
  /** Null when a stage that it reads was not done. */
  readonly holds: boolean | null
  /** Both sides of the comparison, where it is one. */
  readonly left: number | null
  readonly right: number | null
}

export interface ClaimOutcome {
  readonly name: string
  readonly doc: string
  readonly text: string
  readonly holds: boolean
  readonly checks: readonly CheckOutcome[]
  /** Of a gate: the stages that wait for it. */
  readonly before?: readonly string[]
}

export interface RunResult {
  readonly id: string
  readonly folder: string
  /** `failed` when a stage failed, `stopped` when someone stopped the run. */
  readonly outcome: 'done' | 'failed' | 'stopped'
  /** In the order they ran. */
  readonly stages: readonly StageOutcome[]
  readonly claims: readonly ClaimOutcome[]
  /** Why the run itself could not go on: no room, no permission, another run in the same folder. */
  readonly error?: RunError
}
