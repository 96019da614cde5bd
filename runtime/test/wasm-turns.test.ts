// Runs in a queue, each computed by one of several threads: the same bits as one after the other, whatever they do to states, and whoever fails.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import type { Graph } from '../../spec/graph/graph.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { inTurn, type Call, type Session, type TensorData } from '../executors/executor.js'
import { effectsOf, independent } from '../executors/wasm/plan/turns.js'
import { CAPACITY } from '../executors/wasm/queue.js'
import { wasmWith } from '../executors/wasm/index.js'
import { enlist } from '../executors/wasm/threads.js'
import { unlike, uniform } from './wasm-compare.js'

const [ROWS, WIDTH] = [24, 40]

/** g += xᵀ·gather(table), s += Σ x; fetches what it gathered. Small numbers after large ones: another order has other bits. */
function adding(): Graph {
  const b = new GraphBuilder('adding')
  const x = b.input('x', 'f32', ['B', WIDTH])
  const found = b.gather(b.input('table', 'f32', [ROWS, WIDTH], 'state'), b.input('rows', 'i32', ['B']))
  const [g, s] = [b.input('g', 'f32', [WIDTH, WIDTH], 'state'), b.input('s', 'f32', [WIDTH], 'state')]
  b.assign(g, b.add(g, b.matmul(x, found, { transposeA: true })))
  b.assign(s, b.add(s, b.reduceSum(x, [0])))
  b.fetch('found', found)
  return b.build()
}

/** s = s·2 + Σ x: not an addition. */
function doubling(): Graph {
  const b = new GraphBuilder('doubling')
  const s = b.input('s', 'f32', [WIDTH], 'state')
  b.assign(s, b.add(b.mul(s, b.constant(2)), b.reduceSum(b.input('x', 'f32', ['B', WIDTH]), [0])))
  return b.build()
}

const callsOf = (graph: Graph, sizes: readonly number[], bad = -1): Call[] =>
  sizes.map((B, i) => ({
    graph,
    bindings: { B },
    feeds: { x: Float32Array.from(uniform(B * WIDTH, i + 1), (value) => value * 10 ** ((i % 5) - 2)), rows: Int32Array.from({ length: B }, (_, j) => (i === bad ? ROWS + 7 : (7 * i + j) % ROWS)) },
  }))

async function open(threads: number): Promise<Session> {
  await enlist(threads)
  const session = await wasmWith(threads, { step: 0, program: 0, timed: false }).open()
  for (const [name, shape] of [['table', [ROWS, WIDTH]], ['g', [WIDTH, WIDTH]], ['s', [WIDTH]]] as const) session.declare(name, 'f32', shape)
  session.write('table', uniform(ROWS * WIDTH, 9))
  return session
}

const all = (session: Session, calls: readonly Call[]): Promise<Record<string, TensorData>[]> => session.runAll?.(calls) ?? Promise.reject(new Error('no runAll'))
const read = (session: Session, name: string): TensorData => session.read(name) as TensorData
const sizes = Array.from({ length: 23 }, (_, i) => 1 + ((i * 5) % 17))

suite('wasm: runs in a queue', (test) => {
  for (const threads of [1, 2, 4])
    test(`${threads} threads: the bits of one run after the other`, async () => {
      const calls = callsOf(adding(), sizes)
      const [alone, together] = [await open(1), await open(threads)]
      const expected = await inTurn(alone, calls)
      for (let round = 0; round < 3; round++) {
        if (round > 0) for (const name of ['g', 's']) together.write(name, read(together, name).map(() => 0))
        const found = await all(together, calls)
        found.forEach(({ found: one }, i) => is(unlike(expected[i]?.['found'] as TensorData, one), undefined))
        for (const name of ['g', 's']) is(unlike(read(alone, name), read(together, name)), undefined, name)
      }
    })

  test('what is not an addition runs one after the other', async () => {
    const graph = doubling()
    const calls = callsOf(graph, sizes).map(({ feeds, ...call }) => ({ ...call, feeds: { x: feeds['x'] as TensorData } }))
    const [alone, together] = [await open(1), await open(3)]
    await inTurn(alone, calls)
    await all(together, calls)
    is(unlike(read(alone, 's'), read(together, 's')), undefined)
  })

  test('more runs than a queue holds', async () => {
    const calls = callsOf(adding(), Array.from({ length: CAPACITY + 3 }, () => 2))
    const [alone, together] = [await open(1), await open(2)]
    await all(alone, calls)
    is((await all(together, calls)).length, calls.length)
    is(unlike(read(alone, 'g'), read(together, 'g')), undefined)
  })

  test('an index outside of its table is said, and the session lives', async () => {
    for (const bad of [0, 5, sizes.length - 1]) {
      const session = await open(3)
      const error = await all(session, callsOf(adding(), sizes, bad)).catch((reason: unknown) => reason)
      ok(error instanceof Error && error.message.includes('an index lies outside of its table'), String(error))
      equal((await all(session, callsOf(adding(), [3, 4]))).length, 2)
    }
  })

  test('a feed that is missing is said', async () => {
    const [call] = callsOf(adding(), [3]) as [Call]
    const error = await all(await open(2), [call, { ...call, feeds: { x: call.feeds['x'] as TensorData } }]).catch((reason: unknown) => reason)
    is((error as Error).message, '"rows" was not fed')
  })

  test('effects of a graph', () => {
    const found = effectsOf(adding())
    equal([...found.reads], ['table'])
    equal([...found.adds].toSorted(), ['g', 's'])
    equal([...effectsOf(doubling()).changes], ['s'])
    const [reads, adds, changes] = [new Set(['a']), new Set(['a']), new Set(['a'])]
    const none = new Set<string>()
    const [reader, adder, changer] = [{ reads, adds: none, changes: none }, { reads: none, adds, changes: none }, { reads, adds: none, changes }]
    for (const [together, some] of [[true, [reader, reader]], [true, [adder, adder]], [true, [changer]], [false, [reader, adder]], [false, [reader, changer]], [false, [changer, changer]], [false, [adder, changer]], [false, [reader, undefined]]] as const) is(independent(some), together)
  })
})
