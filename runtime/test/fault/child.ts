// The process that is killed: runs a plan in a folder under the faults it is given, and says in one line of JSON what came of it.
// Arguments: plan, home, fault (JSON). A line `begun` comes first, so that time can be counted from there.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Plan } from '../../../spec/plan/plan.js'
import { wasm } from '../../executors/wasm/index.js'
import { runPlan } from '../../scheduler/run.js'
import { install, type Fault } from './faults.js'

export interface Told {
  readonly outcome: string
  readonly codes: readonly string[]
  /** Stage → its metrics. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly run: string
  /** Changes of the file system that were made. */
  readonly changes: number
  readonly notes: readonly string[]
}

const [planPath, home, fault] = process.argv.slice(2) as [string, string, string]
const plan = JSON.parse(readFileSync(planPath, 'utf8')) as Plan
const changes = install(home, JSON.parse(fault) as Fault)
process.stdout.write('begun\n')
const notes: string[] = []
const result = await runPlan(plan, {
  root: dirname(planPath),
  home,
  executor: wasm,
  report: (event) => {
    if (event.type === 'note') notes.push(event.code)
    // Give way, so that a kill from outside can come at any step.
    if (event.type === 'step') process.stdout.write('.')
  },
})
const codes = [result.error, ...result.stages.map(({ error }) => error)].flatMap((error) => (error ? [error.code] : []))
const told: Told = { outcome: result.outcome, codes, metrics: Object.fromEntries(result.stages.map(({ address, metrics }) => [address, metrics])), run: result.id, changes: changes(), notes }
process.stdout.write(`\n${JSON.stringify(told)}\n`)
