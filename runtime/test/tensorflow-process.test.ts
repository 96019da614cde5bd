// The process of the tensorflow executor: what is in it stays, what goes wrong in it is said, and its death is an error, not ours.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraphBuilder } from '../../compiler/graph/builder.js'
import { equal, is, ok, suite, unreachable } from '../../spec/test/suite.js'
import { runAll, type Call } from '../executors/executor.js'
import { running, tensorflow } from '../executors/tensorflow/index.js'
import { installed, NOTE } from '../executors/tensorflow/install/place.js'
import { tensorflowSuite } from './tensorflow-here.js'

interface Coded extends Error {
  readonly code?: string
  readonly help?: string
}

const failing = async (what: () => unknown): Promise<Coded> => {
  try {
    await what()
  } catch (error) {
    return error as Coded
  }
  return unreachable('it did not fail') as never
}

/** total += x, fetches what it was. */
function accumulate(size: number) {
  const b = new GraphBuilder('accumulate')
  const total = b.input('total', 'f32', ['N'], 'state')
  b.assign(total, b.add(total, b.input('x', 'f32', ['N'])))
  b.fetch('old', total)
  return { graph: b.build(), bindings: { N: size } }
}

tensorflowSuite('process of tensorflow', (test) => {
  test('states stay between runs; small and large ones cross unharmed', async () => {
    for (const size of [3, 300_000]) {
      const session = await tensorflow.open()
      session.declare('total', 'f32', [size])
      const start = Float32Array.from({ length: size }, (_, i) => i % 1000)
      session.write('total', start)
      const { graph, bindings } = accumulate(size)
      const program = session.load(graph, bindings)
      const x = Float32Array.from({ length: size }, (_, i) => 0.5 + (i % 7))
      equal((await program.run({ x }))['old'], start)
      await program.run({ x })
      equal(await session.read('total'), start.map((value, i) => value + 2 * (x[i] as number)))
      session.close()
    }
  })

  test('sessions have states of their own', async () => {
    const [one, other] = [await tensorflow.open(), await tensorflow.open()]
    for (const session of [one, other]) session.declare('total', 'f32', [1])
    one.write('total', [7])
    equal(await other.read('total'), Float32Array.of(0))
    for (const session of [one, other]) session.close()
  })

  test('a loop carries, collects and ends', async () => {
    const session = await tensorflow.open()
    session.declare('total', 'f32', [2])
    const b = new GraphBuilder('double')
    const total = b.input('total', 'f32', [2], 'state')
    const x = b.input('x', 'f32', [2])
    b.assign(total, b.add(total, x))
    b.fetch('x', b.mul(x, b.input('by', 'f32', [2])))
    b.fetch('seen', x)
    b.fetch('done', b.lt(20, b.reduceSum(x, [0])))
    const graph = b.build()
    const call = (most: number): Call => ({ graph, bindings: {}, feeds: { x: Float32Array.of(1, 2), by: Float32Array.of(2, 2) }, loop: { most, collect: ['seen'], until: 'done' } })
    equal(await runAll(session, [call(2)]), [{ x: Float32Array.of(4, 8), seen: Float32Array.of(1, 2, 2, 4), done: Uint8Array.of(0) }])
    equal((await runAll(session, [call(100)]))[0]?.['seen'], Float32Array.of(1, 2, 2, 4, 4, 8, 8, 16))
    equal(await session.read('total'), Float32Array.of(1 + 2 + 15, 2 + 4 + 30))
    session.close()
  })

  test('what is wrong with a graph or a feed is said, and the session goes on', async () => {
    const session = await tensorflow.open()
    session.declare('total', 'f32', [3])
    const { graph, bindings } = accumulate(3)
    const program = session.load(graph, bindings)
    ok(/"x" was not fed/.test((await failing(() => program.run({}))).message))
    ok(/"x" has 2 elements, the graph takes 3/.test((await failing(() => program.run({ x: Float32Array.of(1, 2) }))).message))
    ok(/state "total" is f32\[3\], the graph takes f32\[4\]/.test((await failing(() => session.load(graph, { N: 4 }))).message))
    ok(/no state "nobody"/.test((await failing(() => session.read('nobody'))).message))
    await program.run({ x: Float32Array.of(1, 2, 3) })
    session.close()
  })

  test('what is being computed can be given up, and the next session has a new process', async () => {
    const session = await tensorflow.open()
    session.declare('total', 'f32', [1])
    const b = new GraphBuilder('endless')
    b.fetch('x', b.add(b.input('x', 'f32', [1]), 0))
    b.fetch('done', b.lt(1, b.reduceSum(b.input('x', 'f32', [1]), [0])))
    const answer = failing(() => runAll(session, [{ graph: b.build(), bindings: {}, feeds: { x: Float32Array.of(0) }, loop: { most: 2 ** 31 - 1, collect: [], until: 'done' } }]))
    await running()
    tensorflow.abandon?.()
    is((await answer).code, 'RLP8002')
    is((await failing(() => session.read('total'))).code, 'RLP8002')
    ;(await tensorflow.open()).close()
  })

  test('RLP8014: a process that is killed is an error that says so; the next session has a new one', async () => {
    const session = await tensorflow.open()
    session.declare('total', 'f32', [1])
    await session.read('total')
    const host = await running()
    const answer = failing(() => session.read('total'))
    process.kill(host.pid as number, 'SIGKILL')
    const error = await answer.then((found) => (found.code === undefined ? failing(() => session.read('total')) : found))
    is(error.code, 'RLP8014')
    ok(error.message.includes('SIGKILL'), error.message)
    const next = await tensorflow.open()
    next.declare('total', 'f32', [1])
    equal(await next.read('total'), Float32Array.of(0))
    next.close()
  })
})

suite('place of tensorflow', (test) => {
  const told = (text?: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-place-'))
    if (text !== undefined) writeFileSync(join(folder, NOTE), text)
    const place = installed(folder)
    return 'problem' in place ? place.problem : 'installed'
  }

  test('what is missing is said', () => {
    is(told(), 'TensorFlow is not installed')
    ok(told('{').endsWith(`${NOTE} is damaged`))
    ok(told('{"libraries": "/nowhere"}').endsWith('tensorflow.node is missing'))
  })
})
