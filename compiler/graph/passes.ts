// The passes between a built graph and a plan, in order.
// Does not hold target-specific passes: executors fuse, place and schedule for themselves.

import type { Graph } from '../../spec/graph/graph.js'
import { verify } from '../../spec/graph/verify.js'
import { eraseStopGradient } from './erase.js'
import { simplify } from './simplify.js'

export interface Pass {
  readonly name: string
  readonly run: (graph: Graph) => Graph
}

export const passes: readonly Pass[] = [
  { name: 'erase stop_gradient', run: eraseStopGradient },
  { name: 'simplify', run: simplify },
]

/** All passes. With `check`, the graph is verified before and after each: throws naming the pass that broke it. */
export function optimize(graph: Graph, { check = false }: { check?: boolean } = {}): Graph {
  const legal = (current: Graph, after: string): Graph => {
    const faults = check ? verify(current) : []
    if (faults.length > 0) throw new Error(`illegal graph after ${after}:\n${faults.join('\n')}`)
    return current
  }
  return passes.reduce((current, pass) => legal(pass.run(current), pass.name), legal(graph, 'building'))
}
