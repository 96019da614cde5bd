// What every way to make a model gives (`models.ts` is the table of them).

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { ModelPlan } from '../../spec/plan/plan.js'

export interface LoweredModel {
  /** Absent when the sizes do not fit together; then there are diagnostics. */
  readonly model: ModelPlan | undefined
  readonly diagnostics: readonly Diagnostic[]
}
