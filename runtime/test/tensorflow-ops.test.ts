// Every primitive op on the tensorflow executor against the reference executor.

import type { OpName } from '../../spec/graph/graph.js'
import { ops } from '../../spec/graph/ops.js'
import { is, near, suite } from '../../spec/test/suite.js'
import { reference } from '../executors/reference/reference.js'
import { tensorflow } from '../executors/tensorflow/index.js'
import { rows } from '../executors/tensorflow/ops.js'
import { mergeGraphs } from './merge-graphs.js'
import { examplesOf, exemplified } from './op-examples.js'
import { tensorflowSuite } from './tensorflow-here.js'
import { execute } from './wasm-compare.js'

const elsewhere: readonly OpName[] = ['input', 'composite', 'part']

suite('tensorflow: table of ops', (test) => {
  test('there is a row for each op', () => {
    is(Object.keys(rows).sort().join(), Object.keys(ops).filter((op) => !elsewhere.includes(op as OpName)).sort().join())
  })
})

/** XLA adds long rows one by one. */
const SLACK = 4

tensorflowSuite('tensorflow ops', (test) => {
  for (const op of exemplified) {
    test(op, async () => {
      const examples = examplesOf(op, { subnormal: false })
      const graph = mergeGraphs(op, examples.map(({ graph }) => graph))
      const feeds = Object.fromEntries(examples.flatMap(({ feeds }, i) => Object.entries(feeds).map(([name, data]) => [`${i}/${name}`, data])))
      const expected = await execute(reference, graph, feeds)
      const actual = await execute(tensorflow, graph, feeds)
      examples.forEach(({ graph: { name }, rtol = 0, atol = 0 }, i) => near(actual.fetched[`${i}/y`] ?? [], Float32Array.from(expected.fetched[`${i}/y`] ?? []), { rtol, atol: SLACK * atol, what: name }))
    })
  }
})
