// Helpers for tests of model programs: tiny models with weights by a formula, and sessions of the `reference` executor.
// Not a test itself.

import { reference, type ReferenceSession } from '../../../runtime/executors/reference/reference.js'
import type { Bindings, TensorData } from '../../../runtime/executors/executor.js'
import { SourceFile } from '../../../grammar/source/source.js'
import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph } from '../../../spec/graph/graph.js'
import { verify } from '../../../spec/graph/verify.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import type { CompileValue } from '../../elaborate/value.js'
import { freshModel } from '../transformer.js'

export const nowhere = new SourceFile('test', '').span(0, 0)

/** A model of `Transformer` attributes; two layers of grouped-query attention unless told otherwise. */
export function tinyModel(attributes: Readonly<Record<string, number | boolean>> = {}): ModelPlan {
  const values: [string, CompileValue][] = Object.entries({ layers: 2, width: 8, heads: 2, kv_heads: 1, mlp: 6, context: 16, init_std: 0.3, rotary_base: 50, ...attributes }).map(([name, value]) =>
    typeof value === 'boolean' ? [name, { type: 'boolean', value }] : [name, { type: 'number', value, unit: undefined }],
  )
  const words: CompileValue = { type: 'list', items: ['a', 'b', 'c', 'd'].map((value) => ({ type: 'text', value })) }
  const { model, diagnostics } = freshModel(new Map([...values, ['vocabulary', words]]), nowhere)
  if (!model) throw new Error(diagnostics.map(({ title }) => title).join('\n'))
  return model
}

/** The formula of `compiler/test/data/make_transformers.py`. */
export function formula(name: string, size: number): number[] {
  const phase = [...Buffer.from(name)].reduce((sum, byte) => sum + byte, 0) % 97
  const wave = Array.from({ length: size }, (_, i) => Math.sin(0.37 * phase + 1.3 * i))
  return wave.map((x) => (name.endsWith('norm.weight') ? 1 + 0.2 * x : 0.4 * x))
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** A session that declares the states of each program it runs; weights are those of the formula. */
export class TestSession {
  private constructor(readonly session: ReferenceSession) {}

  static async open(model: ModelPlan): Promise<TestSession> {
    const session = await reference.open()
    for (const { name, shape } of model.weights) {
      session.declare(`w/${name}`, 'f32', shape)
      session.write(`w/${name}`, formula(name, sizeOf(shape)))
    }
    return new TestSession(session)
  }

  async run(graph: Graph, sizes: Bindings, feeds: Readonly<Record<string, readonly number[]>>): Promise<Record<string, number[]>> {
    const faults = verify(graph)
    if (faults.length > 0) throw new Error(faults.join('\n'))
    for (const { name, dtype, shape } of statesOf(bind(graph, sizes))) this.session.declare(name, dtype, shape)
    const typed = Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Float64Array.from(values)]))
    const fetched: Record<string, TensorData> = await this.session.load(graph, sizes).run(typed)
    return Object.fromEntries(Object.entries(fetched).map(([name, data]) => [name, Array.from(data)]))
  }

  read(state: string): number[] {
    return Array.from(this.session.read(state))
  }
}

function statesOf(graph: Graph): { name: string; dtype: DType; shape: readonly number[] }[] {
  const read = graph.nodes.flatMap(({ op, attributes, type }) => (op === 'input' && attributes['storage'] === 'state' ? [{ name: String(attributes['name']), type }] : []))
  const written = graph.outputs.flatMap((output) => (output.kind === 'assign' ? [{ name: output.state, type: (graph.nodes[output.node] as Graph['nodes'][number]).type }] : []))
  return [...read, ...written].map(({ name, type }) => ({ name, dtype: type.dtype, shape: type.shape as readonly number[] }))
}
