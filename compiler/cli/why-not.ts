// What `rlpc why` says of claims and gates, instance by instance, and of stages that a run did not make: from the run's journal.

import type { ClaimOutcome, PastRun, StageEnded } from '../../runtime/index.js'
import type { ClaimPlan } from '../../spec/plan/plan.js'
import { failing } from './reasons.js'

type Runtime = typeof import('../../runtime/index.js')

/** The verdict of a claim or gate in a run, with a line for each instance; of a gate also the stages that wait for it. */
export function verdict({ claimText, painter }: Runtime, claim: ClaimPlan, came: ClaimOutcome | undefined, { id, outcome }: PastRun): string {
  const what = claim.before ? 'gate' : 'claim'
  const head = came ? claimText(came, painter(false)) : `${what} ${claim.name}: not checked, run ${id} was ${outcome}  ${claim.text}`
  const waiting = claim.before ? [`${came === undefined ? 'waiting for it' : came.holds ? 'let through' : 'held back'}: ${claim.before.join(', ')}`] : []
  return [head, ...waiting].map((line) => `${line}\n`).join('')
}

/** Why a run has no result of a stage; undefined when it never came to it. */
export function unmade({ status, code, because }: StageEnded, claims: ReadonlyMap<string, ClaimOutcome>, id: string): string | undefined {
  if (status === 'done' || status === 'reused') return undefined
  if (status !== 'gated') return `${status} in run ${id}${because === undefined ? '' : ` because of ${because}`}${code === undefined ? '' : ` (${code})`}`
  const gate = claims.get(because ?? '')
  return `gated in run ${id}: the gate \`${because}\` does not hold${gate ? ` (${failing(gate)})` : ''}`
}
