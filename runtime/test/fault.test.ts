// A few of the faults of `npm run fault`, so that every change is tried against them: kills, a full and a read-only disk, damaged files.

import { ok, suite } from '../../spec/test/suite.js'
import { Harness, type Case } from './fault/harness.js'

suite('faults', (test) => {
  test('whatever happens to a run, it goes on and ends with the same bytes', () =>
    Harness.with(20, async (harness) => {
      const cases: Case[] = [await harness.kills(2), await harness.refusal('full'), await harness.refusal('readonly'), await harness.damage()]
      const real = await harness.fullDisk()
      if (real) cases.push(real)
      ok(cases.some(({ kills }) => kills > 0))
      ok(cases.every(({ problem }) => problem === undefined), cases.map(({ what, problem }) => `${what}: ${problem ?? 'passed'}`).join('\n'))
    }))
})
