// Puts graphs one after the other into one: what an earlier one fetches can be what a later one is fed.
// Does not simplify: equal nodes stay two.

import { sameType, typeText } from './dims.js'
import type { Graph, GraphNode, GraphOutput } from './graph.js'

export interface JoinPart {
  readonly graph: Graph
  /** Feed of this graph → fetch of an earlier one that it is. Other feeds keep their names; those of one name are one. */
  readonly wires?: Readonly<Record<string, string>>
}

/** The fetches and assignments of all parts. Every part reads the states as they were before. Throws where names or types do not fit. */
export function join(name: string, parts: readonly JoinPart[]): Graph {
  const nodes: GraphNode[] = []
  const outputs: GraphOutput[] = []
  const bodies: Graph[] = []
  const inputs = new Map<string, number>()
  const fetched = new Map<string, number>()
  for (const { graph, wires = {} } of parts) {
    const fromBody = bodies.length
    const at: number[] = []
    graph.nodes.forEach((node, id) => {
      const { name: input, storage } = node.attributes
      const wire = node.op === 'input' && storage === 'feed' ? wires[String(input)] : undefined
      const key = `${String(storage)} ${String(input)}`
      const known = wire !== undefined ? (fetched.get(wire) ?? refuse(name, `nothing before ${graph.name} fetches "${wire}"`)) : node.op === 'input' ? inputs.get(key) : undefined
      if (known !== undefined) {
        const type = (nodes[known] as GraphNode).type
        if (!sameType(type, node.type)) refuse(name, `${graph.name} takes "${String(input)}" as ${typeText(node.type)}, and it is ${typeText(type)}`)
        at[id] = known
        return
      }
      at[id] = nodes.push({ ...node, inputs: node.inputs.map((from) => at[from] as number), ...(node.body === undefined ? {} : { body: node.body + fromBody }) }) - 1
      if (node.op === 'input') inputs.set(key, at[id])
    })
    bodies.push(...graph.bodies)
    for (const output of graph.outputs) {
      const node = at[output.node] as number
      if (output.kind === 'fetch' && fetched.has(output.name)) refuse(name, `two parts fetch "${output.name}"`)
      if (output.kind === 'fetch') fetched.set(output.name, node)
      outputs.push({ ...output, node })
    }
  }
  return { name, nodes, outputs, bodies }
}

function refuse(name: string, why: string): never {
  throw new RangeError(`graphs cannot be joined to ${name}: ${why}`)
}
