// How many floating-point operations the matrix products of a graph take.
// Does not count element-wise work, which is small beside them in a transformer.

import { evaluateDim, sizeOf } from '../../spec/graph/dims.js'
import type { Dim, Graph, GraphNode } from '../../spec/graph/graph.js'

/** A product [m,k]·[k,n] counts 2·m·k·n; composites count as their bodies. `sizes` binds every symbol. */
export function flopsOf(graph: Graph, sizes: Readonly<Record<string, number>>): number {
  const bodies = new Map<number, number>()
  const cost = (node: GraphNode): number => {
    if (node.op === 'matmul') return product(graph, node, sizes)
    if (node.op !== 'composite' || node.body === undefined) return 0
    const known = bodies.get(node.body) ?? flopsOf(graph.bodies[node.body] as Graph, sizes)
    bodies.set(node.body, known)
    return known
  }
  return graph.nodes.reduce((sum, node) => sum + cost(node), 0)
}

function product(graph: Graph, { inputs, attributes, type }: GraphNode, sizes: Readonly<Record<string, number>>): number {
  const left = (graph.nodes[inputs[0] as number] as GraphNode).type.shape
  const inner = left.at(attributes['transposeA'] === true ? -2 : -1) as Dim
  return 2 * evaluateDim(sizeOf(type.shape), sizes) * evaluateDim(inner, sizes)
}
