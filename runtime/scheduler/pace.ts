// How fast stages went on this machine: seconds of each stored stage, and from them how long others will take.
// Estimates of operations are upper bounds (`compiler/lower/estimate.ts`), and so is a rate that is measured against them: the
// ratio is what carries over from one stage to another of its kind.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { workOf } from '../../spec/plan/work.js'
import { guarded } from '../checkpoint/atomic.js'
import type { Store } from '../store/store.js'
import type { PastRun } from './run-folder.js'

export interface Pace {
  /** Seconds that a stage will take; undefined when nothing like it was measured. */
  seconds(stage: StagePlan): number | undefined
  /** The run whose stages were measured. */
  readonly run: string | undefined
}

/** A short run is mostly beginning: it says nothing of one that does more than so many times as much. */
const FARTHEST = 100

/** For the stages of `plan`, from those of a past run that are stored. */
export function paceOf(plan: Plan, past: PastRun | undefined, store: Store): Pace {
  const rates = new Map<string, { amount: number; seconds: number }>()
  const own = new Map<string, number>()
  for (const stage of past?.plan.stages ?? []) {
    const seconds = measured(store.path(stage.fingerprint))
    if (seconds === undefined) continue
    own.set(stage.fingerprint, seconds)
    const amount = amountOf(past?.plan as Plan, stage)
    if (amount === undefined) continue
    const rate = rates.get(stage.kind) ?? { amount: 0, seconds: 0 }
    rates.set(stage.kind, { amount: rate.amount + amount, seconds: rate.seconds + seconds })
  }
  return {
    run: own.size > 0 ? past?.id : undefined,
    seconds: (stage) => {
      const known = own.get(stage.fingerprint)
      const rate = rates.get(stage.kind)
      if (known !== undefined || !rate) return known
      const amount = amountOf(plan, stage)
      return amount !== undefined && amount <= FARTHEST * rate.amount ? (amount * rate.seconds) / rate.amount : undefined
    },
  }
}

/** What time is taken to grow with, within one kind. */
function amountOf(plan: Plan, stage: StagePlan): number | undefined {
  const { flops, tokens } = workOf(plan, stage)
  return flops ?? tokens
}

/** Seconds that a stored stage computed, over all runs that it was made in; undefined when its lines do not say. */
function measured(folder: string): number | undefined {
  const path = join(folder, 'metrics.jsonl')
  if (!existsSync(path)) return undefined
  let [sum, latest] = [0, 0]
  for (const line of guarded(path, () => readFileSync(path, 'utf8')).split('\n')) {
    if (line === '') continue
    const { time } = JSON.parse(line) as { readonly time?: { readonly seconds?: number } }
    const seconds = time?.seconds
    if (seconds === undefined) continue
    // Each run that continued the stage began its clock anew.
    if (seconds < latest) sum += latest
    latest = seconds
  }
  return sum + latest > 0 ? sum + latest : undefined
}
