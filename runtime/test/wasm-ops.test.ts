// Every primitive op on the wasm executor against the reference executor.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import type { OpName } from '../../spec/graph/graph.js'
import { ops } from '../../spec/graph/ops.js'
import { is, suite } from '../../spec/test/suite.js'
import { examplesOf, exemplified } from './op-examples.js'
import { compare, uniform } from './wasm-compare.js'

const elsewhere: readonly OpName[] = ['input', 'composite', 'part']

suite('wasm ops', (test) => {
  test('every op is tested', () => {
    is(Object.keys(ops).filter((op) => !exemplified.includes(op as OpName) && !elsewhere.includes(op as OpName)).join(), '')
  })
  for (const op of exemplified) {
    test(op, async () => {
      for (const { graph, feeds, ...tolerance } of examplesOf(op, { subnormal: true })) await compare(graph, feeds, tolerance)
    })
  }
})

suite('wasm: reductions over everything', (test) => {
  for (const shape of [[160, 130], [3, 80, 100], [1, 20_000], [20_000]])
    test(shape.join(' x '), async () => {
      const b = new GraphBuilder('over everything')
      const axes = shape.map((_, axis) => axis)
      const [x, n] = [b.input('x', 'f32', shape), b.input('n', 'i32', shape)]
      b.fetch('sum', b.reduceSum(b.mul(x, x), axes))
      b.fetch('max', b.reduceMax(x, axes))
      b.fetch('count', b.reduceSum(n, axes))
      const size = shape.reduce((a, each) => a * each, 1)
      await compare(b.build(), { x: uniform(size, 3), n: uniform(size, 4, -9, 9).map(Math.trunc) })
    })
})

suite('wasm: constants', (test) => {
  test('false and 0 have the same bits, and stay of their own type', async () => {
    const b = new GraphBuilder('false and 0')
    const x = b.input('x', 'f32', [5])
    b.fetch('y', b.or(b.eq(b.lt(x, b.full(1, [5])), b.broadcastTo(b.constant(0, 'bool'), [5])), b.lt(b.full(0, [5]), x)))
    await compare(b.build(), { x: [-1, 0, 0.5, 1, 2] }, { rtol: 0, atol: 0 })
  })
})
