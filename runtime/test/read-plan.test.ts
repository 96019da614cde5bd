// A plan's file: read as it was written, refused when a single bit is another, or a value was changed by hand.

import { equal, ok, suite } from '../../spec/test/suite.js'
import { canonicalJson } from '../../spec/plan/canonical.js'
import { isSealed, sealed } from '../../spec/plan/sealed.js'
import { readPlan } from '../scheduler/read-plan.js'
import { copyRows, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const model = tinyModel(LETTERS)
const plan = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 2 }).plan()

suite('plan files', (test) => {
  test('what is written is read', () => equal(readPlan(sealed(plan)), { plan: JSON.parse(canonicalJson(plan)) }))

  test('an edited value, another order, or a missing checksum is refused in words', () => {
    const text = sealed(plan)
    const value = JSON.parse(text) as Record<string, unknown>
    for (const other of [text.replace('"lr":0.02', '"lr":0.03'), JSON.stringify(value, null, 2), canonicalJson(plan)]) {
      ok(other !== text)
      const read = readPlan(other)
      ok('problem' in read && read.problem.includes('not what was compiled'), JSON.stringify(read))
      ok('plan' in readPlan(other, { vouched: true }))
    }
  })

  test('every flipped bit is noticed', () => {
    const bytes = Buffer.from(sealed(plan))
    for (let at = 0; at < bytes.length - 1; at += Math.max(1, Math.floor(bytes.length / 300))) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] as number) ^ (1 << at % 8)
      const text = flipped.toString('utf8')
      ok(!isSealed(text), `bit ${at % 8} of byte ${at}: ${text.slice(Math.max(0, at - 20), at + 20)}`)
    }
  })
})
