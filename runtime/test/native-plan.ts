// A small plan of every kind of training, and its run on an executor: what executors are compared by.
// Not a test itself.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { is, near } from '../../spec/test/suite.js'
import type { Executor } from '../executors/executor.js'
import { clipped, copyRows, inHome, LETTERS, PlanBuilder, tinyModel, withReference } from './plans.js'

export const model = tinyModel(LETTERS, { layers: 2, kvHeads: 1 })

export const plan = new PlanBuilder({ m: model })
  .sft('copy', model, { model: 'm' }, copyRows, { steps: 6, packing: true })
  .exactReward('answer')
  .grpo('practice', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' } }, { steps: 4, passes: 2, loss: clipped, lr: 1e-3 })
  .grpo('anchored', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' }, reference: { model: 'm' } }, { steps: 2, loss: withReference, lr: 1e-3 })
  .completing('exam', 'Evaluate', model, { policy: { stage: 'practice', output: 'policy' }, data: copyRows, score: { reward: 'answer', term: 'correct' } })
  .plan()

export interface Line { readonly stage: string; readonly loss?: number; readonly grad_norm?: number; readonly entropy?: number; readonly length?: number; readonly kl?: number }

export const runOn = (executor: Executor, of: Plan) =>
  inHome(async (home, run) => {
    const { result } = await run(of, { executor })
    is(result.outcome, 'done', JSON.stringify(result.stages))
    const lines = readFileSync(join(home, '.rlp', 'runs', result.id, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => ({ ...(JSON.parse(line) as Line), time: 0 }))
    const fingerprint = of.stages.find(({ address }) => address === 'practice')?.fingerprint as string
    return { lines, weights: readFileSync(join(home, '.rlp', 'store', fingerprint, 'policy', 'model.safetensors')).toString('base64') }
  })

/** Compares the metrics of two runs, line by line. */
export function nearLines(actual: readonly Line[], expected: readonly Line[], tolerance: { readonly rtol: number; readonly atol: number }): void {
  is(actual.map(({ stage }) => stage).join(), expected.map(({ stage }) => stage).join())
  for (const name of ['loss', 'grad_norm', 'entropy', 'length', 'kl'] as const) {
    const of = (lines: readonly Line[]) => lines.map((line) => line[name] ?? 0)
    near(of(actual), of(expected), { ...tolerance, what: name })
  }
}
