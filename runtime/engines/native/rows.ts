// What each kind of stage demands of the rows that it reads: fields, words of the vocabulary, room in the context.
// The same checks that the stage makes while it runs, so that they can be made before anything runs.

import type { StagePlan } from '../../../spec/plan/plan.js'
import { number, optionalNumber } from './attributes.js'
import type { Drawn } from './course.js'
import { framePair } from './dpo.js'
import { promptTokens } from './prompts.js'
import { frameSample } from './sft.js'
import type { Reader } from './policy.js'

export interface RowDemand {
  /** The input whose rows are read. */
  readonly input: string
  /** Whether the stage reads every row once, so that data without an end is a mistake. */
  readonly everyRow: boolean
  /** Throws a `HostError` for a row that the stage cannot read. Absent when any row will do. */
  readonly check?: (stage: StagePlan, reader: Reader) => (drawn: Drawn) => void
}

const longest = (stage: StagePlan, { context }: Reader): number => Math.min(context, optionalNumber(stage, 'context') ?? context)

const completes = (input: string, maxNew: string, everyRow: boolean): RowDemand => ({
  input,
  everyRow,
  check: (stage, reader) => (drawn) => void promptTokens(reader, drawn, number(stage, maxNew)),
})

/** Stage kind → what it demands. Kinds without a row read no texts. */
export const rowDemands: Readonly<Record<string, RowDemand>> = {
  Sft: { input: 'data', everyRow: false, check: (stage, reader) => (drawn) => void frameSample(reader, drawn, longest(stage, reader)) },
  Dpo: { input: 'data', everyRow: false, check: (stage, reader) => (drawn) => void framePair(reader, drawn, longest(stage, reader)) },
  Grpo: completes('prompts', 'rollout.max_new', false),
  Generate: completes('prompts', 'max_new', true),
  Evaluate: completes('data', 'max_new', true),
  Filter: { input: 'data', everyRow: true },
}
