// Learning-rate schedules of the standard library against their formulas, and constants.

import { equal, is, near, suite } from '../../../spec/test/suite.js'
import type { CompileValue } from '../../elaborate/value.js'
import { lowerSchedule } from '../schedule.js'
import { closure, feedsOf, modulesOf, noConstants, number, run } from './harness.js'

const modules = modulesOf(`rlp 1
import { linear } from "std/schedules"
fn needs_more(step: Steps, target: Real): Real = step * target
fn reads_const(step: Steps): Real = if step < cut then base else base / 2
const base = 1e-3
const cut = 5 steps
fn unused() = linear
`)
const span = closure(modules.get('main.rlp'), 'needs_more').span
const schedule = (name: string, bound: Record<string, CompileValue>): CompileValue => closure(modules.get('std/schedules'), name, bound)

/** Rates at every step. */
async function rates(lr: CompileValue, steps: number, context = noConstants): Promise<number[]> {
  const { program, diagnostics } = lowerSchedule(lr, span, context)
  if (!program) throw new Error(diagnostics.map(({ title }) => title).join('\n'))
  const found: number[] = []
  for (let step = 0; step < steps; step++) found.push((await run(program, {}, { step: [step], steps: [steps] }))['lr']?.[0] as number)
  return found
}

const warmed = (step: number, warmup: number): number => Math.min(1, (step + 1) / Math.max(warmup, 1))
const progress = (step: number, steps: number, warmup: number): number => Math.min(1, Math.max(0, (step - warmup) / Math.max(steps - warmup, 1)))
const all = Array.from({ length: 30 }, (_, step) => step)

suite('schedules', (test) => {
  test('constant, linear and cosine with warm-up', async () => {
    const bound = { peak: number(3e-3), warmup: number(10, 'steps') }
    near(await rates(schedule('constant', bound), 30), all.map((step) => 3e-3 * warmed(step, 10)), { rtol: 1e-12 })
    const floor = { ...bound, floor: number(0.1) }
    near(await rates(schedule('linear', floor), 30), all.map((step) => 3e-3 * (step < 10 ? warmed(step, 10) : 1 - 0.9 * progress(step, 30, 10))), { rtol: 1e-12 })
    near(await rates(schedule('cosine', floor), 30), all.map((step) => 3e-3 * (step < 10 ? warmed(step, 10) : 0.1 + 0.9 * 0.5 * (1 + Math.cos(Math.PI * progress(step, 30, 10))))), { rtol: 1e-12 })
  })

  test('a number is a program without feeds', async () => {
    const { program } = lowerSchedule(number(2e-4), span, noConstants)
    equal(program && feedsOf(program), [])
    equal(await rates(number(2e-4), 2), [2e-4, 2e-4])
  })

  test('constants of the module of the function', async () => {
    const values: Record<string, CompileValue> = { base: number(1e-3), cut: number(5, 'steps') }
    const found = await rates(closure(modules.get('main.rlp'), 'reads_const'), 10, { constant: ({ name }) => values[name] as CompileValue })
    near(found, all.slice(0, 10).map((step) => (step < 5 ? 1e-3 : 5e-4)))
  })

  test('a parameter that nobody provides', () => {
    const { program, diagnostics } = lowerSchedule(closure(modules.get('main.rlp'), 'needs_more'), span, noConstants)
    is(program, undefined)
    equal(diagnostics.map(({ code, title }) => `${code} ${title}`), ['RLP5105 `needs_more` needs `target`, which is not provided here'])
  })
})
