// The compiler's evaluator of plan expressions against the runtime's: they must agree on numbers and truth.

import fc from 'fast-check'
import { evaluate } from '../../../runtime/data/expr.js'
import type { Expr } from '../../../spec/plan/plan.js'
import { is, near, ok, suite } from '../../../spec/test/suite.js'
import { evaluateExpr } from '../evaluate-expr.js'

const { number, truth } = fc.letrec<{ number: Expr; truth: Expr }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 4 },
    fc.double({ min: -4, max: 4, noNaN: true }).map((value): Expr => ({ const: value })),
    fc.constantFrom<Expr>({ name: 'x' }, { field: 'n', of: { name: 'row' } }),
    fc.tuple(fc.constantFrom('+', '-', '*', 'min', 'max'), tie('number'), tie('number')).map(([op, a, b]): Expr => ({ op, args: [a, b] })),
    fc.tuple(fc.constantFrom('neg', 'abs', 'sign', 'floor', 'tanh', 'sigmoid', 'cos', 'sin', 'softplus', 'log_sigmoid', 'stop_gradient'), tie('number')).map(([op, a]): Expr => ({ op, args: [a] })),
    fc.tuple(tie('number'), tie('number')).map(([x, y]): Expr => ({ op: 'clamp', args: [x, { const: -1 }, { op: 'abs', args: [y] }] })),
    fc.tuple(tie('truth'), tie('number'), tie('number')).map(([c, a, b]): Expr => ({ if: c, then: a, else: b })),
    fc.tuple(tie('truth'), tie('number'), tie('number')).map(([c, a, b]): Expr => ({ op: 'where', args: [c, a, b] })),
  ),
  truth: fc.oneof(
    { maxDepth: 4 },
    fc.boolean().map((value): Expr => ({ const: value })),
    fc.tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('number'), tie('number')).map(([op, a, b]): Expr => ({ op, args: [a, b] })),
    fc.tuple(fc.constantFrom('and', 'or'), tie('truth'), tie('truth')).map(([op, a, b]): Expr => ({ op, args: [a, b] })),
    tie('truth').map((a): Expr => ({ op: 'not', args: [a] })),
  ),
}))

const names = { x: 0.75, row: { n: -1.5, word: 'a' } }
const here = (expr: Expr, call: (name: string, args: Readonly<Record<string, unknown>>) => unknown = () => null) => evaluateExpr(expr, { names: new Map<string, unknown>(Object.entries(names)), call })
const there = (expr: Expr) => evaluate(expr, { names })

suite('expressions at compile time', (test) => {
  test('numbers are those of the runtime', () => {
    fc.assert(fc.property(number, (expr) => near(here(expr) as number, there(expr) as number)), { numRuns: 300, seed: 1 })
  })
  test('truth is that of the runtime', () => {
    fc.assert(fc.property(truth, (expr) => is(here(expr), there(expr))), { numRuns: 300, seed: 1 })
  })

  const table: readonly (readonly [Expr, unknown])[] = [
    [{ op: 'in', args: [{ field: 'word', of: { name: 'row' } }, { const: ['a', 'b'] }] }, true],
    [{ op: 'in', args: [{ name: 'x' }, { const: { low: 1, high: null } }] }, false],
    [{ op: 'length', args: [{ const: ['a', 'b'] }] }, 2],
    [{ field: 'missing', of: { name: 'row' } }, null],
    [{ op: '+', args: [{ field: 'missing', of: { name: 'row' } }, { const: 1 }] }, null],
    [{ op: '==', args: [{ field: 'missing', of: { name: 'row' } }, { const: null }] }, true],
    [{ op: '*', args: [{ const: { value: 3, unit: 'tokens' } }, { const: 2 }] }, 6],
    [{ op: 'max', args: [{ const: 1 }, { const: 5 }, { const: 3 }] }, 5],
  ]
  for (const [expr, expected] of table) {
    test(JSON.stringify(expr), () => {
      is(here(expr), expected)
      is(there(expr), expected)
    })
  }

  test('calls get their arguments by name', () => {
    const seen: unknown[] = []
    const call = (name: string, args: Readonly<Record<string, unknown>>) => seen.push([name, args])
    ok(here({ call: 'std/s.f', args: { a: { op: '+', args: [{ const: 1 }, { const: 1 }] }, b: { const: { record: { c: [1] } } } } }, call))
    is(JSON.stringify(seen), '[["std/s.f",{"a":2,"b":{"c":[1]}}]]')
  })
})
