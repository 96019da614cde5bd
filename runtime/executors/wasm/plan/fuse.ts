// Which nodes get a buffer of their own; all others are computed inside the loops of those that use them.
// Does not make the loops (`lower.ts`).

import type { Graph, GraphNode, OpName } from '../../../../spec/graph/graph.js'
import { lanes } from '../emit/lanes.js'
import { count } from './nest.js'

/** Ops that only change how positions are counted. */
const views: ReadonlySet<OpName> = new Set(['reshape', 'broadcast', 'transpose', 'slice', 'reverse', 'stop_gradient'])
const leaves: ReadonlySet<OpName> = new Set(['const', 'iota'])
/** Anchors that pull their inputs into their own loops. */
const pulling: ReadonlySet<OpName> = new Set(['reduce_sum', 'reduce_max', 'reduce_min', 'pad', 'concat'])

/** Rough cost of an op per element, in additions. */
const prices: Readonly<Partial<Record<OpName, number>>> = { exp: 10, log: 12, sin: 15, cos: 15, tanh: 14, sigmoid: 13, pow: 100, mod: 40, random_bits: 60, div: 4, sqrt: 4, rsqrt: 6, shift_left: 12, shift_right: 12 }

/** A value used in two places is computed twice if it is not dearer than a load and a store. */
const CHEAP = 3
/** Longer chains are cut: their values would not stay in registers. */
const LONGEST = 40

export const isFusible = (op: OpName): boolean => views.has(op) || leaves.has(op) || lanes[op] !== undefined

/** The node below reshapes: whatever holds it holds this value too. */
export function storageOf(graph: Graph, id: number): number {
  let node = graph.nodes[id] as GraphNode
  while (node.op === 'reshape' || node.op === 'stop_gradient') {
    id = node.inputs[0] as number
    node = graph.nodes[id] as GraphNode
  }
  return id
}

/** The node below all strided views of it. */
export function stridedBase(graph: Graph, id: number): number {
  let node = graph.nodes[id] as GraphNode
  while (node.op === 'reshape' || node.op === 'stop_gradient' || node.op === 'transpose' || node.op === 'slice') {
    id = node.inputs[0] as number
    node = graph.nodes[id] as GraphNode
  }
  return id
}

/** For each node whether it is computed into a buffer. */
export function realizedNodes(graph: Graph): boolean[] {
  const { nodes } = graph
  const realized = nodes.map(({ op }) => op === 'input' || !isFusible(op))
  const size = (id: number): number => count((nodes[id] as GraphNode).type.shape as readonly number[])
  for (const { op, inputs } of nodes) {
    if (isFusible(op) || pulling.has(op)) continue
    for (const input of inputs) realized[op === 'matmul' ? stridedBase(graph, input) : storageOf(graph, input)] = true
  }
  for (const { node } of graph.outputs) realized[storageOf(graph, node)] = true

  const byChoice = new Set<number>()
  const cost: number[] = []
  const length: number[] = []
  const users = usersOf(graph, realized)
  nodes.forEach(({ op, inputs }, id) => {
    const sum = inputs.reduce((total, input) => total + (realized[input] ? 0 : (cost[input] as number)), 0)
    cost[id] = sum + (views.has(op) || leaves.has(op) ? 0 : (prices[op] ?? 1))
    length[id] = 1 + Math.max(0, ...inputs.map((input) => (realized[input] ? 0 : (length[input] as number))))
    // What is broadcast is computed once, not for every copy.
    if (op === 'broadcast' && size(id) > size(inputs[0] as number) && (cost[inputs[0] as number] as number) > CHEAP) realized[inputs[0] as number] = true
    if (realized[id] || lanes[op] === undefined) return
    if ((length[id] as number) > LONGEST) realized[id] = true
    else if ((users[id] as Set<number>).size > 1 && (cost[id] as number) > CHEAP) {
      realized[id] = true
      byChoice.add(id)
    }
  })
  // With more buffers than at first, some of them have only one user left.
  const final = usersOf(graph, realized)
  for (const id of byChoice) if ((final[id] as Set<number>).size === 1) realized[id] = false
  return realized
}

/** The buffers whose loops would hold each node. */
function usersOf({ nodes }: Graph, realized: readonly boolean[]): Set<number>[] {
  const users = nodes.map(() => new Set<number>())
  for (let id = nodes.length - 1; id >= 0; id--) {
    for (const input of (nodes[id] as GraphNode).inputs) {
      const to = users[input] as Set<number>
      if (realized[id]) to.add(id)
      else for (const user of users[id] as Set<number>) to.add(user)
    }
  }
  return users
}
