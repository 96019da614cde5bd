// Which metrics of which stages an expression reads: what claims and gates rest on.

import type { ClaimPlan, Expr } from './plan.js'

export interface Measured {
  readonly stage: string
  readonly metric: string
}

/** In the order they are read; the same metric may be there more than once. */
export function measuredIn(expr: Expr): readonly Measured[] {
  if ('stage' in expr) return [expr]
  if ('field' in expr) return measuredIn(expr.of)
  if ('op' in expr) return expr.args.flatMap(measuredIn)
  if ('if' in expr) return [expr.if, expr.then, expr.else].flatMap(measuredIn)
  if ('call' in expr) return Object.values(expr.args).flatMap(measuredIn)
  return []
}

/** Of all checks of a claim, each metric once. */
export function measuredBy({ checks }: ClaimPlan): readonly Measured[] {
  const found = new Map(checks.flatMap(({ expr }) => measuredIn(expr)).map((one) => [`${one.stage}.${one.metric}`, one]))
  return [...found.values()]
}
