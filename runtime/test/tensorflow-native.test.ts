// The native engine on the tensorflow executor: the numbers of the reference executor, rollouts in one call included.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import { equal, near, ok } from '../../spec/test/suite.js'
import { reference } from '../executors/reference/reference.js'
import { tensorflow, tensorflowBf16 } from '../executors/tensorflow/index.js'
import { model, nearLines, plan, runOn } from './native-plan.js'
import { copyRows, PlanBuilder } from './plans.js'
import { tensorflowSuite } from './tensorflow-here.js'
import { execute } from './wasm-compare.js'

tensorflowSuite('native engine on tensorflow', (test) => {
  test('agrees with the reference executor, and gives the same bytes twice', async () => {
    const found = await runOn(tensorflow, plan)
    nearLines(found.lines, (await runOn(reference, plan)).lines, { rtol: 2e-4, atol: 2e-5 })
    equal(await runOn(tensorflow, plan), found)
  })

  test('with bfloat16, products are those of rounded operands, rounded, and the rest is float32', async () => {
    const b = new GraphBuilder('products')
    const [x, w, rows] = [b.input('x', 'f32', [3, 5, 32]), b.input('w', 'f32', [8, 32]), b.input('rows', 'f32', [3, 5, 32])]
    b.fetch('one', b.matmul(b.reshape(x, [15, 32]), w, { transposeB: true }))
    b.fetch('batch', b.matmul(x, rows, { transposeB: true }))
    b.fetch('sum', b.add(x, rows))
    const wave = (length: number, by: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * by) * 2)
    const feeds = { x: wave(480, 0.37), w: wave(256, 0.71), rows: wave(480, 0.53) }
    const found = (await execute(tensorflowBf16, b.build(), feeds)).fetched
    const [rounded, exact] = await Promise.all([{ x: feeds.x.map(bf16), w: feeds.w.map(bf16), rows: feeds.rows.map(bf16) }, feeds].map(async (given) => (await execute(reference, b.build(), given)).fetched))
    for (const name of ['one', 'batch']) {
      near(found[name] ?? [], rounded?.[name] ?? [], { rtol: 2 ** -8, atol: 1e-6, what: name })
      ok([...(found[name] ?? [])].some((value, i) => Math.abs(value - Number(exact?.[name]?.[i])) > 1e-3), `${name} is in float32`)
    }
    near(found['sum'] ?? [], exact?.['sum'] ?? [], { rtol: 1e-6, atol: 1e-6, what: 'sum' })
  })

  test('with bfloat16, a supervised stage agrees with the reference executor within 5 %', async () => {
    // Rollouts are other draws.
    const supervised = new PlanBuilder({ m: model }).sft('practice', model, { model: 'm' }, copyRows, { steps: 6 }).plan()
    nearLines((await runOn(tensorflowBf16, supervised)).lines, (await runOn(reference, supervised)).lines, { rtol: 5e-2, atol: 5e-3 })
  })
})

/** The nearest bfloat16, ties to even. */
function bf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] as number
  return new Float32Array(Uint32Array.of((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000).buffer)[0] as number
}
