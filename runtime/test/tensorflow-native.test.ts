// The native engine on the tensorflow executor: the numbers of the reference executor, rollouts in one call included.

import { equal } from '../../spec/test/suite.js'
import { reference } from '../executors/reference/reference.js'
import { tensorflow } from '../executors/tensorflow/index.js'
import { nearLines, plan, runOn } from './native-plan.js'
import { tensorflowSuite } from './tensorflow-here.js'

tensorflowSuite('native engine on tensorflow', (test) => {
  test('agrees with the reference executor, and gives the same bytes twice', async () => {
    const found = await runOn(tensorflow, plan)
    nearLines(found.lines, (await runOn(reference, plan)).lines, { rtol: 2e-4, atol: 2e-5 })
    equal(await runOn(tensorflow, plan), found)
  })
})
