// Why a stage must run, or need not, in the words of `rlpc plan` and `rlpc run`; decided by the runtime's forecast.

import type { Plan } from '../../spec/plan/plan.js'
import type { ClaimOutcome, Reason, RunForecast } from '../../runtime/index.js'
import { linesOf } from '../plan/show-changes.js'

/** More differences than this are counted. */
const MOST_DIFFERENCES = 2
/** More instances of a gate than this are counted. */
const MOST_INSTANCES = 3

/** `last`: the plan of the run that `plan` was compared with. */
export function inWords(reason: Reason, plan: Plan, last: Plan | undefined): string {
  switch (reason.why) {
    case 'stored':
      return `stored by run ${reason.run}`
    case 'same as':
      return `the same as ${reason.stage}`
    case 'never run':
      return 'new'
    case 'changed': {
      const lines = last ? linesOf(reason.comparison, { before: last, after: plan }) : []
      const shown = lines.slice(0, MOST_DIFFERENCES).join('; ')
      const rest = lines.length > MOST_DIFFERENCES ? ` and ${lines.length - MOST_DIFFERENCES} more` : ''
      const through = reason.comparison.through.length === 0 ? '' : `follows ${reason.comparison.through.join(', ')}`
      return [`${shown}${rest}`, through].filter((part) => part !== '').join('; ')
    }
    case 'failed before':
      return failedIn(reason)
    case 'skipped before':
      return `skipped in run ${reason.run}`
    case 'gated before':
      return `held back by the gate \`${reason.gate}\` in run ${reason.run}`
    case 'stopped before':
      return `not done in run ${reason.run}`
    case 'not in the store':
      return `no longer in the store (run ${reason.run} had it)`
    case 'stale':
      return reason.what
    case 'interrupted':
      return `${reason.steps > 0 ? `goes on after step ${reason.steps}` : `goes on after ${reason.completions} ${reason.completions === 1 ? 'completion' : 'completions'}`}${reason.failed ? `; ${failedIn(reason.failed)}` : ''}`
    case 'no engine':
      return reason.obstacle
    case 'gated':
      return `the gate \`${reason.gate.name}\` does not hold: ${failing(reason.gate)}`
    case 'without':
      return `needs ${reason.stage}`
  }
}

const short = (value: number): string => String(Number(value.toPrecision(4)))

/** The instances for which a gate does not hold, with their numbers. */
export function failing({ checks }: ClaimOutcome): string {
  const failed = checks.filter(({ holds }) => holds !== true)
  const shown = failed.slice(0, MOST_INSTANCES).map(({ key, holds, left, right }) => `${key === '' ? '' : `${key}: `}${holds === null ? 'not measured' : left === null || right === null ? 'fails' : `${short(left)} against ${short(right)}`}`)
  return [...shown, ...(failed.length > shown.length ? [`and ${failed.length - shown.length} more`] : [])].join('; ')
}

/** More stages than this are counted. */
const MOST_STAGES = 12

/** What a run makes again though an earlier one has made or begun it, a line each: `copy: length 10 steps → 20 steps`. */
export function remade(plan: Plan, { stages, last }: RunForecast): readonly string[] {
  const lines = stages.flatMap(({ address, reason }) => (reason.why === 'stale' || (reason.why === 'changed' && reason.comparison.differences.length > 0) ? [`${address}: ${inWords(reason, plan, last?.plan)}`] : []))
  return lines.length > MOST_STAGES ? [...lines.slice(0, MOST_STAGES), `and ${lines.length - MOST_STAGES} more: \`rlpc plan\` tells all`] : lines
}

const failedIn = ({ run, code }: { readonly run: string; readonly code?: string }): string => `failed in run ${run}${code === undefined ? '' : ` (${code})`}`
