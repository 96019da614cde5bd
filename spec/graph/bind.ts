// Gives every symbolic size its number: an executor binds a graph once, when a program is loaded.
// Does not check the result; `verify.ts` does, with numbers instead of symbols.

import { evaluateDim } from './dims.js'
import type { AttributeValue, Dim, Graph, GraphNode, TensorType } from './graph.js'
import { ops } from './ops.js'

/** Every shape and every size attribute as numbers, bodies included. Throws RangeError where a symbol has no value or a size becomes negative. */
export function bind(graph: Graph, bindings: Readonly<Record<string, number>>): Graph {
  const dims = (list: readonly Dim[]): number[] => list.map((dim) => evaluateDim(dim, bindings))
  const type = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape: dims(shape) })
  const node = (source: GraphNode): GraphNode => ({
    ...source,
    type: type(source.type),
    attributes: bindAttributes(source, dims),
    ...(source.outputs ? { outputs: source.outputs.map(type) } : {}),
  })
  return { ...graph, nodes: graph.nodes.map(node), bodies: graph.bodies.map((body) => bind(body, bindings)) }
}

function bindAttributes(node: GraphNode, dims: (list: readonly Dim[]) => number[]): GraphNode['attributes'] {
  const kinds = Object.entries(ops[node.op]?.attributes ?? {}).filter(([, kind]) => kind === 'dims')
  if (kinds.length === 0) return node.attributes
  const bound: Record<string, AttributeValue> = { ...node.attributes }
  for (const [name] of kinds) bound[name] = dims(node.attributes[name] as readonly Dim[])
  return bound
}
