// Expressions of a plan: every operation against values worked out by hand, with and without none.
// The graphs of rewards and objectives have tests of their own.

import type { Expr, Value } from '../../spec/plan/plan.js'
import { operations } from '../../spec/plan/expressions.js'
import { constant, evaluate, type Scope } from '../data/expr.js'
import { HostError, type HostValue } from '../host.js'
import { equal, is, near, suite, throws } from '../../spec/test/suite.js'

const op = (name: string, ...args: (Value | Expr)[]): Expr => ({ op: name, args: args.map((arg) => (typeof arg === 'object' && arg !== null && ('name' in arg || 'op' in arg || 'const' in arg || 'call' in arg || 'field' in arg || 'stage' in arg) ? (arg as Expr) : { const: arg as Value })) })
const value = (expr: Expr, scope: Scope = { names: {} }): HostValue => evaluate(expr, scope)
const code = (wanted: string) => (error: unknown) => error instanceof HostError && error.code === wanted
const range: Value = { low: 0, high: 1 }

/** One or more rows for each operation: name, arguments, result. */
const cases: [string, Value[], HostValue][] = [
  ['+', [2, 3], 5], ['+', ['a', 'b'], 'ab'], ['+', [null, 3], null], ['+', [{ value: 2, unit: 'steps' }, { value: 3, unit: 'steps' }], 5],
  ['-', [2, 3], -1], ['-', [2, null], null],
  ['*', [2, 3], 6], ['*', [0, null], null],
  ['/', [1, 4], 0.25], ['/', [1, 0], Infinity],
  ['^', [2, 10], 1024], ['pow', [2, 0.5], Math.SQRT2],
  ['neg', [4], -4], ['neg', [null], null],
  ['<', [1, 2], true], ['<', [2, 2], false], ['<', ['a', 'b'], true], ['<', [null, 2], null],
  ['<=', [2, 2], true], ['<=', [3, 2], false],
  ['>', [3, 2], true], ['>', [2, null], null],
  ['>=', [2, 2], true], ['>=', [1, 2], false],
  ['==', ['a', 'a'], true], ['==', [null, null], true], ['==', [null, 0], false], ['==', [1, '1'], false], ['==', [[1, [2]], [1, [2]]], true], ['==', [[1], [1, 2]], false],
  ['!=', ['a', 'b'], true], ['!=', [null, null], false],
  ['in', [2, [1, 2]], true], ['in', ['x', ['y']], false], ['in', [1, range], true], ['in', [1.1, range], false], ['in', [5, { low: 3, high: null }], true], ['in', ['b', 'abc'], true], ['in', [null, [1]], null],
  ['and', [true, true], true], ['and', [true, null], null], ['and', [null, false], false], ['and', [false, null], false],
  ['or', [false, true], true], ['or', [false, null], null], ['or', [null, true], true],
  ['not', [true], false], ['not', [null], null],
  ['is_nan', [Number.NaN], true], ['is_nan', [1], false], ['is_nan', [null], null],
  ['where', [true, 1, 2], 1], ['where', [false, 1, 2], 2], ['where', [null, 1, 2], null],
  ['min', [3, 1, 2], 1], ['min', [3, null], null],
  ['max', [3, 1, 2], 3],
  ['clamp', [5, 0, 1], 1], ['clamp', [-5, 0, 1], 0], ['clamp', [0.5, 0, 1], 0.5],
  ['exp', [0], 1], ['log', [Math.E], 1], ['sqrt', [9], 3], ['abs', [-3], 3], ['sign', [-3], -1], ['floor', [-1.5], -2],
  ['tanh', [0.5], 0.46211715726000973], ['sin', [1], 0.8414709848078965], ['cos', [1], 0.5403023058681398],
  ['sigmoid', [2], 0.8807970779778823], ['sigmoid', [-800], 0],
  ['softplus', [0], 0.6931471805599453], ['softplus', [800], 800],
  ['log_sigmoid', [0], -0.6931471805599453], ['log_sigmoid', [-800], -800],
  ['stop_gradient', [3], 3],
  ['length', [[1, 2, 3]], 3], ['length', ['four'], 4],
]

