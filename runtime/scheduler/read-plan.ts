// From the text of a plan file to a plan, checked against its schema.

import type { Plan } from '../../spec/plan/plan.js'
import { planProblem } from '../../spec/plan/validate.js'

/** A plan, or in words why the text is none. */
export function readPlan(text: string): { readonly plan: Plan } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { problem: `it is not JSON (${(cause as Error).message})` }
  }
  const problem = planProblem(value)
  return problem === undefined ? { plan: value as Plan } : { problem }
}
