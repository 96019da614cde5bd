// What a run of a plan would do with each stage, in the words of `rlpc plan`: why it must run, down to what changed since the last run.
// What it would do is decided in `intentions.ts`, as for the run itself; writes nothing.

import { comparePlans, type StageComparison } from '../../spec/plan/compare.js'
import { measuredBy } from '../../spec/plan/measured.js'
import type { ClaimPlan, Plan, StagePlan } from '../../spec/plan/plan.js'
import { HostError } from '../host.js'
import { Store } from '../store/store.js'
import { checkClaim } from './claims.js'
import type { ClaimOutcome } from './events.js'
import { Gates } from './gates.js'
import { intentions } from './intentions.js'
import { runOrder } from './order.js'
import { cameTo, readRun, runIds, type Came, type PastRun, type StageEnded } from './run-folder.js'

export type Action = 'run' | 'reuse' | 'resume' | 'skip'

export type Reason =
  /** Stored by a stage of an earlier run. */
  | { readonly why: 'stored'; readonly run: string; readonly by: string }
  /** Another stage of this plan means the same and is made first. */
  | { readonly why: 'same as'; readonly stage: string }
  | { readonly why: 'never run' }
  /** It means something else than in the last run. */
  | { readonly why: 'changed'; readonly comparison: StageComparison }
  | { readonly why: 'failed before' | 'skipped before' | 'stopped before'; readonly run: string; readonly code?: string }
  | { readonly why: 'gated before'; readonly run: string; readonly gate: string }
  | { readonly why: 'not in the store'; readonly run: string }
  /** What is stored cannot be used or must be looked at again, in words. */
  | { readonly why: 'stale'; readonly what: string }
  /** It goes on after so many steps, or completions; `failed` where the last run ended with a mistake there. */
  | { readonly why: 'interrupted'; readonly steps: number; readonly completions: number; readonly failed?: { readonly run: string; readonly code?: string } }
  | { readonly why: 'no engine'; readonly obstacle: string }
  /** A gate before it was measured and does not hold. */
  | { readonly why: 'gated'; readonly gate: ClaimOutcome }
  /** It reads a stage that cannot run, or waits for such a gate. */
  | { readonly why: 'without'; readonly stage: string }

export interface StageForecast {
  readonly address: string
  readonly action: Action
  readonly reason: Reason
}

export interface RunForecast {
  /** In the order they would run. */
  readonly stages: readonly StageForecast[]
  /** The run that the plan was compared with. */
  readonly last: PastRun | undefined
}

export interface ForecastOptions {
  /** Folder of the spec. */
  readonly root: string
  /** The `.rlp` folder. */
  readonly home: string
  /** Name of the executor that would compute. */
  readonly executor: string
}

/** Reads the store's manifests, the data files' hashes and the last run. Time linear in the stages. */
export function forecast(plan: Plan, { root, home, executor }: ForecastOptions): RunForecast {
  const store = new Store(home)
  const intended = intentions(plan, { store, root, executor })
  const last = lastRun(home)
  const compared = new Map((last ? comparePlans(last.plan, plan).stages : []).map((stage) => [stage.address, stage]))
  const outcomes: Came['stages'] = last ? cameTo(home, last.id).stages : new Map()
  const gates = new Gates(plan)
  const fingerprints = new Map(plan.stages.map((stage) => [stage.address, stage.fingerprint]))
  const actions = new Map<string, Action>()
  const first = new Map<string, string>()

  const decide = ({ address, fingerprint, needs, engine, obstacle }: StagePlan): Pick<StageForecast, 'action' | 'reason'> => {
    if (engine === null) return { action: 'skip', reason: { why: 'no engine', obstacle: obstacle ?? 'none was found' } }
    const missing = needs.find((need) => actions.get(need) === 'skip')
    if (missing !== undefined) return { action: 'skip', reason: { why: 'without', stage: missing } }
    const closed = gates.of(address).map(measured).find((gate) => gate !== undefined && !gate.holds)
    if (closed) return { action: 'skip', reason: { why: 'gated', gate: closed } }
    const twin = first.get(fingerprint)
    if (twin !== undefined && ['run', 'resume'].includes(actions.get(twin) as Action)) return { action: 'reuse', reason: { why: 'same as', stage: twin } }
    const { will, from, completions, because } = intended.get(address) ?? { will: 'make', from: 0, completions: 0, because: [] }
    const found = will === 'reuse' ? store.manifest(fingerprint) : undefined
    if (found && 'manifest' in found) return { action: 'reuse', reason: { why: 'stored', run: found.manifest.madeBy.run, by: found.manifest.madeBy.stage } }
    if (will === 'continue') return { action: 'resume', reason: { why: 'interrupted', steps: from, completions, ...failure(outcomes.get(address), last) } }
    if (because.length > 0) return { action: 'run', reason: { why: 'stale', what: because.join('; ') } }
    return { action: 'run', reason: unstored(compared.get(address), outcomes.get(address), last) }
  }

  /** A gate whose stages are all stored already is as good as decided. */
  function measured(gate: ClaimPlan): ClaimOutcome | undefined {
    const known = new Map<string, Readonly<Record<string, number>>>()
    for (const { stage } of measuredBy(gate)) {
      const found = actions.get(stage) === 'reuse' ? store.manifest(fingerprints.get(stage) ?? '') : undefined
      if (!found || !('manifest' in found)) return undefined
      known.set(stage, found.manifest.metrics)
    }
    return checkClaim(gate, (stage, metric) => known.get(stage)?.[metric])
  }

  const stages = runOrder(plan.stages, (address) => gates.measured(address)).map((stage): StageForecast => {
    const { address, fingerprint } = stage
    const decided = decide(stage)
    actions.set(address, decided.action)
    if (decided.action !== 'skip' && !first.has(fingerprint)) first.set(fingerprint, address)
    return { address, ...decided }
  })
  return { stages, last }
}

/** How a stage failed in the last run, if it did. */
function failure(outcome: StageEnded | undefined, last: PastRun | undefined): { readonly failed?: { readonly run: string; readonly code?: string } } {
  if (!last || outcome?.status !== 'failed') return {}
  return { failed: { run: last.id, ...(outcome.code === undefined ? {} : { code: outcome.code }) } }
}

/** Why nothing is stored for a stage. */
function unstored(comparison: StageComparison | undefined, outcome: StageEnded | undefined, last: PastRun | undefined): Reason {
  if (!last || !comparison || comparison.change === 'added') return { why: 'never run' }
  if (comparison.change === 'changed') return { why: 'changed', comparison }
  const code = outcome?.code === undefined ? {} : { code: outcome.code }
  if (outcome?.status === 'failed') return { why: 'failed before', run: last.id, ...code }
  if (outcome?.status === 'gated') return { why: 'gated before', run: last.id, gate: outcome.because ?? '' }
  if (outcome?.status === 'skipped') return { why: 'skipped before', run: last.id }
  if (outcome?.status === 'done' || outcome?.status === 'reused') return { why: 'not in the store', run: last.id }
  return { why: 'stopped before', run: last.id }
}

/** The latest run whose plan can be read. */
function lastRun(home: string): PastRun | undefined {
  for (const id of runIds(home).reverse()) {
    try {
      return readRun(home, id)
    } catch (cause) {
      if (!(cause instanceof HostError)) throw cause
    }
  }
  return undefined
}
