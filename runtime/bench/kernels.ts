// GFLOP/s of the matrix product at the shapes that training meets, one thread; `node --import tsx runtime/bench/kernels.ts`.
// Wall time of the fastest of many calls: on a busy machine run it more than once.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import type { Program } from '../executors/executor.js'
import { wasm } from '../executors/wasm/index.js'

const shapes: readonly (readonly [string, number, number, number])[] = [
  ['NN', 1024, 1024, 1024],
  ['NN', 2048, 256, 64],
  ['NT', 2048, 256, 64],
  ['NT', 2048, 64, 256],
  ['TN', 64, 256, 2048],
  ['TN', 256, 64, 2048],
  ['NT', 3200, 64, 64],
  ['NT', 128, 256, 64],
]

async function fastest(program: Program, budget: number): Promise<number> {
  let best = Infinity
  const end = performance.now() + budget
  while (performance.now() < end) {
    const start = performance.now()
    await program.run({})
    best = Math.min(best, performance.now() - start)
  }
  return best
}

for (const [layout, m, n, k] of shapes) {
  const [transposeA, transposeB] = [layout[0] === 'T', layout[1] === 'T']
  const session = await wasm.open()
  const b = new GraphBuilder('matmul')
  const sizes = { a: transposeA ? [k, m] : [m, k], b: transposeB ? [n, k] : [k, n], c: [m, n] }
  for (const [name, shape] of Object.entries(sizes)) {
    session.declare(name, 'f32', shape)
    session.write(name, Float32Array.from({ length: shape.reduce((x, y) => x * y) }, (_, i) => ((i * 7919) % 1013) / 1013 - 0.5))
  }
  const left = b.input('a', 'f32', sizes.a, 'state')
  const right = b.input('b', 'f32', sizes.b, 'state')
  b.assign('c', b.matmul(left, right, { transposeA, transposeB }))
  const program = session.load(b.build(), {})
  await fastest(program, 200)
  const best = await fastest(program, 1000)
  console.log(`${layout} ${`[${m} x ${k}] x [${k} x ${n}]`.padEnd(28)} ${((2 * m * n * k) / best / 1e6).toFixed(1).padStart(6)} GFLOP/s ${best.toFixed(3).padStart(9)} ms`)
  session.close()
}
