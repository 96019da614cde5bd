// Whole programs of small transformers on the wasm executor against the reference executor: scores, gradients, optimiser, rollout.

import { decodeProgram, prefillProgram, sampleProgram } from '../../compiler/model/decoding.js'
import { applyProgram, gradientProgram, normProgram, scoreProgram } from '../../compiler/model/programs.js'
import { formula, sizeOf, tinyModel } from '../../compiler/model/test/harness.js'
import { bind } from '../../spec/graph/bind.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { is, near, suite } from '../../spec/test/suite.js'
import type { Bindings, Executor, Session, TensorData } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { divided, random, unlike } from './wasm-compare.js'

type Run = (graph: Graph, bindings: Bindings, feeds: Readonly<Record<string, readonly number[]>>) => Promise<Record<string, TensorData>>

/** Everything that a script of programs fetched, and all states afterwards. */
async function trace(executor: Executor, model: ModelPlan, script: (run: Run) => Promise<void>): Promise<Map<string, TensorData>> {
  const session = await executor.open()
  const results = new Map<string, TensorData>()
  const declared = new Set<string>()
  const declare = (name: string, shape: readonly number[]): void => {
    session.declare(name, 'f32', shape)
    declared.add(name)
  }
  for (const { name, shape } of model.weights) {
    declare(`w/${name}`, shape)
    session.write(`w/${name}`, formula(name, sizeOf(shape)))
  }
  let step = 0
  await script(async (graph, bindings, feeds) => {
    declareStates(graph, bindings, declare)
    const fetched = await session.load(graph, bindings).run(Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Float64Array.from(values)])))
    for (const [name, data] of Object.entries(fetched)) results.set(`${step} ${graph.name}: ${name}`, data)
    step++
    return fetched
  })
  await collect(session, declared, results)
  session.close()
  return results
}

function declareStates(graph: Graph, bindings: Bindings, declare: (name: string, shape: readonly number[]) => void): void {
  const { nodes, outputs } = bind(graph, bindings)
  for (const { op, attributes, type } of nodes) if (op === 'input' && attributes['storage'] === 'state') declare(String(attributes['name']), type.shape as readonly number[])
  for (const output of outputs) if (output.kind === 'assign') declare(output.state, nodes[output.node]?.type.shape as readonly number[])
}

async function collect(session: Session, names: Iterable<string>, results: Map<string, TensorData>): Promise<void> {
  for (const name of names) results.set(`state ${name}`, await session.read(name))
}

async function compareTraces(model: ModelPlan, script: (run: Run) => Promise<void>, { rtol = 1e-4, atol = 2e-5 } = {}): Promise<void> {
  const expected = await trace(reference, model, script)
  const actual = await trace(wasm, model, script)
  for (const [what, values] of expected) near(actual.get(what) ?? [], values, { rtol, atol, what })
  const together = await trace(divided, model, script)
  for (const [what, values] of actual) is(unlike(values, together.get(what)), undefined, `${what} by several threads`)
}

const models: readonly (readonly [string, Readonly<Record<string, number | boolean>>])[] = [
  ['grouped-query attention', {}],
  ['tied embeddings', { tied: true, kv_heads: 2, layers: 1 }],
  ['odd sizes', { width: 30, heads: 5, kv_heads: 5, mlp: 37 }],
  ['wide heads', { width: 48, heads: 3, kv_heads: 3, mlp: 20 }],
  ['learned positions of a prompt', { learned_positions: 3 }],
  ['paths apart', { layers: 1, paths: true }],
]

suite('wasm runs transformers', (test) => {
  for (const [what, attributes] of models) {
    const { paths, ...sizes } = attributes
    const model: ModelPlan = { ...tinyModel(sizes), ...(paths ? { paths: { open: 3, close: 4, path: 5, end: 6 } } : {}) }
    const vocabulary = model.weights.find(({ name }) => name === 'model.embed_tokens.weight')?.shape[0] as number

    test(`training: ${what}`, async () => {
      for (const [B, T] of Object.keys(attributes).length === 0 ? ([[1, 1], [2, 13]] as const) : ([[2, 5]] as const)) {
        const next = random(B * 100 + T)
        const ids = (): number[] => Array.from({ length: B * T }, () => Math.floor(next() * vocabulary))
        const reals = (): number[] => Array.from({ length: B * T }, () => Math.fround(next() - 0.5))
        const rows = { tokens: ids(), targets: ids(), positions: Array.from({ length: B * T }, (_, i) => i % T), temperature: [Math.fround(0.8)] }
        const segments = Array.from({ length: B * T }, (_, i) => Number(i % T > T / 3))
        const [dlogp, dentropy] = [reals(), reals()]
        await compareTraces(model, async (run) => {
          await run(scoreProgram(model, { packed: false }), { B, T }, rows)
          await run(scoreProgram(model, { packed: true }), { B, T }, { ...rows, segments })
          await run(gradientProgram(model, { packed: false, entropy: true }), { B, T }, { ...rows, dlogp, dentropy })
          await run(gradientProgram(model, { packed: true, entropy: false }), { B, T }, { ...rows, segments, dlogp })
          await run(normProgram(model), {}, {})
          await run(applyProgram(model, { beta1: 0.9, beta2: 0.99, eps: 1e-2, decay: 0.1 }), {}, { lr: [0.01], clip_scale: [0.5], bias1: [0.1], bias2: [0.01] })
        })
      }
    })

    test(`rollout: ${what}`, async () => {
      const [B, P, S] = [3, 6, 11]
      const next = random(5)
      const tokens = Array.from({ length: B * P }, () => Math.floor(next() * vocabulary))
      await compareTraces(model, async (run) => {
        let { logits } = await run(prefillProgram(model), { B, P, S }, { tokens, positions: tokens.map((_, i) => i % P), last: [5, 2, 4] })
        for (const [t, truncation] of [{ topK: 0, topP: 1 }, { topK: 3, topP: 1 }, { topK: 0, topP: 0.7 }, { topK: 4, topP: 0.5 }].entries()) {
          const draw = sampleProgram(model, { ...truncation, greedy: false })
          const { token } = await run(draw, { B }, { logits: [...(logits as TensorData)], temperature: [0.7], key0: [1], key1: [2], row: [0, 1, 2], position: [t] })
          await run(sampleProgram(model, { topK: 0, topP: 1, greedy: true }), { B }, { logits: [...(logits as TensorData)] })
          ;({ logits } = await run(decodeProgram(model), { B, S }, { tokens: [...(token as TensorData)], positions: [6 + t, 3 + t, 5 + t] }))
        }
      })
    })
  }
})
