// What a run would do with each stage: reuse what is stored, go on with what was interrupted, or make it.
// Looks at manifests and journals only: files of results are not read, so a damaged one is found when the run comes to it.

import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { versionOf } from '../backends.js'
import { OriginsOfStages, staleness } from '../store/origins.js'
import type { Store } from '../store/store.js'
import { stateOfWork } from '../store/work.js'
import { savingOf } from './best.js'
import { runOrder } from './order.js'

export interface Intention {
  readonly will: 'reuse' | 'continue' | 'make'
  /** Steps that are done, and completions that are written; one is more than 0 when it goes on. */
  readonly from: number
  readonly completions: number
  /** Why it is not reused, or not continued, where there is something to say. */
  readonly because: readonly string[]
}

export interface Conditions {
  readonly store: Store
  /** Folder of the spec. */
  readonly root: string
  /** Name of the executor. */
  readonly executor: string
  readonly fresh?: boolean | undefined
  /** When the contents of files are known already. */
  readonly origins?: OriginsOfStages
}

const NEW: Intention = { will: 'make', from: 0, completions: 0, because: [] }

/** By address, for every stage of a plan. Errors: RLP8202. */
export function intentions(plan: Plan, { store, root, executor, fresh = false, origins }: Conditions): ReadonlyMap<string, Intention> {
  // Hashes every file that the plan reads: only when there is something to compare them with.
  let hashed = origins
  const [finished, interrupted] = [new Set(store.list()), new Set(store.interrupted())]
  const version = versionOf(executor)
  const found = new Map<string, Intention>()
  for (const stage of runOrder(plan.stages)) found.set(stage.address, fresh ? { will: 'make', from: 0, completions: 0, because: ['everything is made again'] } : intention(stage))
  return found

  function intention(stage: StagePlan): Intention {
    const { fingerprint } = stage
    if (!finished.has(fingerprint) && !interrupted.has(fingerprint)) return NEW
    const waits = stage.needs.find((need) => found.get(need)?.will !== 'reuse')
    const stored = store.manifest(fingerprint)
    hashed ??= new OriginsOfStages(plan, store, root)
    const from = hashed.of(stage)
    const obstacle = stored && ('damage' in stored ? stored.damage : staleness(stored.manifest, from, executor))
    // Made again, what it needs may come out the same: then it is reused after all.
    if (stored && obstacle === undefined) return waits === undefined ? { will: 'reuse', from: 0, completions: 0, because: [] } : { will: 'make', from: 0, completions: 0, because: [`${waits} is made before it`] }
    const { steps, completions, problems } = interrupted.has(fingerprint) ? stateOfWork(store.work(fingerprint), { fingerprint, executor, version, from }, savingOf(stage)?.keep.best) : { steps: 0, completions: 0, problems: [] }
    return { will: steps > 0 || completions > 0 ? 'continue' : 'make', from: steps, completions, because: [...(obstacle === undefined ? [] : [obstacle]), ...problems] }
  }
}
