// The `reference` executor: plain TypeScript in float64, the oracle for all others.
// Does not try to be fast: composites are inlined and every op makes a new array.

import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { verify } from '../../../spec/graph/verify.js'
import type { Bindings, Executor, Program, TensorData } from '../executor.js'
import { evaluate } from './evaluate.js'
import { HostSession } from './host-session.js'
import { count, dataOf, type Sizes, type Tensor } from './tensor.js'

export const reference = { name: 'reference', open: () => Promise.resolve(new ReferenceSession()) } satisfies Executor

export class ReferenceSession extends HostSession {
  protected prepare(given: Graph, bindings: Bindings): Program {
    const bound = bind(given, bindings)
    const faults = verify(bound)
    if (faults.length > 0) throw new Error(`illegal graph:\n${faults.join('\n')}`)
    const graph = inlineComposites(bound)
    const lastUse = graph.nodes.map((_, id) => id)
    graph.nodes.forEach((node, id) => node.inputs.forEach((input) => (lastUse[input] = id)))
    for (const output of graph.outputs) lastUse[output.node] = graph.nodes.length
    this.checkStates(graph)
    return { run: (feeds) => Promise.resolve().then(() => this.run(graph, lastUse, feeds)) }
  }

  private checkStates(graph: Graph): void {
    const used = graph.nodes.filter((node) => node.op === 'input' && node.attributes.storage === 'state').map((node) => ({ name: String(node.attributes.name), type: node.type }))
    const assigned = graph.outputs.flatMap((output) => (output.kind === 'assign' ? [{ name: output.state, type: graph.nodes[output.node]?.type }] : []))
    for (const { name, type } of [...used, ...assigned]) {
      const state = this.state(name)
      if (state.dtype !== type?.dtype || state.shape.join() !== type.shape.join()) throw new Error(`state "${name}" is ${state.dtype}[${state.shape.join(', ')}], the graph takes ${type?.dtype}[${type?.shape.join(', ')}]`)
    }
  }

  private run(graph: Graph, lastUse: readonly number[], feeds: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
    const values: (Tensor | undefined)[] = []
    graph.nodes.forEach((node, id) => {
      const inputs = node.inputs.map((input) => values[input] as Tensor)
      try {
        values[id] = node.op === 'input' ? this.inputOf(String(node.attributes.name), node.attributes.storage === 'state', node.type.dtype, node.type.shape as Sizes, feeds) : evaluate(node, inputs)
      } catch (error) {
        throw new Error(`graph ${graph.name}: %${id} ${node.label ?? node.op}: ${(error as Error).message}`, { cause: error })
      }
      for (const input of node.inputs) if (lastUse[input] === id) values[input] = undefined
    })
    const fetched: Record<string, TensorData> = {}
    for (const output of graph.outputs) {
      const { dtype, data, shape } = values[output.node] as Tensor
      if (output.kind === 'fetch') fetched[output.name] = dataOf(dtype, data)
      else this.states.set(output.state, { dtype, shape, data: dataOf(dtype, data) })
    }
    return fetched
  }

  private inputOf(name: string, isState: boolean, dtype: DType, shape: Sizes, feeds: Readonly<Record<string, TensorData>>): Tensor {
    if (isState) return this.state(name)
    const feed = feeds[name]
    if (!feed) throw new Error(`"${name}" was not fed`)
    if (feed.length !== count(shape)) throw new Error(`"${name}" has ${feed.length} elements, the graph takes [${shape.join(', ')}]`)
    return { dtype, shape, data: dataOf(dtype, feed) }
  }
}
