// Every primitive op on the wasm executor against the reference executor.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import type { OpName } from '../../spec/graph/graph.js'
import { ops } from '../../spec/graph/ops.js'
import { is, suite } from '../../spec/test/suite.js'
import { examplesOf, exemplified } from './op-examples.js'
import { compare } from './wasm-compare.js'

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

suite('wasm: constants', (test) => {
  test('false and 0 have the same bits, and stay of their own type', async () => {
    const b = new GraphBuilder('false and 0')
    const x = b.input('x', 'f32', [5])
    b.fetch('y', b.or(b.eq(b.lt(x, b.full(1, [5])), b.broadcastTo(b.constant(0, 'bool'), [5])), b.lt(b.full(0, [5]), x)))
    await compare(b.build(), { x: [-1, 0, 0.5, 1, 2] }, { rtol: 0, atol: 0 })
  })
})
