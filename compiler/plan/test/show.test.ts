// How values and expressions of a plan are written for people.

import type { Expr, Value } from '../../../spec/plan/plan.js'
import { is, ok, suite } from '../../../spec/test/suite.js'
import { showExpr, showValue } from '../notation.js'
import { showPlan } from '../show.js'
import { COMMON } from '../../elaborate/test/harness.js'
import { planOf } from './harness.js'

const values: readonly (readonly [Value, string])[] = [
  [null, 'none'],
  [true, 'true'],
  [0.1 + 0.2, '0.3'],
  ['a "b"', '"a \\"b\\""'],
  [[1, 'x'], '[1, "x"]'],
  [Array.from({ length: 9 }, (_, i) => i), '[0, 1, 2, … 9 in all]'],
  [{ value: 1, unit: 'steps' }, '1 step'],
  [{ value: 2, unit: 'steps' }, '2 steps'],
  [{ low: 0.2, high: null }, '0.2..'],
  [{ record: { a: 1 } }, '{ a = 1 }'],
  [{ call: 'std/x.f', args: { n: 2 } }, 'f(n = 2)'],
  [{ fn: 'std/x.f', args: {} }, 'f'],
  [{ fn: 'std/x.f', args: { peak: 0.5 } }, 'f(peak = 0.5)'],
  [{ model: 'm' }, 'm'],
  [{ dataset: 'd["a"]' }, 'd["a"]'],
  [{ curriculum: 'c' }, 'c'],
  [{ reward: 'r' }, 'r'],
  [{ reward: 'r', term: 't' }, 'r.t'],
  [{ stage: 's[0]', output: 'policy' }, 's[0].policy'],
  [{ secret: 'token' }, 'secret token'],
  [{ expr: { name: 'row' } }, 'row'],
]

const row: Expr = { field: 'x', of: { name: 'row' } }
const expressions: readonly (readonly [Expr, string])[] = [
  [{ op: '+', args: [row, { op: '*', args: [{ const: 2 }, row] }] }, 'row.x + (2 * row.x)'],
  [{ op: 'not', args: [{ op: 'and', args: [row, { const: true }] }] }, 'not (row.x and true)'],
  [{ op: 'neg', args: [row] }, '-row.x'],
  [{ op: 'max', args: [row, { const: 1 }] }, 'max(row.x, 1)'],
  [{ if: row, then: { const: 1 }, else: { const: 0 } }, 'if row.x then 1 else 0'],
  [{ call: 'std/s.exact', args: { a: row } }, 'exact(a = row.x)'],
  [{ stage: 'e[1]', metric: 'accuracy' }, 'e[1].accuracy'],
]

suite('show', (test) => {
  for (const [value, text] of values) test(text, () => is(showValue(value), text))
  for (const [expr, text] of expressions) test(text, () => is(showExpr(expr), text))

  test('colour is escape sequences and nothing else', async () => {
    const plan = await planOf(`${COMMON}stage s: Sft { policy = tiny, data = chains.worked(problems["train"]), batch = 4 samples, length = 1 step, optimizer { lr = 1e-3 } }`)
    const [plain, coloured] = [showPlan(plan, { colour: false }), showPlan(plan, { colour: true })]
    ok(coloured !== plain)
    is(coloured.replace(/\x1b\[\d+m/g, ''), plain)
    ok(plain.includes('    s      Sft       1     256  4.16 M'), plain)
  })
})
