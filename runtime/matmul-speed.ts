// How fast a backend multiplies matrices here: a second of float32 products, for `rlpc doctor`.
// One number for comparison between machines and backends; says little about a training step.

import type { Graph, GraphNode } from '../spec/graph/graph.js'
import type { Executor } from './executors/executor.js'

/** Products that follow each other in one run, so that the way there and back counts little. */
const CHAIN = 8

/** Floating-point operations a second, of `size` × `size` matrices; what is compiled before is not counted. */
export async function matmulSpeed(executor: Executor, size: number, milliseconds = 1000): Promise<number> {
  const session = await executor.open()
  try {
    for (const name of ['a', 'b']) {
      session.declare(name, 'f32', [size, size])
      session.write(name, Float32Array.from({ length: size * size }, (_, i) => (((i * 7919) % 1013) / 1013 - 0.5) / Math.sqrt(size)))
    }
    const program = session.load(chain(size), {})
    await program.run({})
    let runs = 0
    const begun = performance.now()
    let passed = 0
    for (; passed < milliseconds; passed = performance.now() - begun) {
      await program.run({})
      runs++
    }
    return (runs * CHAIN * 2 * size ** 3) / (passed / 1000)
  } finally {
    session.close()
  }
}

/** ((a · b) · b) · … summed up, so that nothing of it can be left out. */
function chain(size: number): Graph {
  const type = { dtype: 'f32', shape: [size, size] } as const
  const input = (name: string): GraphNode => ({ op: 'input', inputs: [], attributes: { name, storage: 'state' }, type })
  const products = Array.from({ length: CHAIN }, (_, i): GraphNode => ({ op: 'matmul', inputs: [i === 0 ? 0 : i + 1, 1], attributes: { transposeA: false, transposeB: false }, type }))
  const sum: GraphNode = { op: 'reduce_sum', inputs: [CHAIN + 1], attributes: { axes: [0, 1] }, type: { dtype: 'f32', shape: [] } }
  return { name: 'matmul', nodes: [input('a'), input('b'), ...products, sum], outputs: [{ kind: 'fetch', name: 'sum', node: CHAIN + 2 }], bodies: [] }
}
