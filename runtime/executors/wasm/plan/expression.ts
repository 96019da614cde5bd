// Pulls one value of the graph into loop code: element-wise ops become instructions, movement becomes index arithmetic.
// Stops at buffers. Does not decide what is a buffer (`fuse.ts`), but says what must become one.

import type { DType, Graph, GraphNode } from '../../../../spec/graph/graph.js'
import { lanes } from '../emit/lanes.js'
import { storageOf } from './fuse.js'
import { accessKey, type Instruction } from './nest.js'
import { flatten, mirror, shift, unflatten, type Linear, type Split } from './reindex.js'
import { POOL } from './step.js'

/** Why a value could not be pulled: a loop must be split, or a node computed beforehand. */
export type Obstacle = Split | { readonly realize: number }

export interface Scene {
  readonly graph: Graph
  /** The buffer that holds a node's value, contiguous. */
  home(node: number): number | undefined
  /** Position of a constant in the pool. */
  constant(value: number, dtype: DType): number
}

/** Instructions of one loop body; what comes on top gets a buffer. A value read at many shifted positions is computed for each. */
const LARGEST = 400

export class Expression {
  readonly code: Instruction[] = []
  obstacle: Obstacle | undefined
  private readonly known = new Map<string, number>()
  private root: number | undefined

  constructor(
    private readonly scene: Scene,
    private readonly loops: readonly number[],
  ) {}

  /** The instruction that gives node `id` at an index of each of its axes; undefined after setting `obstacle`. */
  value(id: number, index: readonly Linear[]): number | undefined {
    this.root ??= id
    const node = this.scene.graph.nodes[id] as GraphNode
    const { dtype } = node.type
    const shape = node.type.shape as readonly number[]
    // A reshaped buffer is the same buffer: flat positions do not change.
    const home = this.scene.home(storageOf(this.scene.graph, id))
    if (home !== undefined) return this.once({ kind: 'load', dtype, access: { buffer: home, ...flatten(index, shape, this.loops.length) } })
    const input = node.inputs[0] as number
    const from = (this.scene.graph.nodes[input]?.type.shape ?? []) as readonly number[]
    const list = (name: string): readonly number[] => node.attributes[name] as readonly number[]

    switch (node.op) {
      case 'const':
        return this.once({ kind: 'load', dtype, access: { buffer: POOL, offset: this.scene.constant(Number(node.attributes.value), dtype), strides: this.loops.map(() => 0) } })
      case 'iota':
        return this.once({ kind: 'index', dtype, ...(index[node.attributes.axis as number] as Linear) })
      case 'stop_gradient':
        return this.value(input, index)
      case 'broadcast':
        return this.value(input, list('axes').map((axis) => index[axis] as Linear))
      case 'transpose': {
        const permutation = list('permutation')
        return this.value(input, permutation.map((_, axis) => index[permutation.indexOf(axis)] as Linear))
      }
      case 'slice':
        return this.value(input, index.map((each, axis) => shift(each, list('start')[axis] as number)))
      case 'reverse':
        return this.value(input, index.map((each, axis) => (list('axes').includes(axis) ? mirror(each, from[axis] as number) : each)))
      case 'reshape': {
        const moved = unflatten(flatten(index, shape, this.loops.length), from, this.loops)
        if (Array.isArray(moved)) return this.value(input, moved as readonly Linear[])
        return this.stop((moved as Split | undefined) ?? { realize: input })
      }
    }
    if (!lanes[node.op] || (this.code.length > LARGEST && id !== this.root)) return this.stop({ realize: id })
    const args: number[] = []
    for (const each of node.inputs) {
      const arg = this.value(each, index)
      if (arg === undefined) return undefined
      args.push(arg)
    }
    return this.once({ kind: 'apply', dtype, op: node.op, args })
  }

  private stop(obstacle: Obstacle): undefined {
    this.obstacle = obstacle
    return undefined
  }

  private once(instruction: Instruction): number {
    const key =
      instruction.kind === 'load' ? `@${accessKey(instruction.access)}:${instruction.dtype}`
      : instruction.kind === 'index' ? `#${instruction.dtype}${instruction.offset}:${instruction.strides.join()}`
      : `${instruction.op}:${instruction.dtype}:${instruction.args.join()}`
    const known = this.known.get(key) ?? this.code.push(instruction) - 1
    this.known.set(key, known)
    return known
  }
}
