// Which engine runs a stage: the table, the room it has, and the refusal of plans with a stage that none can run.

import { chooseEngine, engines, parametersOf } from '../../spec/plan/engines.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { copyRows, inHome, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const weight = (...shape: number[]): ModelPlan['weights'][number] => ({ name: 'w', shape, init: 'zeros', std: 0, decay: false })
const model = (architecture: ModelPlan['architecture'], ...shape: number[]): ModelPlan => ({ architecture, config: {}, tokenizer: null, source: { scratch: true }, weights: [weight(...shape), weight(8)] })

suite('engines', (test) => {
  test('parameters are counted', () => is(parametersOf(model('mlp', 3, 5)), 23))

  test('the first engine of a kind that has the architecture and the room', () => {
    equal(chooseEngine(['native'], model('mlp', 3, 5), true), { engine: 'native' })
    equal(chooseEngine(['native'], undefined, false), { engine: 'native' })
    equal(chooseEngine(['cluster', 'native'], model('mlp', 3, 5), true), { engine: 'native' })
  })

  test('why there is none', () => {
    const obstacle = (choice: ReturnType<typeof chooseEngine>): string => ('obstacle' in choice ? choice.obstacle : '')
    is(obstacle(chooseEngine(['native'], model('resnet', 3), true)), 'the native engine has no `resnet` (it has `transformer`, `mlp`)')
    is(obstacle(chooseEngine(['cluster'], undefined, true)), 'there is no engine `cluster` here')
    is(obstacle(chooseEngine([], undefined, true)), 'its kind names no engine')
    // 405 M parameters: 1.51 GiB of weights fit, with gradient and moments they do not.
    const large = model('transformer', 405_334_008)
    equal(chooseEngine(['native'], large, false), { engine: 'native' })
    is(obstacle(chooseEngine(['native'], large, true)), 'the native engine holds 4 GiB, training 405.3 M parameters takes 6.04 GiB')
    // With an adapter the weights under it need no gradient and no moments.
    const adapted = (size: number): ModelPlan => ({ ...large, weights: [{ ...weight(size), frozen: true }, weight(1_000_000)] })
    equal(chooseEngine(['native'], adapted(405_334_008), true), { engine: 'native' })
    is(obstacle(chooseEngine(['native'], adapted(1_543_714_304), true)), 'the native engine holds 4 GiB, training 1545 M parameters with an adapter takes 5.77 GiB')
  })

  test('every engine of the table says what it has', () => {
    for (const { architectures, bytes } of Object.values(engines)) ok(architectures.length > 0 && bytes > 0)
  })

  test('RLP8012: a plan with a stage without an engine does not begin', async () => {
    const small = tinyModel(LETTERS)
    const plan = new PlanBuilder({ m: small }).sft('first', small, { model: 'm' }, copyRows, { steps: 2 }).sft('second', small, { stage: 'first', output: 'policy' }, copyRows, { steps: 2 }).plan()
    await inHome(async (_, run) => {
      const { result, events } = await run({ ...plan, stages: plan.stages.map((stage) => (stage.address === 'second' ? { ...stage, engine: null, obstacle: 'too large' } : stage)) })
      is(result.error?.code, 'RLP8012')
      is(result.error?.message, 'no engine can run second: too large')
      equal(events, [])
    })
  })
})
