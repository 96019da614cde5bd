// Several graphs side by side in one, so that a test of many small ones compiles once.
// Not a test itself.

import type { Graph, GraphNode, GraphOutput } from '../../spec/graph/graph.js'

/** Feeds, fetches and states of graph `i` are named `i/name`. */
export function mergeGraphs(name: string, graphs: readonly Graph[]): Graph {
  const nodes: GraphNode[] = []
  const outputs: GraphOutput[] = []
  const bodies: Graph[] = []
  graphs.forEach((graph, i) => {
    const [from, fromBody] = [nodes.length, bodies.length]
    for (const node of graph.nodes) {
      const attributes = node.op === 'input' ? { ...node.attributes, name: `${i}/${String(node.attributes['name'])}` } : node.attributes
      nodes.push({ ...node, attributes, inputs: node.inputs.map((input) => input + from), ...(node.body === undefined ? {} : { body: node.body + fromBody }) })
    }
    for (const output of graph.outputs) {
      const node = output.node + from
      outputs.push(output.kind === 'fetch' ? { kind: 'fetch', name: `${i}/${output.name}`, node } : { kind: 'assign', state: `${i}/${output.state}`, node })
    }
    bodies.push(...graph.bodies)
  })
  return { name, nodes, outputs, bodies }
}
