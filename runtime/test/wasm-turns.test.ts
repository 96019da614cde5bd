// Runs in a queue, each computed by one of several threads: the same bits as one after the other, whatever they do to states, and whoever fails.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import type { Graph } from '../../spec/graph/graph.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { inTurn, perform, type Call, type Session, type TensorData } from '../executors/executor.js'
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

/** Carries x through a product and a cache of states of its own; the rows of the table that it looks up count on. Ends when x is large. */
function growing(cache: string): Graph {
  const b = new GraphBuilder('growing')
  const [x, row] = [b.input('x', 'f32', ['B', WIDTH]), b.input('row', 'i32', ['B'])]
  const held = b.input(cache, 'f32', ['B', WIDTH], 'state')
  const next = b.add(b.mul(x, b.input('by', 'f32', [])), b.add(held, b.gather(b.input('table', 'f32', [ROWS, WIDTH], 'state'), row)))
  b.assign(held, b.mul(next, b.constant(0.25)))
  b.fetch('sum', b.reduceSum(next, [1]))
  b.fetch('x', next)
  b.fetch('row', b.add(row, 1))
  b.fetch('done', b.lt(1e4, b.reduceMax(next, [0, 1])))
  return b.build()
}

/** Loops of so many rows and turns each, that end by themselves after 13 turns or so where they grow by 2. */
const loopsOf = (loops: readonly (readonly [rows: number, by: number, row?: number])[], most = 100): Call[] =>
  loops.map(([B, by, row = 0], i) => ({
    graph: growing(`cache.${i}`),
    bindings: { B },
    feeds: { x: Float32Array.from(uniform(B * WIDTH, i + 1)), by: Float32Array.of(by), row: new Int32Array(B).fill(row) },
    loop: { most, collect: ['sum'], until: 'done' },
  }))

/** A session with a cache for each loop. */
async function openFor(calls: readonly Call[], threads: number): Promise<Session> {
  const session = await open(threads)
  for (const [i, { bindings }] of calls.entries()) session.declare(`cache.${i}`, 'f32', [bindings['B'] as number, WIDTH])
  return session
}

/** All turns of some loops, in as many calls as they take. */
async function toTheEnd(session: Session, calls: readonly Call[]): Promise<{ readonly sums: number[][]; readonly calls: number }> {
  const sums = calls.map((): number[] => [])
  let rounds = 0
  for (let left = calls.map((call, i) => ({ call, i })); left.length > 0; rounds++) {
    const fetched = await all(session, left.map(({ call }) => call))
    left = left.flatMap(({ call, i }, at) => {
      const { sum, done, ...carried } = fetched[at] as Record<string, TensorData>
      sums[i]?.push(...(sum as TensorData))
      return done?.[0] || (sums[i] as number[]).length >= (call.loop?.most as number) * (call.bindings['B'] as number) ? [] : [{ call: { ...call, feeds: { ...call.feeds, ...carried } }, i }]
    })
  }
  return { sums, calls: rounds }
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

  for (const threads of [1, 2, 4])
    test(`${threads} threads: loops have the bits of their turns one after the other`, async () => {
      const calls = loopsOf([[3, 2], [8, 1.5], [1, 2], [5, 1.9], [16, 2]], 20)
      const alone = await openFor(calls, 1)
      const expected: Record<string, TensorData>[] = []
      for (const call of calls) expected.push(await perform(alone.load(call.graph, call.bindings), call))
      const together = await openFor(calls, threads)
      const found = await toTheEnd(together, calls)
      calls.forEach((_, i) => is(unlike(expected[i]?.['sum'] as TensorData, Float32Array.from(found.sums[i] as number[])), undefined, `loop ${i}`))
      calls.forEach((_, i) => is(unlike(read(alone, `cache.${i}`), read(together, `cache.${i}`)), undefined, `cache ${i}`))
      ok(found.calls > 1 && found.calls < 20, `${found.calls} calls`)
      ok(found.sums.some((sums, i) => sums.length < 20 * (calls[i]?.bindings['B'] as number)), 'some end before')
    })

  test('a loop of one turn, and an index that a later turn carries out of its table', async () => {
    const once = loopsOf([[2, 2], [2, 2]], 1)
    equal((await all(await openFor(once, 2), once)).map(({ sum }) => sum?.length), [2, 2])
    for (const threads of [1, 2]) {
      const calls = loopsOf([[2, 1], [2, 1, ROWS - 3]])
      const error = await all(await openFor(calls, threads), calls).catch((reason: unknown) => reason)
      ok(error instanceof Error && error.message.includes('an index lies outside of its table'), String(error))
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
