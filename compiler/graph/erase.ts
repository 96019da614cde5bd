// Removes stop_gradient: once the gradients are built it has no meaning left.
// Must not run before differentiation.

import type { Graph, GraphNode, OpName, TensorType } from '../../spec/graph/graph.js'
import { GraphBuilder } from './builder.js'
import type { Attributes, Value } from './nodes.js'
import { rebuild } from './rebuild.js'

export const eraseStopGradient = (graph: Graph): Graph => rebuild(graph, (name) => new Eraser(name))

class Eraser extends GraphBuilder {
  override node(op: OpName, inputs: readonly Value[], attributes: Attributes, declared: TensorType, extra: Pick<GraphNode, 'body' | 'outputs'> = {}): Value {
    return op === 'stop_gradient' ? (inputs[0] as Value) : super.node(op, inputs, attributes, declared, extra)
  }
}
