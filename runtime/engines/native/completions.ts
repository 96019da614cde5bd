// Completions of every row of a dataset, several for each, in waves: what evaluation and generation have in common.

import type { Completion } from '../../host.js'
import { randomKey } from '../../random.js'
import { number } from './attributes.js'
import type { Drawn } from './course.js'
import { stopped } from './loop.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { everyRow, promptTokens } from './prompts.js'
import { completionOf, rollOut } from './rollout.js'
import type { StageRun } from './stage.js'

/** Prompts that are completed between two looks at the stop signal. */
const CHUNK = 256

export interface Completed extends Drawn {
  readonly completion: Completion
}

/** `samples` completions of each row, grouped by row, in order. The random numbers depend on the stage, the row and the sample alone. */
export async function completeEveryRow(run: StageRun, input: string): Promise<Completed[]> {
  const { stage } = run
  const rows = await everyRow(run, input)
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphsOf(run.plan, stage))
  const [maxNew, samples] = [number(stage, 'max_new'), number(stage, 'samples')]
  const key = randomKey(stage.seed, stage.fingerprint, 'rollout')
  const prompts = rows.flatMap((drawn, i) => {
    const tokens = promptTokens(policy, drawn, maxNew)
    return Array.from({ length: samples }, (_, sample) => ({ tokens, row: i * samples + sample }))
  })
  const completed: Completed[] = []
  for (let at = 0; at < prompts.length; at += CHUNK) {
    if (run.stopping()) throw stopped(stage, at, prompts.length)
    const rollouts = await rollOut(policy, prompts.slice(at, at + CHUNK), { maxNew, temperature: number(stage, 'temperature') || 1, key, report: (done) => run.tick('completions', at + done, prompts.length) })
    rollouts.forEach((rollout, i) => completed.push({ ...(rows[Math.floor((at + i) / samples)] as Drawn), completion: completionOf(policy, rollout) }))
  }
  policy.close()
  return completed
}
