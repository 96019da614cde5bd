// Replaces composites by their bodies, for executors that have no kernel for them.
// Does not merge equal nodes; the compiler's simplify pass does.

import type { Graph, GraphNode } from './graph.js'
import { prune } from './prune.js'

/** `keep(name, node)` says which composites stay (their bodies are inlined by the same rule, for whoever reads them). */
export function inlineComposites(graph: Graph, keep: (name: string, node: GraphNode) => boolean = () => false): Graph {
  return expand(graph, keep, false)
}

function expand(graph: Graph, keep: (name: string, node: GraphNode) => boolean, isBody: boolean): Graph {
  const nodes: GraphNode[] = []
  const bodies: Graph[] = []
  const inlinedBodies = new Map<Graph, number>()

  const bodyIndex = (body: Graph): number => {
    const known = inlinedBodies.get(body)
    if (known !== undefined) return known
    inlinedBodies.set(body, bodies.length)
    return bodies.push(expand(body, keep, true)) - 1
  }

  /** Copies a graph's nodes behind those already there; `args` are what its inputs stand for. Returns where each node went. */
  const copy = (source: Graph, args: readonly number[] | undefined): number[] => {
    const at: number[] = []
    const expanded = new Map<number, number[]>()
    source.nodes.forEach((node, id) => {
      const inputs = node.inputs.map((input) => at[input] as number)
      if (node.op === 'input' && args) {
        at[id] = args[Number(node.attributes.name)] as number
      } else if (node.op === 'composite' && !keep(String(node.attributes.name), node)) {
        const body = source.bodies[node.body as number] as Graph
        const inside = copy(body, inputs)
        const results = body.outputs.map((output) => inside[output.node] as number)
        expanded.set(id, results)
        at[id] = results[0] as number
      } else if (node.op === 'part' && expanded.has(node.inputs[0] as number)) {
        at[id] = (expanded.get(node.inputs[0] as number) as number[])[node.attributes.index as number] as number
      } else {
        const body = node.body === undefined ? {} : { body: bodyIndex(source.bodies[node.body] as Graph) }
        at[id] = nodes.push({ ...node, inputs, ...body }) - 1
      }
    })
    return at
  }

  const at = copy(graph, undefined)
  const outputs = graph.outputs.map((output) => ({ ...output, node: at[output.node] as number }))
  return prune({ name: graph.name, nodes, outputs, bodies }, { keepInputs: isBody })
}
