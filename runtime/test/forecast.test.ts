// What `rlpc plan` says a run would do, against what the run then does; and the reasons, down to the attribute.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { Plan } from '../../spec/plan/plan.js'
import { forecast, type Reason } from '../scheduler/forecast.js'
import { paceOf } from '../scheduler/pace.js'
import { Store } from '../store/store.js'
import { copyRows, inHome, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const model = tinyModel(LETTERS)
const pipeline = (steps = 4, broken = false): Plan =>
  new PlanBuilder({ m: model })
    .sft('copy', model, { model: 'm' }, copyRows, { steps, every: 2 })
    .exactReward('answer')
    .completing('exam', 'Evaluate', model, { policy: { stage: 'copy', output: 'policy' }, data: copyRows, score: { reward: 'answer', term: broken ? 'nothing' : 'correct' } })
    .plan()

const at = (home: string) => ({ root: home, home: join(home, '.rlp'), executor: 'reference' })
const actions = (plan: Plan, home: string) => Object.fromEntries(forecast(plan, at(home)).stages.map(({ address, action }) => [address, action]))
const reasonOf = (plan: Plan, home: string, address: string): Reason => forecast(plan, at(home)).stages.find((stage) => stage.address === address)?.reason as Reason

suite('forecast of a run', (test) => {
  test('new, then stored, then changed and what follows', () =>
    inHome(async (home, run) => {
      const plan = pipeline()
      equal(actions(plan, home), { copy: 'run', exam: 'run' })
      equal(reasonOf(plan, home, 'copy'), { why: 'never run' })
      await run(plan)
      equal(actions(plan, home), { copy: 'reuse', exam: 'reuse' })
      equal(reasonOf(plan, home, 'exam'), { why: 'stored', run: '0001', by: 'exam' })
      const longer = pipeline(6)
      equal(actions(longer, home), { copy: 'run', exam: 'run' })
      const [copy, exam] = [reasonOf(longer, home, 'copy'), reasonOf(longer, home, 'exam')]
      ok(copy.why === 'changed' && exam.why === 'changed')
      equal(copy.comparison.differences, [{ path: 'length', before: { value: { value: 4, unit: 'steps' } }, after: { value: { value: 6, unit: 'steps' } } }])
      equal(exam.comparison.through, ['copy'])
      // And so it goes.
      const { result } = await run(longer)
      equal(result.stages.map(({ status }) => status), ['done', 'done'])
    }))

  test('interrupted work goes on, what is gone from the store is made again, another executor computes anew', () =>
    inHome(async (home, run) => {
      const plan = pipeline()
      const stop = new AbortController()
      await run(plan, { signal: stop.signal, report: (event) => event.type === 'step' && event.step === 2 && stop.abort() })
      const reason = reasonOf(plan, home, 'copy')
      ok(reason.why === 'interrupted' && reason.steps >= 2, JSON.stringify(reason))
      is(reasonOf(plan, home, 'exam').why, 'skipped before')
      await run(plan)
      rmSync(join(home, '.rlp', 'store', plan.stages[1]?.fingerprint as string), { recursive: true })
      equal(reasonOf(plan, home, 'exam'), { why: 'not in the store', run: '0002' })
      const other = forecast(plan, { ...at(home), executor: 'wasm' }).stages[0]?.reason as Reason
      ok(other.why === 'stale' && other.what.includes('`reference`'), JSON.stringify(other))
    }))

  test('what failed says so with its code', () =>
    inHome(async (home, run) => {
      const plan = pipeline(4, true)
      const { result } = await run(plan)
      is(result.outcome, 'failed')
      const reason = reasonOf(plan, home, 'exam')
      // Its completions are kept, so it goes on after them.
      ok(reason.why === 'interrupted' && reason.failed?.code !== undefined, JSON.stringify(reason))
    }))

  test('a stage without an engine is skipped, and what needs it', () =>
    inHome(async (home) => {
      const plan = pipeline()
      const without = { ...plan, stages: plan.stages.map((stage) => (stage.address === 'copy' ? { ...stage, engine: null, obstacle: 'too large' } : stage)) }
      equal(actions(without, home), { copy: 'skip', exam: 'skip' })
      equal(reasonOf(without, home, 'exam'), { why: 'without', stage: 'copy' })
    }))

  test('a gate that was measured and does not hold is foreseen; one that opens says who was held back', () =>
    inHome(async (home, run) => {
      const gated = (limit: number, steps = 4): Plan => {
        const builder = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps }).sft('behind', model, { model: 'm' }, copyRows, { steps: 2 }).sft('last', model, { stage: 'behind', output: 'policy' }, copyRows, { steps: 1 })
        builder.claims = [{ name: 'ready', doc: '', text: '', checks: [{ key: '', expr: { op: '<', args: [{ stage: 'copy', metric: 'loss' }, { const: limit }] } }], before: ['behind'] }]
        return builder.plan()
      }
      equal(actions(gated(0), home), { copy: 'run', behind: 'run', last: 'run' }, 'nothing was measured')
      await run(gated(0))
      equal(actions(gated(0), home), { copy: 'reuse', behind: 'skip', last: 'skip' })
      const reason = reasonOf(gated(0), home, 'behind')
      ok(reason.why === 'gated' && reason.gate.checks[0]?.right === 0, JSON.stringify(reason))
      equal(reasonOf(gated(99), home, 'behind'), { why: 'gated before', run: '0001', gate: 'ready' })
      equal(actions(gated(0, 5), home), { copy: 'run', behind: 'run', last: 'run' }, 'it is measured again first')
    }))

  test('times are those that were measured, and of changed stages in proportion', () =>
    inHome(async (home, run) => {
      const withWork = (plan: Plan, flops: number): Plan => ({ ...plan, stages: plan.stages.map((stage) => ({ ...stage, estimate: stage.kind === 'Sft' ? { flops } : {} })) })
      const plan = withWork(pipeline(), 100)
      is(paceOf(plan, undefined, new Store(at(home).home)).seconds(plan.stages[0] as Plan['stages'][number]), undefined)
      await run(plan)
      const longer = withWork(pipeline(8), 200)
      const pace = paceOf(longer, forecast(longer, at(home)).last, new Store(at(home).home))
      const [before, after] = [pace.seconds(plan.stages[0] as Plan['stages'][number]), pace.seconds(longer.stages[0] as Plan['stages'][number])]
      ok(before !== undefined && after !== undefined && Math.abs(after / before - 2) < 1e-9, `${before} ${after}`)
      const huge = withWork(pipeline(9), 1e6)
      is(paceOf(huge, forecast(huge, at(home)).last, new Store(at(home).home)).seconds(huge.stages[0] as Plan['stages'][number]), undefined, 'not from so little')
    }))
})
