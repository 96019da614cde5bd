// The tables of operators, functions, ranges and reductions agree: folding, graph and interval of each row on the same operands.

import { equal, is, near, ok, suite } from '../../../spec/test/suite.js'
import { operations } from '../../../spec/plan/expressions.js'
import { GraphBuilder, type Value } from '../../graph/builder.js'
import { functions, operators, type Elementwise } from '../../arithmetic/elementwise.js'
import { Levels } from '../levels.js'
import { ranges, type Interval } from '../../arithmetic/ranges.js'
import { reductions } from '../reductions.js'
import { run } from './harness.js'

const rows: Readonly<Record<string, Elementwise>> = { ...operators, ...functions }
const points = [-2.5, -1, -0.3, 0, 0.3, 1, 2, 3.7]

const folded = (row: Elementwise, operands: readonly (number | boolean)[]): number => Number((row.fold as (...x: (number | boolean)[]) => number | boolean)(...operands))

/** All combinations of the points, for a row of one, two or three operands. */
function combinations(row: Elementwise): number[][] {
  const values = row.takes === 'boolean' ? [0, 1] : points
  return row.parameters.reduce<number[][]>((found) => found.flatMap((left) => values.map((value) => [...left, value])), [[]])
}

suite('builtins', (test) => {
  test('every operator and function has a range rule, and no rule is without one', () => {
    equal(Object.keys(ranges).sort(), Object.keys(rows).sort())
  })

  for (const [name, row] of Object.entries(rows)) {
    test(`${name}: the graph gives what folding gives`, async () => {
      const cases = combinations(row)
      const b = new GraphBuilder('case')
      const columns = row.parameters.map((_, i) => b.input(`x${i}`, 'f32', [cases.length]))
      const operands = row.takes === 'boolean' ? columns.map((x) => b.lt(0, x)) : columns
      b.fetch('y', b.cast(row.build(b, ...operands), 'f32'))
      const feeds = Object.fromEntries(row.parameters.map((_, i) => [`x${i}`, cases.map((values) => values[i] as number)]))
      const expected = cases.map((values) => folded(row, row.takes === 'boolean' ? values.map(Boolean) : values))
      near((await run(b.build(), {}, feeds))['y'] as number[], expected, { rtol: 1e-12 })
    })

    test(`${name}: the plan's own evaluator gives what folding gives`, () => {
      for (const values of combinations(row)) {
        const operands = row.takes === 'boolean' ? values.map(Boolean) : values
        near(Number(operations[name]?.(...operands)), folded(row, operands), { rtol: 1e-12, what: `${name}(${operands.join(', ')})` })
      }
    })

    test(`${name}: the range holds every value`, () => {
      const values = row.takes === 'boolean' ? [0, 1] : points
      const rule = ranges[name] as (...operands: Interval[]) => Interval
      const intervals = values.flatMap((low) => values.filter((high) => high >= low).map((high) => ({ low, high })))
      const boxes = row.parameters.reduce<Interval[][]>((found) => found.flatMap((left) => intervals.map((interval) => [...left, interval])), [[]])
      for (const [index, box] of boxes.entries()) {
        // Three operands have 46,656 boxes: a fixed sample will do.
        if (boxes.length > 5000 && index % 37 !== 0) continue
        const { low, high } = rule(...box)
        const corners = box.reduce<number[][]>((found, interval) => found.flatMap((left) => [interval.low, interval.high, (interval.low + interval.high) / 2].map((x) => [...left, x])), [[]])
        for (const corner of corners) {
          if (row.takes === 'boolean' && corner.some((x) => x !== 0 && x !== 1)) continue
          const value = folded(row, row.takes === 'boolean' ? corner.map(Boolean) : corner)
          if (Number.isNaN(value)) continue
          ok(value >= low - 1e-12 && value <= high + 1e-12, `${name}(${corner.join(', ')}) = ${value} outside ${low}..${high}`)
        }
      }
    })
  }
})

suite('reductions', (test) => {
  const levels = new Levels(['token', 'rollout', 'group', 'batch'])
  const sizes = { G: 2, N: 2, T: 3 }
  const x = [4, -1, NaN, 2, NaN, NaN, NaN, NaN, NaN, 0.5, 3, -2]
  const mask = x.map((value) => (Number.isNaN(value) ? 0 : 1))
  const deviation = (values: number[], ddof: number): number => {
    const mean = values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1)
    return values.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(values.length - ddof, 1)
  }
  const byHand: Readonly<Record<string, (values: number[]) => number>> = {
    sum: (values) => values.reduce((a, b) => a + b, 0),
    count: (values) => values.length,
    mean: (values) => values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1),
    var: (values) => deviation(values, 1),
    std: (values) => Math.sqrt(deviation(values, 1)),
    min_of: (values) => (values.length ? Math.min(...values) : 0),
    max_of: (values) => (values.length ? Math.max(...values) : 0),
    any: (values) => Number(values.some((value) => value > 2)),
    all: (values) => Number(values.every((value) => value > 2)),
    first: (values) => values[0] ?? 0,
    last: (values) => values.at(-1) ?? 0,
  }

  test('every reduction has an oracle', () => equal(Object.keys(byHand).sort(), Object.keys(reductions).sort()))

  for (const [name, oracle] of Object.entries(byHand)) {
    for (const to of [0, 1, 2]) {
      test(`${name} over ${levels.nameOf(to)}: masked tokens never count, whatever they hold`, async () => {
        const b = new GraphBuilder('reduce')
        const [values, counted] = [b.input('x', 'f32', ['G', 'N', 'T']), b.lt(0, b.input('mask', 'f32', ['G', 'N', 'T']))]
        const operand: Value = name === 'any' || name === 'all' ? b.lt(2, values) : values
        const reduced = (reductions[name] as (typeof reductions)[string])(operand, { b, levels, mask: counted, from: 3, to, by: false, ddof: 1 })
        is(reduced.shape.join(), levels.shapeAt(to).join())
        b.fetch('y', b.cast(reduced, 'f32'))
        const block = x.length / [1, 2, 4][to]!
        const expected = Array.from({ length: x.length / block }, (_, i) => oracle(x.slice(i * block, (i + 1) * block).filter((value) => !Number.isNaN(value))))
        near((await run(b.build(), sizes, { x, mask }))['y'] as number[], expected, { rtol: 1e-12 })
      })
    }
  }

  test('a deviation over a level without a mask; the gradient at 0 is 0', async () => {
    const { gradient } = await import('../../graph/gradient.js')
    const b = new GraphBuilder('std')
    const reward = b.input('reward', 'f32', ['G', 'N'])
    const std = (reductions['std'] as (typeof reductions)[string])(reward, { b, levels, mask: undefined, from: 2, to: 1, by: false, ddof: 1 })
    b.fetch('std', std)
    b.fetch('slope', gradient(b, [std], [b.full(1, ['G'])], [reward])[0] as Value)
    const { std: deviations, slope } = await run(b.build(), { G: 2, N: 3 }, { reward: [1, 2, 4, 5, 5, 5] })
    near(deviations as number[], [Math.sqrt(7 / 3), 0], { rtol: 1e-12 })
    near(slope as number[], [...[1, 2, 4].map((r) => (r - 7 / 3) / (2 * Math.sqrt(7 / 3))), 0, 0, 0], { rtol: 1e-12 })
  })
})
