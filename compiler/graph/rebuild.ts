// Plays a finished graph again into a builder that may make each node differently: the frame of every pass.
// Does not decide anything; the builder it is given does.

import type { Graph } from '../../spec/graph/graph.js'
import type { GraphBuilder } from './builder.js'
import type { Value } from './nodes.js'

/** The same outputs and labels, with every node (bodies included) made by builders from `start`. Dead and repeated nodes vanish. */
export function rebuild(graph: Graph, start: (name: string) => GraphBuilder): Graph {
  return replay(graph, start, false, new Map())
}

function replay(graph: Graph, start: (name: string) => GraphBuilder, isBody: boolean, bodies: Map<Graph, Graph>): Graph {
  const b = start(graph.name)
  const bodyOf = (body: Graph): Graph => {
    const rebuilt = bodies.get(body) ?? replay(body, start, true, bodies)
    bodies.set(body, rebuilt)
    return rebuilt
  }
  const at: Value[] = []
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => at[input] as Value)
    const value =
      node.body === undefined ? b.node(node.op, inputs, node.attributes, node.type) : (b.compositeOf(inputs, node.attributes, bodyOf(graph.bodies[node.body] as Graph))[0] as Value)
    at.push(node.label === undefined ? value : b.label(value, node.label))
  }
  for (const output of graph.outputs) {
    if (output.kind === 'fetch') b.fetch(output.name, at[output.node] as Value)
    else b.assign(output.state, at[output.node] as Value)
  }
  return b.build({ keepInputs: isBody })
}
