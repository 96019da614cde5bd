// The reference session: states, feeds, symbols, and what it refuses.

import type { Graph, GraphNode } from '../../../../spec/graph/graph.js'
import { equal, is, ok, suite, throws } from '../../../../spec/test/suite.js'
import { reference } from '../reference.js'

const node = (op: GraphNode['op'], inputs: number[], shape: (number | string)[], attributes: GraphNode['attributes'] = {}): GraphNode => ({ op, inputs, attributes, type: { dtype: 'f32', shape } })

/** total ← total + x, and the old total. */
const accumulate: Graph = {
  name: 'accumulate',
  nodes: [node('input', [], ['N'], { name: 'x', storage: 'feed' }), node('input', [], ['N'], { name: 'total', storage: 'state' }), node('add', [0, 1], ['N'])],
  outputs: [{ kind: 'assign', state: 'total', node: 2 }, { kind: 'fetch', name: 'before', node: 1 }],
  bodies: [],
}

suite('reference session', (test) => {
  test('assigns after everything is computed and keeps states between runs', async () => {
    const session = await reference.open()
    session.declare('total', 'f32', [2])
    session.write('total', [1, 2])
    const program = session.load(accumulate, { N: 2 })
    equal(Array.from((await program.run({ x: Float32Array.of(10, 20) })).before as Float64Array), [1, 2])
    equal(Array.from((await program.run({ x: Float32Array.of(0.5, 0.5) })).before as Float64Array), [11, 22])
    equal(Array.from(session.read('total')), [11.5, 22.5])
  })

  test('what was read or fetched is a copy', async () => {
    const session = await reference.open()
    session.declare('total', 'f32', [1])
    session.read('total')[0] = 5
    const { before } = await session.load(accumulate, { N: 1 }).run({ x: Float64Array.of(1) })
    ;(before as Float64Array)[0] = 9
    equal(Array.from(session.read('total')), [1])
  })

  test('loading again gives the same program', async () => {
    const session = await reference.open()
    session.declare('total', 'f32', [2])
    is(session.load(accumulate, { N: 2 }), session.load(accumulate, { N: 2 }))
  })

  test('declaring again is a no-op for the same type and an error for another', async () => {
    const session = await reference.open()
    session.declare('w', 'f32', [2])
    session.write('w', [1, 2])
    session.declare('w', 'f32', [2])
    equal(Array.from(session.read('w')), [1, 2])
    throws(() => session.declare('w', 'f32', [3]), /declared again/)
    throws(() => session.declare('w', 'i32', [2]), /declared again/)
  })

  test('refuses unknown symbols, undeclared or wrong states, wrong feeds and illegal graphs', async () => {
    const session = await reference.open()
    throws(() => session.load(accumulate, { N: 2 }), /no state "total"/)
    session.declare('total', 'f32', [2])
    throws(() => session.load(accumulate, {}), /no value for "N"/)
    throws(() => session.load(accumulate, { N: 3 }), /state "total" is f32\[2\]/)
    throws(() => session.write('total', [1]), /2 elements, not 1/)
    const program = session.load(accumulate, { N: 2 })
    const failure = (feeds: Record<string, Float64Array>): Promise<string> => program.run(feeds).then(() => 'nothing', (error: Error) => error.message)
    ok(/"x" was not fed/.test(await failure({})))
    ok(/"x" has 3 elements/.test(await failure({ x: new Float64Array(3) })))
    throws(() => session.load({ ...accumulate, outputs: [{ kind: 'fetch', name: 'y', node: 9 }] }, { N: 2 }), /illegal graph:\naccumulate: fetch "y" takes %9, which is not a node/)
  })
})
