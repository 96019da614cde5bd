// The states that a graph reads or assigns, declared in a session for given sizes.

import { evaluateDim } from '../../spec/graph/dims.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { Bindings, Session } from './executor.js'

/** Declares every state input of `graph`; returns name and concrete shape of each. */
export function declareStates(session: Session, graph: Graph, bindings: Bindings): [name: string, shape: number[]][] {
  const declared: [string, number[]][] = []
  for (const node of graph.nodes) {
    if (node.op !== 'input' || node.attributes['storage'] !== 'state') continue
    const name = node.attributes['name'] as string
    const shape = node.type.shape.map((dim) => evaluateDim(dim, bindings))
    session.declare(name, node.type.dtype, shape)
    declared.push([name, shape])
  }
  return declared
}
