// Claims of the experiment, checked when its stages are done.

import type { ClaimPlan, Expr } from '../../spec/plan/plan.js'
import { evaluate, type Scope } from '../data/expr.js'
import type { HostValue } from '../host.js'
import type { CheckOutcome, ClaimOutcome } from './events.js'

/** A metric of a finished stage; undefined when the stage is not done. */
export type MetricOf = (stage: string, metric: string) => number | undefined

const COMPARISONS = new Set(['<', '<=', '>', '>=', '==', '!='])

/** A claim holds when enough of its checks do; a check that cannot be made does not hold. */
export function checkClaim(claim: ClaimPlan, metricOf: MetricOf): ClaimOutcome {
  const checks = claim.checks.map(({ key, expr }) => check(key, expr, metricOf))
  const holding = checks.filter(({ holds }) => holds === true).length
  return { name: claim.name, doc: claim.doc, text: claim.text, checks, holds: holding >= (claim.atLeast ?? checks.length), ...(claim.before ? { before: claim.before } : {}) }
}

/** 26 % - 2 % is 0.24000000000000002 in binary, and no measurement is as fine as that: a claim compares its numbers as they are written. */
const TOLERANCE = 1e-12

function check(key: string, expr: Expr, metricOf: MetricOf): CheckOutcome {
  const scope: Scope = { names: {}, metric: (stage, metric) => metricOf(stage, metric) ?? null, tolerance: TOLERANCE }
  const number = (value: HostValue): number | null => (typeof value === 'number' ? value : null)
  const holds = evaluate(expr, scope)
  const sides = 'op' in expr && COMPARISONS.has(expr.op) ? expr.args.map((side) => number(evaluate(side, scope))) : []
  return { key, holds: holds === null ? null : holds === true, left: sides[0] ?? null, right: sides[1] ?? null }
}