suite('expressions', (test) => {
  test('with a tolerance, numbers that differ by rounding alone are equal in comparisons', () => {
    const at = (name: string, a: number, b: number) => value(op(name, a, b), { names: {}, tolerance: 1e-12 })
    for (const [a, b] of [[0.24, 0.26 - 0.02], [0.1 + 0.2, 0.3], [0.1 + 0.2 - 0.3, 0], [1e6 + 1e-8, 1e6]] as const) {
      equal(['<', '<=', '>', '>='].map((name) => at(name, a, b)), [false, true, false, true])
      equal(['<', '<=', '>', '>='].map((name) => at(name, b, a)), [false, true, false, true])
    }
    equal(['<', '<=', '>', '>='].map((name) => at(name, 0.24, 0.24001)), [true, true, false, false])
    is(value(op('>=', 0.24, 0.26 - 0.02)), false)
  })

  test('every operation, by hand', () => {
    for (const [name, args, expected] of cases) {
      const given = value(op(name, ...args))
      const what = `${name} ${JSON.stringify(args)}`
      if (typeof expected === 'number') near(given as number, expected, { rtol: 1e-14, what })
      else equal(given, expected, what)
    }
    equal([...new Set(cases.map(([name]) => name))].sort(), Object.keys(operations).sort())
  })

  test('names, fields and missing fields', () => {
    const scope: Scope = { names: { row: { answer: 'x', deep: { n: 3 } }, metrics: { reward: 0.5 } } }
    is(value({ field: 'answer', of: { name: 'row' } }, scope), 'x')
    is(value({ field: 'n', of: { field: 'deep', of: { name: 'row' } } }, scope), 3)
    is(value({ field: 'n', of: { field: 'absent', of: { name: 'row' } } }, scope), null)
    is(value(op('>', { field: 'reward', of: { name: 'metrics' } }, 0.4), scope), true)
    throws(() => value({ name: 'clock' }, scope), code('RLP8108'))
  })

  test('if, and an undecided condition', () => {
    const choose = (condition: Value): Expr => ({ if: { const: condition }, then: { const: 1 }, else: { const: 2 } })
    equal([value(choose(true)), value(choose(false)), value(choose(null))], [1, 2, null])
  })

  test('calls run on the host, and only when needed', () => {
    const calls: string[] = []
    const scope: Scope = {
      names: {},
      call: (name, args) => {
        calls.push(name)
        return (args['x'] as number) + 1
      },
    }
    const call = (name: string, x: number): Expr => ({ call: name, args: { x: { const: x } } })
    is(value(op('*', call('f', 2), 10), scope), 30)
    is(value(op('or', true, op('>', call('slow', 1), 0)), scope), true)
    is(value(op('and', false, op('>', call('slow', 1), 0)), scope), false)
    is(value({ if: { const: true }, then: call('g', 0), else: call('slow', 0) }, scope), 1)
    equal(calls, ['f', 'g'])
    throws(() => value(call('f', 1)), code('RLP8108'))
  })

  test('metrics of other stages', () => {
    const scope: Scope = { names: {}, metric: (stage, metric) => (stage === 'exam["S"]' && metric === 'accuracy' ? 0.75 : null) }
    is(value(op('>', { stage: 'exam["S"]', metric: 'accuracy' }, 0.5), scope), true)
    throws(() => value({ stage: 'a', metric: 'b' }), code('RLP8108'))
  })

  test('constants: quantities, ranges, records, expressions inside lists', () => {
    equal(constant({ record: { a: { value: 3, unit: 'tokens' }, b: [{ low: 0, high: null }] } }), { a: 3, b: [{ low: 0, high: null }] })
    is(value(op('in', 3, { const: [{ expr: op('+', 1, 2) }] })), true)
    throws(() => constant({ model: 'm' }), code('RLP8108'))
  })

  test('unknown operations and wrong operands have codes', () => {
    throws(() => value(op('toString', 1)), code('RLP8108'))
    throws(() => value(op('+', 1, [2])), code('RLP8105'))
    throws(() => value(op('<', 'a', 1)), code('RLP8105'))
  })
})
