// The native engine on the wasm executor: the numbers of the reference executor, and the same bytes every time.

import { equal, suite } from '../../spec/test/suite.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { model, nearLines, plan, runOn } from './native-plan.js'
import { copyRows, inHome, PlanBuilder } from './plans.js'

suite('native engine on wasm', (test) => {
  test('agrees with the reference executor', async () => {
    const [fast, exact] = [(await runOn(wasm, plan)).lines, (await runOn(reference, plan)).lines]
    nearLines(fast, exact, { rtol: 2e-4, atol: 2e-5 })
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
