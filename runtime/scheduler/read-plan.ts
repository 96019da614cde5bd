// From the text of a plan file to a plan, checked against its schema and its checksum.

import type { Plan } from '../../spec/plan/plan.js'
import { isSealed } from '../../spec/plan/sealed.js'
import { planProblem } from '../../spec/plan/validate.js'

/** A plan, or in words why the text is none; `vouched`: the text is known by a hash that stands elsewhere. */
export function readPlan(text: string, { vouched = false }: { readonly vouched?: boolean } = {}): { readonly plan: Plan } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { problem: `it is not JSON (${(cause as Error).message})` }
  }
  const problem = planProblem(value)
  if (problem !== undefined) return { problem }
  if (!vouched && !isSealed(text)) return { problem: 'it is not what was compiled: it was damaged, or edited by hand' }
  const { checksum: _, ...plan } = value as Plan & { readonly checksum?: string }
  return { plan }
}
