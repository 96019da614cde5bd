// Nodes that PyTorch says in one word: a clamp made of two choices, a square, a comparison turned round.
// Each has the value and the gradient of the nodes it stands for; nothing else is rewritten.

import type { Graph, GraphNode, OpName } from '../../../spec/graph/graph.js'

export type Pattern = 'clamp' | 'square' | 'not_equal' | 'greater' | 'at_least'

/** What is printed for a node: a row of the table, and the nodes that are its operands. */
export interface Step {
  readonly row: OpName | Pattern
  readonly operands: readonly number[]
}

/** `isNumber`: printed as a Python number. */
export function stepOf({ nodes }: Graph, id: number, isNumber: (id: number) => boolean): Step {
  const node = nodes[id] as GraphNode
  const [a, b] = node.inputs as [number, number]
  const argument = nodes[a]
  switch (node.op) {
    case 'where':
      return clamp(nodes, node, isNumber) ?? asIs(node)
    case 'mul':
      return a === b ? { row: 'square', operands: [a] } : asIs(node)
    case 'not':
      return argument?.op === 'eq' ? { row: 'not_equal', operands: argument.inputs } : asIs(node)
    case 'lt':
    case 'le':
      return isNumber(a) && !isNumber(b) ? { row: node.op === 'lt' ? 'greater' : 'at_least', operands: [b, a] } : asIs(node)
    default:
      return asIs(node)
  }
}

const asIs = ({ op, inputs }: GraphNode): Step => ({ row: op, operands: inputs })

/** where(x < low, low, where(high < x, high, x)): torch.clamp passes the gradient at its bounds, and so does this. */
function clamp(nodes: readonly GraphNode[], outer: GraphNode, isNumber: (id: number) => boolean): Step | undefined {
  const [below, low, rest] = outer.inputs as [number, number, number]
  const inner = nodes[rest]
  if (inner?.op !== 'where') return undefined
  const [above, high, x] = inner.inputs as [number, number, number]
  const fits = isPair(nodes[below], 'lt', x, low) && isPair(nodes[above], 'lt', high, x)
  // Crossed bounds mean different things in the two.
  return fits && !isNumber(x) && (constant(nodes, low) ?? NaN) <= (constant(nodes, high) ?? NaN) ? { row: 'clamp', operands: [x, low, high] } : undefined
}

const isPair = (node: GraphNode | undefined, op: OpName, a: number, b: number): boolean => node?.op === op && node.inputs[0] === a && node.inputs[1] === b

function constant(nodes: readonly GraphNode[], id: number): number | undefined {
  const node = nodes[id] as GraphNode
  return node.op === 'const' ? Number(node.attributes.value) : node.op === 'broadcast' ? constant(nodes, node.inputs[0] as number) : undefined
}
