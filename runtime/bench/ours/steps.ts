// Turns between the steps of a stage that really runs: its scheduler, its metrics, its engine.

import { join } from 'node:path'
import type { Plan } from '../../../spec/plan/plan.js'
import { executorNamed } from '../../backends.js'
import type { Executor } from '../../executors/executor.js'
import { runPlan } from '../../scheduler/run.js'
import { asked, now, ready, task, tell } from './turns.js'

/** Runs the only stage of a plan on the backend RLPC_BACKEND (default `wasm`), one step for each turn. */
export async function takeSteps(plan: Plan): Promise<void> {
  await ready()
  if (!asked()) return
  let start = now()
  const { stages, error } = await runPlan(plan, {
    root: task.folder,
    home: join(task.folder, '.rlp'),
    executor: (await executorNamed(process.env['RLPC_BACKEND'] ?? 'wasm', { threads: task.threads })) as Executor,
    report: (event) => {
      if (event.type !== 'step') return
      tell(start)
      if (!asked()) process.exit(0)
      start = now()
    },
  })
  throw new Error(error?.message ?? stages.map((stage) => stage.error?.message ?? stage.status).join('\n'))
}
