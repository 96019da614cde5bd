// Which values keep an axis of size 1 where one was reduced, because they are only ever broadcast back along it.
// `x.sum(-1, keepdim=True)` then replaces a sum, its arithmetic and a new axis at the end; does not print.

import type { Graph, GraphNode } from '../../../spec/graph/graph.js'
import { ops } from '../../../spec/graph/ops.js'
import type { Step } from './patterns.js'
import { onesBeyond } from './rows.js'

/** The value's axis i stands at `axes[i]` of `rank` axes; the others have size 1. */
export interface Frame {
  readonly rank: number
  readonly axes: readonly number[]
}

/** By node. `steps` are the live ones, `fetched` the outputs. */
export function framesOf({ nodes }: Graph, steps: ReadonlyMap<number, Step>, fetched: ReadonlySet<number>, isNumber: (id: number) => boolean): ReadonlyMap<number, Frame> {
  const frames = new Map<number, Frame>()
  const tensors = (id: number): number[] => (steps.get(id) as Step).operands.filter((operand) => !isNumber(operand))
  const shared = (ids: readonly number[]): Frame | undefined => {
    const first = frames.get(ids[0] as number)
    return first && ids.every((id) => same(frames.get(id), first)) ? first : undefined
  }
  for (const id of [...steps.keys()].sort((a, b) => a - b)) {
    const frame = isNumber(id) ? undefined : (own(nodes, id) ?? (isElementwise(nodes[id] as GraphNode) ? shared(tensors(id)) : undefined))
    if (frame) frames.set(id, frame)
  }

  const users = new Map<number, number[]>()
  for (const [user, { operands }] of steps) for (const operand of operands) users.set(operand, [...(users.get(operand) ?? []), user])
  const accepts = (user: number, frame: Frame): boolean => {
    const node = nodes[user] as GraphNode
    if (node.op === 'broadcast') return same({ rank: node.type.shape.length, axes: node.attributes.axes as readonly number[] }, frame)
    return isElementwise(node) && same(frames.get(user), frame)
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const [id, frame] of frames) {
      const rooted = own(nodes, id) !== undefined || shared(tensors(id)) !== undefined
      if (rooted && !fetched.has(id) && (users.get(id) ?? []).every((user) => accepts(user, frame))) continue
      frames.delete(id)
      changed = true
    }
  }
  return frames
}

/** Where a frame starts: a reduction, or axes of size 1 that are dropped. */
function own(nodes: readonly GraphNode[], id: number): Frame | undefined {
  const node = nodes[id] as GraphNode
  const shape = nodes[node.inputs[0] as number]?.type.shape ?? []
  const gone = node.op === 'reshape' ? onesBeyond(shape, node.type.shape) : ops[node.op].group === 'reduce' ? (node.attributes.axes as readonly number[]) : undefined
  if (!gone) return undefined
  const axes = [...shape.keys()].filter((axis) => !gone.includes(axis))
  // Axes at the end line up by themselves.
  return axes.some((axis, i) => axis !== shape.length - axes.length + i) ? { rank: shape.length, axes } : undefined
}

const isElementwise = ({ op }: GraphNode): boolean => ['unary', 'binary', 'ternary'].includes(ops[op].group)
const same = (a: Frame | undefined, b: Frame): boolean => a !== undefined && a.rank === b.rank && a.axes.join() === b.axes.join()
