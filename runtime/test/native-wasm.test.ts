// The native engine on the wasm executor: the numbers of the reference executor, and the same bytes every time.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, near, suite } from '../../spec/test/suite.js'
import type { Plan } from '../../spec/plan/plan.js'
import type { Executor } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { clipped, copyRows, inHome, LETTERS, PlanBuilder, tinyModel, withReference } from './plans.js'

const model = tinyModel(LETTERS, { layers: 2, kvHeads: 1 })

const plan = new PlanBuilder({ m: model })
  .sft('copy', model, { model: 'm' }, copyRows, { steps: 6, packing: true })
  .exactReward('answer')
  .grpo('practice', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' } }, { steps: 4, passes: 2, loss: clipped, lr: 1e-3 })
  .grpo('anchored', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' }, reference: { model: 'm' } }, { steps: 2, loss: withReference, lr: 1e-3 })
  .completing('exam', 'Evaluate', model, { policy: { stage: 'practice', output: 'policy' }, data: copyRows, score: { reward: 'answer', term: 'correct' } })
  .plan()

interface Line { readonly stage: string; readonly loss?: number; readonly grad_norm?: number; readonly entropy?: number; readonly length?: number; readonly kl?: number }

const runOn = (executor: Executor, of: Plan) =>
  inHome(async (home, run) => {
    const { result } = await run(of, { executor })
    is(result.outcome, 'done', JSON.stringify(result.stages))
    const lines = readFileSync(join(home, '.rlp', 'runs', result.id, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => ({ ...(JSON.parse(line) as Line), time: 0 }))
    const fingerprint = of.stages.find(({ address }) => address === 'practice')?.fingerprint as string
    return { lines, weights: readFileSync(join(home, '.rlp', 'store', fingerprint, 'policy', 'model.safetensors')).toString('base64') }
  })

suite('native engine on wasm', (test) => {
  test('agrees with the reference executor', async () => {
    const [fast, exact] = [(await runOn(wasm, plan)).lines, (await runOn(reference, plan)).lines]
    equal(fast.map(({ stage }) => stage), exact.map(({ stage }) => stage))
    for (const name of ['loss', 'grad_norm', 'entropy', 'length', 'kl'] as const) {
      const of = (lines: readonly Line[]) => lines.map((line) => line[name] ?? 0)
      near(of(fast), of(exact), { rtol: 2e-4, atol: 2e-5, what: name })
    }
  })

  test('does not take what another executor computed for its own', () =>
    inHome(async (_home, run) => {
      const small = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 1 }).plan()
      const statuses: string[] = []
      for (const executor of [wasm, reference, reference]) statuses.push((await run(small, { executor })).result.stages[0]?.status ?? '')
      equal(statuses, ['done', 'done', 'reused'])
    }))

  test('gives the same bytes twice', async () => {
    equal(await runOn(wasm, plan), await runOn(wasm, plan))
  })
})
