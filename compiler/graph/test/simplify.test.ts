// `simplify` on random graphs: every value and every gradient stays, NaN included, and every result is legal.

import fc from 'fast-check'
import { verify } from '../../../spec/graph/verify.js'
import { equal, is, near, suite } from '../../../spec/test/suite.js'
import { GraphBuilder, type Value } from '../builder.js'
import { rmsNorm } from '../composites.js'
import { gradient } from '../gradient.js'
import { simplify } from '../simplify.js'
import { run } from './harness.js'

interface Choice {
  readonly op: number
  readonly a: number
  readonly b: number
  readonly c: number
}

/** What random graphs are made of. Operands of different shapes broadcast: all are suffixes of [2, 3]. */
const steps: readonly ((b: GraphBuilder, x: Value, y: Value, z: Value) => Value)[] = [
  (b, x, y) => b.add(x, y),
  (b, x, y) => b.sub(x, y),
  (b, x, y) => b.mul(x, y),
  (b, x, y) => b.div(x, y),
  (b, x, y) => b.max(x, y),
  (b, x, y) => b.min(x, y),
  (b, x, y, z) => b.where(b.lt(x, y), y, z),
  (b, x, y, z) => b.where(b.not(b.le(x, y)), x, z),
  (b, x, y, z) => b.where(b.or(b.eq(x, y), b.constant(false)), x, z),
  (b, x) => b.neg(x),
  (b, x) => b.neg(b.neg(x)),
  (b, x) => b.exp(x),
  (b, x) => b.log(x),
  (b, x) => b.tanh(x),
  (b, x) => b.sigmoid(x),
  (b, x) => b.abs(x),
  (b, x) => b.stopGradient(x),
  (b, x) => b.add(x, 0),
  (b, x) => b.mul(x, 1),
  (b, x) => b.mul(x, 0),
  (b, x) => b.mul(x, -1),
  (b, x) => b.div(x, 1),
  (b, x) => b.where(b.isNan(x), 0, x),
  (b, x) => b.broadcastTo(x, [2, 3]),
  (b, x) => b.reduceSum(x),
  (b, x) => (x.rank === 2 ? b.reduceSum(x, 0) : x),
  (b, x) => (x.rank > 0 ? b.reduceMax(x) : x),
  (b, x) => (x.rank > 0 ? b.spread(b.mean(x, -1), x.shape, -1) : x),
  (b, x) => (x.rank > 0 ? b.softmax(x) : x),
  (b, x) => (x.rank > 0 ? b.cumsum(x, -1, true) : x),
  (b, x) => (x.rank > 0 ? b.reverse(b.reverse(x, -1), -1) : x),
  (b, x) => (x.rank > 0 ? b.narrow(b.padAxis(x, -1, 1, 2), -1, 1, 3) : x),
  (b, x) => (x.rank > 0 ? b.narrow(b.narrow(x, -1, 0, 2), -1, 1, 1) : x),
  (b, x) => b.reshape(b.reshape(x, [...x.shape, 1]), x.shape),
  (b, x) => (x.rank === 2 ? b.transpose(b.transpose(x, [1, 0]), [1, 0]) : x),
  (b, x, y) => (x.rank === 2 && y.rank === 2 && x.shape[1] === 3 && y.shape[1] === 3 ? b.matmul(x, b.transpose(b.broadcastTo(b.reduceSum(y, 0), [3, 3]), [1, 0])) : x),
  (b, x, y) => (x.shape.at(-1) === 3 && y.shape.length === 1 && y.shape[0] === 3 ? rmsNorm(b, x, y, { eps: 1e-3 }) : x),
  (b) => b.constant(0.5),
  (b) => b.full(2, [3]),
  (b) => b.full(Infinity, [2, 3]),
  (b) => b.iota([2, 3], 1, 'f32'),
]

const program = fc.array(fc.record({ op: fc.nat(steps.length - 1), a: fc.nat(50), b: fc.nat(50), c: fc.nat(50) }), { minLength: 1, maxLength: 14 })
const inputs = [[2, 3], [3], []] as const

function graphOf(choices: readonly Choice[]): GraphBuilder {
  const b = new GraphBuilder('random')
  const parameters = inputs.map((shape, i) => b.input(`x${i}`, 'f32', shape))
  const pool: Value[] = [...parameters]
  for (const { op, a, b: second, c } of choices) {
    const take = (choice: number): Value => pool[choice % pool.length] as Value
    pool.push((steps[op] as (typeof steps)[number])(b, take(a), take(second), take(c)))
  }
  const loss = b.reduceSum(pool.at(-1) as Value)
  pool.forEach((value, i) => b.fetch(`value ${i}`, value))
  gradient(b, [loss], [b.constant(1)], parameters).forEach((g, i) => b.fetch(`gradient ${i}`, g))
  return b
}

const feeds = [
  { x0: [0.5, -1, 2, 0, -0.25, 3], x1: [1, 0.5, -2], x2: [0.75] },
  { x0: [Infinity, NaN, 2, 0, -Infinity, 3], x1: [1, Infinity, 0], x2: [-Infinity] },
]

suite('simplify', (test) => {
  test('keeps every value and gradient of random graphs, and legality', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (choices) => {
        const graph = graphOf(choices).build()
        const before = await Promise.all(feeds.map((feed) => run(graph, feed)))
        const after = simplify(graph)
        equal(verify(after), [])
        for (const [i, feed] of feeds.entries()) {
          const results = await run(after, feed)
          for (const [name, values] of Object.entries(before[i] as Record<string, number[]>)) near(results[name] as number[], values, { rtol: 1e-9, atol: 1e-9, what: name })
        }
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  test('a second time finds nothing', () => {
    fc.assert(
      fc.property(program, (choices) => {
        const once = simplify(graphOf(choices).build())
        equal(simplify(once), once)
      }),
      { numRuns: 100, seed: 2 },
    )
  })

  test('a graph survives JSON', () => {
    const graph = graphOf([{ op: steps.length - 2, a: 0, b: 0, c: 0 }]).build()
    equal(JSON.parse(JSON.stringify(graph)), graph)
  })

  test('x·0 and x − x stay, because of NaN', () => {
    const b = new GraphBuilder('zero')
    const x = b.input('x', 'f32', [])
    b.fetch('y', b.add(b.mul(x, 0), b.sub(x, x)))
    is(simplify(b.build()).nodes.filter((node) => node.op === 'mul' || node.op === 'sub').length, 2)
  })
})
