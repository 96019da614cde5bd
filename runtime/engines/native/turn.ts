// One turn of a rollout as one graph: draw a token of each row, decode it, count on. Joined from the plan's own `sample` and `decode`.
// A loop of it is a rollout (`rollout-group.ts`).

import type { DType, Dim, Graph, GraphNode } from '../../../spec/graph/graph.js'
import { join } from '../../../spec/graph/join.js'
import type { Loop } from '../../executors/executor.js'

/** The turns of one call: between calls progress is shown, a signal is heard, and rows that have ended are left behind. */
export const TURNS: Loop = { most: 32, collect: ['token', 'logp'], until: 'done' }

/**
 * Beside the feeds of `sample` and `decode`: `ended` i32 [B], 1 where a row has ended; `ends` i32 [E], the tokens that end one. Carried
 * from turn to turn: `logits`, `positions`, `position`, `ended`. Fetches `token` and `logp` [B], and `done` [] when all rows have ended.
 */
export function turnOf(sample: Graph, decode: Graph): Graph {
  return join('turn', [{ graph: sample }, { graph: decode, wires: { tokens: 'token' } }, { graph: counting, wires: { token: 'token' } }])
}

const node = (op: GraphNode['op'], inputs: readonly number[], dtype: DType, shape: readonly Dim[], attributes: GraphNode['attributes'] = {}): GraphNode => ({ op, inputs, attributes, type: { dtype, shape } })
const feed = (name: string, dtype: DType, shape: readonly Dim[]): GraphNode => node('input', [], dtype, shape, { name, storage: 'feed' })

/** What is neither the model's nor the draw's: places count on, and rows end. */
const counting: Graph = {
  name: 'counting',
  nodes: [
    feed('token', 'i32', ['B']), // 0
    feed('positions', 'i32', ['B']),
    feed('position', 'u32', []),
    feed('ended', 'i32', ['B']),
    feed('ends', 'i32', ['E']),
    node('const', [], 'i32', [], { value: 1 }), // 5
    node('broadcast', [5], 'i32', ['B'], { axes: [] }),
    node('add', [1, 6], 'i32', ['B']), // 7: positions
    node('const', [], 'u32', [], { value: 1 }),
    node('add', [2, 8], 'u32', []), // 9: position
    node('broadcast', [0], 'i32', ['B', 'E'], { axes: [0] }), // 10
    node('broadcast', [4], 'i32', ['B', 'E'], { axes: [1] }),
    node('eq', [10, 11], 'bool', ['B', 'E']),
    node('cast', [12], 'i32', ['B', 'E']),
    node('reduce_max', [13], 'i32', ['B'], { axes: [1] }),
    node('max', [3, 14], 'i32', ['B']), // 15: ended
    node('reduce_min', [15], 'i32', [], { axes: [0] }),
    node('eq', [16, 5], 'bool', []), // 17: done
  ],
  outputs: [
    { kind: 'fetch', name: 'positions', node: 7 },
    { kind: 'fetch', name: 'position', node: 9 },
    { kind: 'fetch', name: 'ended', node: 15 },
    { kind: 'fetch', name: 'done', node: 17 },
  ],
  bodies: [],
}
