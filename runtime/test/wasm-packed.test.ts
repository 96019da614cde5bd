// Weights that are packed before a product: the same bits as packed within it, for any shape and division, and never those of an older state.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import type { Graph } from '../../spec/graph/graph.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { prepared, wasmWith } from '../executors/wasm/index.js'
import { lower } from '../executors/wasm/plan/lower.js'
import { MOST } from '../executors/wasm/plan/packing.js'

const DIVIDE_ALL = { step: 0, program: 0, timed: false }
const numbers = (count: number, seed: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed) * 2)

/** x [m, k] times w [k, n], or w [n, k] transposed; w a feed or a state. */
function product(m: number, n: number, k: number, transposeB: boolean, storage: 'feed' | 'state'): Graph {
  const b = new GraphBuilder('product')
  b.fetch('y', b.matmul(b.input('x', 'f32', [m, k]), b.input('w', 'f32', transposeB ? [n, k] : [k, n], storage), { transposeB }))
  return b.build()
}

const packings = (graph: Graph): number => lower(prepared(graph, {})).packings.length

suite('packed weights', (test) => {
  test('every width of the last panels, several blocks of depth and columns: the bits of a product that packs by itself', async () => {
    const shapes = [...Array.from({ length: 30 }, (_, i) => [5, i + 1, 7]), [1, 33, 385], [40, 505, 9], [4, 520, 5], [3, 521, 6], [30, 29, 800], [2, 1040, 3]] as [number, number, number][]
    for (const [m, n, k] of shapes) {
      for (const transposed of [false, true]) {
        const [x, w] = [numbers(m * k, 1), numbers(n * k, 2)]
        const [plain, session] = await Promise.all([wasmWith(1).open(), wasmWith(3, DIVIDE_ALL).open()])
        session.declare('w', 'f32', transposed ? [n, k] : [k, n])
        session.write('w', w)
        const [expected, found] = [await plain.load(product(m, n, k, transposed, 'feed'), {}).run({ x, w }), await session.load(product(m, n, k, transposed, 'state'), {}).run({ x })]
        equal(found['y'], expected['y'], `${m} x ${n} x ${k}${transposed ? ', transposed' : ''}`)
        plain.close()
        session.close()
      }
    }
  })

  test('a state that is written, or changed by a program, is packed again', async () => {
    const session = await wasmWith(1).open()
    session.declare('w', 'f32', [3, 2])
    const multiply = session.load(product(1, 2, 3, false, 'state'), {})
    const b = new GraphBuilder('double')
    const w = b.input('w', 'f32', [3, 2], 'state')
    b.assign('w', b.add(w, w))
    const ask = async (): Promise<unknown> => (await multiply.run({ x: Float32Array.of(1, 1, 1) }))['y']
    equal(await ask(), Float32Array.of(0, 0))
    session.write('w', Float32Array.of(1, 2, 3, 4, 5, 6))
    equal(await ask(), Float32Array.of(9, 12))
    await session.load(b.build(), {}).run({})
    equal(await ask(), Float32Array.of(18, 24))
    session.close()
  })

  test('a state that the program itself changes is not packed, nor is more than there is room for', () => {
    is(packings(product(2, 3, 4, true, 'state')), 1)
    const b = new GraphBuilder('step')
    const w = b.input('w', 'f32', [4, 4], 'state')
    b.assign('w', b.sub(w, b.matmul(b.input('x', 'f32', [4, 4]), w)))
    is(packings(b.build()), 0)
    const large = 2 ** 13
    ok(large * large > MOST)
    is(packings(product(1, large, large, true, 'state')), 0)
  })
})
