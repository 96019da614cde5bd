// Whole specs for tests of the runtime: compiled with the real standard library, run in a folder of their own.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '../../compiler/compile.js'
import { memoryHost } from '../../compiler/resolve/host.js'
import type { Plan } from '../../spec/plan/plan.js'
import type { RunEvent, RunResult } from '../scheduler/events.js'
import type { RunOptions } from '../scheduler/run.js'

const library = new URL('../../stdlib/', import.meta.url)

/** The plan of a spec, and the texts of other files by their paths; throws on mistakes, which are the test's. */
export async function planOfSpec(source: string, files: Readonly<Record<string, string>> = {}): Promise<Plan> {
  const host = memoryHost({ ...files, 'main.rlp': `rlp 1\n${source}` }, (path) => readFileSync(fileURLToPath(new URL(`${path.slice('std/'.length)}.rlp`, library)), 'utf8'))
  const { plan, diagnostics } = await compile({ entry: 'main.rlp', host, parameters: [] })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (!plan || errors.length > 0) throw new Error(errors.map(({ code, title, help }) => `${code} ${title}: ${help ?? ''}`).join('\n'))
  return plan
}

/** Lines of metrics of a run, without their times. */
export function metricsOf(home: string, result: RunResult): readonly Readonly<Record<string, unknown>>[] {
  const text = readFileSync(join(home, '.rlp', 'runs', result.id, 'metrics.jsonl'), 'utf8').trim()
  return text.split('\n').map((line) => ({ ...(JSON.parse(line) as Record<string, unknown>), time: 0 }))
}

/** Outputs of a stage by name, as they were stored: the bytes of the weights. */
export function weightsOf(home: string, plan: Plan, address: string, output: string): string {
  const { fingerprint } = plan.stages.find((stage) => stage.address === address) as Plan['stages'][number]
  return readFileSync(join(home, '.rlp', 'store', fingerprint, output, 'model.safetensors')).toString('base64')
}

export type Run = (plan: Plan, options?: Partial<RunOptions>) => Promise<{ result: RunResult; events: RunEvent[] }>

/** Runs a plan that is stopped once, after so many steps in all, and then continued. */
export async function interrupted(run: Run, plan: Plan, after: number): Promise<{ result: RunResult; events: RunEvent[] }> {
  const stop = new AbortController()
  let steps = 0
  const cut = await run(plan, {
    signal: stop.signal,
    report: (event) => {
      if (event.type === 'step' && ++steps === after) stop.abort()
    },
  })
  if (cut.result.outcome !== 'stopped') throw new Error(`the run was not stopped: ${JSON.stringify(cut.result.stages)}`)
  return run(plan)
}
