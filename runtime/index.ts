// The runtime's public face: read a plan, run it, show how it goes.

import type { Executor } from './executors/executor.js'

export { runPlan, type RunOptions } from './scheduler/run.js'
export type { ClaimOutcome, RunEvent, RunResult, StageOutcome } from './scheduler/events.js'
export { forecast, type Reason, type RunForecast, type StageForecast } from './scheduler/forecast.js'
export { paceOf } from './scheduler/pace.js'
export { kernelsHash } from './executors/wasm/kernels.js'
export { contentOf } from './store/origins.js'
export { memoryOf } from './engines/native/memory.js'
export { progress } from './scheduler/progress.js'
export { summary } from './scheduler/summary.js'
export { readPlan } from './scheduler/read-plan.js'
export { readRun, runIds, type PastRun } from './scheduler/run-folder.js'
export { table } from './scheduler/text.js'
export { collect, garbage, sizeOf } from './store/clean.js'
export { ownerOf, takeLock } from './store/lock.js'
export type { Manifest } from './store/manifest.js'
export { Store } from './store/store.js'

/** Name of a backend → its executor, loaded when it is asked for. */
const executors: Readonly<Record<string, () => Promise<Executor>>> = {
  reference: async () => (await import('./executors/reference/reference.js')).reference,
  wasm: async () => (await import('./executors/wasm/index.js')).wasm,
}

/** The executor of a backend; undefined when there is none of that name. */
export async function executorNamed(name: string): Promise<Executor | undefined> {
  return Object.hasOwn(executors, name) ? executors[name]?.() : undefined
}
