// Drops the nodes and bodies that no output needs and renumbers the rest, keeping their order.
// Does not change any value.

import type { Graph, GraphNode } from './graph.js'

/** `keepInputs` keeps unused `input` nodes too: a body's inputs are its signature. */
export function prune(graph: Graph, { keepInputs = false }: { keepInputs?: boolean } = {}): Graph {
  const live = graph.nodes.map((node) => keepInputs && node.op === 'input')
  for (const output of graph.outputs) live[output.node] = true
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (live[id]) for (const input of (graph.nodes[id] as GraphNode).inputs) live[input] = true
  }

  const ids = new Map<number, number>()
  const bodies = new Map<number, number>()
  const nodes: GraphNode[] = []
  graph.nodes.forEach((node, id) => {
    if (!live[id]) return
    ids.set(id, nodes.length)
    if (node.body !== undefined && !bodies.has(node.body)) bodies.set(node.body, bodies.size)
    const inputs = node.inputs.map((input) => ids.get(input) as number)
    nodes.push(node.body === undefined ? { ...node, inputs } : { ...node, inputs, body: bodies.get(node.body) as number })
  })
  return {
    name: graph.name,
    nodes,
    outputs: graph.outputs.map((output) => ({ ...output, node: ids.get(output.node) as number })),
    bodies: [...bodies.keys()].map((body) => graph.bodies[body] as Graph),
  }
}
