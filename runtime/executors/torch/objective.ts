// An objective in the two halves that training frameworks keep apart: the advantage of whole groups, and the loss given it.
// The loss can then be computed on a part of a batch; does not change how it is averaged.

import type { Graph, GraphNode } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { prune } from '../../../spec/graph/prune.js'

/** The two programs of a stage that its objective became. */
export interface Objective {
  readonly weigh: Graph
  readonly measure: Graph
  /** Of a stage whose batches are cut into several updates: the first half is a program already. */
  readonly advantage?: Graph | undefined
}

/**
 * `advantage`: from rewards [G, N], where the stage has one. `loss`: `measure` with a feed `advantage` in its place.
 * Both programs come from one graph, so the advantage is the same nodes in both.
 */
export function splitObjective(programs: Objective): { readonly advantage: Graph | undefined; readonly loss: Graph } {
  if (programs.advantage) return { advantage: inlineComposites(programs.advantage), loss: inlineComposites(programs.measure) }
  const [weigh, measure] = [inlineComposites(programs.weigh), inlineComposites(programs.measure)]
  const output = weigh.outputs.find((each) => each.kind === 'fetch' && each.name === 'advantage')
  if (!output) return { advantage: undefined, loss: measure }
  const known = new Map<string, number>()
  const advantage = meanings(weigh, known)[output.node] as number
  const at = meanings(measure, known).indexOf(advantage)
  const feed = (node: GraphNode): GraphNode => ({ op: 'input', inputs: [], attributes: { name: 'advantage', storage: 'feed' }, type: node.type })
  const nodes = measure.nodes.map((node, id) => (id === at ? feed(node) : node))
  return { advantage: prune({ ...weigh, name: 'advantage', outputs: [output] }), loss: prune({ ...measure, name: 'loss', nodes }) }
}

/** One number for each computation: equal ops of equal inputs have the same, across the graphs that share `known`. */
function meanings({ nodes }: Graph, known: Map<string, number>): number[] {
  const numbers: number[] = []
  for (const { op, inputs, attributes, type } of nodes) {
    const text = JSON.stringify([op, inputs.map((input) => numbers[input]), attributes, type.dtype, type.shape])
    const number = known.get(text) ?? known.size
    known.set(text, number)
    numbers.push(number)
  }
  return numbers
}
