// Every primitive op on the tensorflow executor against the reference executor.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import { cacheWrite } from '../../compiler/graph/composites/attention.js'
import type { OpName } from '../../spec/graph/graph.js'
import { ops } from '../../spec/graph/ops.js'
import { equal, is, near, suite } from '../../spec/test/suite.js'
import { reference } from '../executors/reference/reference.js'
import { tensorflow } from '../executors/tensorflow/index.js'
import { composites } from '../executors/tensorflow/composites.js'
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

/** Of each composite that is not expanded: a graph and its feeds. */
const written: Readonly<Record<string, () => { readonly graph: ReturnType<GraphBuilder['build']>; readonly feeds: Record<string, Float32Array | Int32Array> }>> = {
  cache_write: () => {
    const b = new GraphBuilder('cache_write')
    b.fetch('y', cacheWrite(b, b.input('cache', 'f32', [5, 3, 2, 4]), b.input('entry', 'f32', [5, 2, 4]), b.input('at', 'i32', [5])))
    return { graph: b.build(), feeds: { cache: Float32Array.from({ length: 120 }, (_, i) => i), entry: Float32Array.from({ length: 40 }, (_, i) => -1 - i), at: Int32Array.of(0, 2, 3, -1, 1) } }
  },
}

suite('tensorflow: table of composites', (test) => {
  test('there is an example of each', () => equal(Object.keys(composites), Object.keys(written)))
})

tensorflowSuite('tensorflow composites', (test) => {
  for (const [name, example] of Object.entries(written)) {
    test(name, async () => {
      const { graph, feeds } = example()
      near((await execute(tensorflow, graph, feeds)).fetched['y'] ?? [], Float32Array.from((await execute(reference, graph, feeds)).fetched['y'] ?? []), { rtol: 1e-6, what: name })
    })
  }
})
