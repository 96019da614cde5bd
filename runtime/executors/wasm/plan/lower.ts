// Turns a bound graph into steps: loops for what is fused, kernel calls for the rest.
// Does not place buffers in memory (`place.ts`) nor write code (`emit/`).

import type { DType, Graph, GraphNode } from '../../../../spec/graph/graph.js'
import { calls } from './calls.js'
import { Expression, type Scene } from './expression.js'
import { isFusible, realizedNodes, storageOf } from './fuse.js'
import { mergeNests, withSharing } from './merge.js'
import { count, rowMajor, type Access, type Reduction } from './nest.js'
import { MOST, packedElements, packedName, type Packing } from './packing.js'
import type { Linear } from './reindex.js'
import { at, POOL, wholeLines, type Arg, type Assign, type Buffer, type Fetch, type Schedule, type Step } from './step.js'

const bits = new DataView(new ArrayBuffer(4))

/** Bits of a constant as loops see it: bools are lane masks. */
export function constantBits(value: number, dtype: DType): number {
  if (dtype === 'f32') bits.setFloat32(0, value)
  else bits.setInt32(0, dtype === 'bool' ? -Number(value !== 0) : value)
  return bits.getInt32(0)
}

/** The schedule of a bound, verified graph. Composites must be inlined except those in `calls`. */
export function lower(graph: Graph): Schedule {
  return mergeNests(new Lowering(graph).run())
}

export class Lowering implements Scene {
  readonly buffers: Buffer[] = [{ kind: 'pool', elements: 0 }]
  readonly steps: Step[] = []
  readonly pool: number[] = []
  private readonly packings: Packing[] = []
  /** States that get a new value. */
  private readonly assigned: ReadonlySet<string>
  private readonly homes = new Map<number, number>()
  private readonly parts = new Map<number, readonly number[]>()
  private readonly states = new Map<string, number>()
  private readonly realized: boolean[]
  /** What a person calls the node at hand. */
  private label = ''

  constructor(readonly graph: Graph) {
    this.realized = realizedNodes(graph)
    this.assigned = new Set(graph.outputs.flatMap((output) => (output.kind === 'assign' ? [output.state] : [])))
  }

  run(): Schedule {
    const feeds: Fetch[] = []
    this.graph.nodes.forEach((node, id) => {
      this.label = node.label ?? String(node.attributes.name ?? node.op)
      if (node.op === 'input') this.input(node, id, feeds)
      else if (!isFusible(node.op)) {
        const call = calls[node.op === 'composite' ? String(node.attributes.name) : node.op]
        if (!call) throw new Error(`no kernel for ${node.op}`)
        call(this, node, id)
      } else if (this.realized[id]) this.realize(id)
    })
    const fetches: Fetch[] = []
    const assigns: Assign[] = []
    for (const output of this.graph.outputs) {
      const held = this.buffer(output.node)
      const state = (this.buffers[held] as Buffer).name
      // An old value of a state that changes has to be saved before the new one is stored.
      const moves = (this.buffers[held] as Buffer).kind === 'state' && this.assigned.has(state as string) && !(output.kind === 'assign' && output.state === state)
      const buffer = moves ? this.duplicate(held) : held
      if (output.kind === 'fetch') fetches.push({ name: output.name, dtype: (this.graph.nodes[output.node] as GraphNode).type.dtype, buffer })
      else assigns.push({ state: output.state, buffer })
    }
    this.buffers[POOL] = { kind: 'pool', elements: this.pool.length }
    return { buffers: this.buffers, steps: this.steps, feeds, fetches, assigns, packings: this.packings, pool: this.pool }
  }

  home(id: number): number | undefined {
    const { op, inputs, attributes } = this.graph.nodes[id] as GraphNode
    return op === 'part' ? this.parts.get(inputs[0] as number)?.[attributes.index as number] : this.homes.get(id)
  }

  constant(value: number, dtype: DType): number {
    const word = constantBits(value, dtype)
    const known = this.pool.indexOf(word)
    return known >= 0 ? known : this.pool.push(word) - 1
  }

  shape(id: number): readonly number[] {
    return (this.graph.nodes[id] as GraphNode).type.shape as readonly number[]
  }

  newBuffer(elements: number): number {
    return this.buffers.push({ kind: 'arena', elements }) - 1
  }

  /** The buffer of a matrix [k, n] of a state in packed form; absent where the state changes, or where too much is packed already. */
  packed({ buffer, offset, row, column }: { readonly buffer: number; readonly offset: number; readonly row: number; readonly column: number }, n: number, k: number): number | undefined {
    const { kind, name: state } = this.buffers[buffer] as Buffer
    if (kind !== 'state' || state === undefined || this.assigned.has(state) || offset !== 0 || n * k === 0) return undefined
    const name = packedName({ state, row, column, n, k })
    const known = this.buffers.findIndex((each) => each.kind === 'packed' && each.name === name)
    if (known >= 0) return known
    const elements = packedElements(n, k)
    if (this.packings.reduce((sum, packing) => sum + packedElements(packing.n, packing.k), elements) > MOST) return undefined
    const packed = this.buffers.push({ kind: 'packed', elements, name }) - 1
    this.packings.push({ buffer: packed, state, row, column, n, k })
    return packed
  }

  /** New buffers for the outputs of a node. */
  outputs(id: number): number[] {
    const node = this.graph.nodes[id] as GraphNode
    const made = (node.outputs ?? [node.type]).map(({ shape }) => this.newBuffer(count(shape as readonly number[])))
    this.setOutputs(id, made)
    return made
  }

  /** The buffers that hold the outputs of a node. */
  outputsOf(id: number): readonly number[] {
    return this.parts.get(id) ?? []
  }

  /** Says which buffers hold the outputs of a node. */
  setOutputs(id: number, buffers: readonly number[]): void {
    this.homes.set(id, buffers[0] as number)
    this.parts.set(id, buffers)
  }

  /** The buffer that holds a node's value, contiguous from its start; computes it where there is none yet. */
  buffer(id: number): number {
    const storage = storageOf(this.graph, id)
    return this.home(storage) ?? this.realize(storage)
  }

  /** A node as strided elements of a buffer: without a copy where it is a view of one. */
  strided(id: number): Access {
    const sizes = this.shape(id)
    const expression = new Expression(this, sizes)
    const index = sizes.map((_, axis): Linear => ({ offset: 0, strides: sizes.map((_size, loop) => (loop === axis ? 1 : 0)) }))
    const value = expression.value(id, index)
    const load = value === undefined ? undefined : expression.code[value]
    if (load?.kind === 'load' && load.access.buffer !== POOL) return load.access
    return { buffer: this.buffer(id), offset: 0, strides: rowMajor(sizes) }
  }

  /** A buffer with a node's value laid out row by row, even where it is a view of another. */
  contiguous(id: number): number {
    return this.home(id) ?? this.realize(id)
  }

  /** Steps that store a fused value: `to` has the strides of the node's axes; those in `reduced` are combined. */
  store(id: number, to: Access, reduced: readonly number[] = [], reduction?: Reduction): void {
    const sizes = this.shape(id)
    const axes = [...sizes.keys()].filter((axis) => !reduced.includes(axis)).concat(reduced)
    if (axes.some((axis) => sizes[axis] === 0 && !reduced.includes(axis))) return
    /** Trip counts that each axis is walked with, outermost first. */
    const factors = new Map(axes.map((axis) => [axis, [sizes[axis] as number]]))
    for (;;) {
      const loops = axes.flatMap((axis) => factors.get(axis) as number[])
      const owner = axes.flatMap((axis) => (factors.get(axis) as number[]).map(() => axis))
      const first = (axis: number): number => owner.indexOf(axis)
      const step = (loop: number): number => count((factors.get(owner[loop] as number) as number[]).slice(loop - first(owner[loop] as number) + 1))
      const index = sizes.map((_, axis): Linear => ({ offset: 0, strides: owner.map((of, loop) => (of === axis ? step(loop) : 0)) }))
      const expression = new Expression(this, loops)
      const value = expression.value(id, index)
      if (value === undefined) {
        const obstacle = expression.obstacle
        if (!obstacle) throw new Error('a value could not be pulled, without a reason')
        if ('realize' in obstacle) this.contiguous(obstacle.realize)
        else {
          const axis = owner[obstacle.loop] as number
          const trips = factors.get(axis) as number[]
          trips.splice(obstacle.loop - first(axis), 1, (loops[obstacle.loop] as number) / obstacle.by, obstacle.by)
        }
        continue
      }
      const access = { ...to, strides: owner.map((axis, loop) => (reduced.includes(axis) ? 0 : (to.strides[axis] as number) * step(loop))) }
      const outer = owner.filter((axis) => !reduced.includes(axis)).length
      this.steps.push(withSharing({ loops, outer, code: expression.code, stores: [{ value, access }], ...(reduction ? { reduction } : {}) }))
      return
    }
  }

  /** Stores zeros in a strided block of a buffer. */
  zero(to: Access, sizes: readonly number[]): void {
    if (sizes.includes(0)) return
    const value = { buffer: POOL, offset: this.constant(0, 'f32'), strides: sizes.map(() => 0) }
    this.steps.push(withSharing({ loops: sizes, outer: sizes.length, code: [{ kind: 'load', dtype: 'f32', access: value }], stores: [{ value: 0, access: to }] }))
  }

  /** Combines all elements of a buffer into the first of another. */
  combine(from: number, to: number, elements: number, dtype: DType, reduction: Reduction): void {
    const load = { kind: 'load', dtype, access: { buffer: from, offset: 0, strides: [1] } } as const
    this.steps.push(withSharing({ loops: [elements], outer: 0, code: [load], stores: [{ value: 0, access: { buffer: to, offset: 0, strides: [0] } }], reduction }))
  }

  /** A kernel call. `reads` and `writes` are the buffers among the arguments; work that is not given is an operation for each of their elements. */
  call(kernel: string, args: readonly Arg[], reads: readonly number[], writes: readonly number[], { sharing = [], ...more }: Partial<Pick<Step, 'sharing' | 'division' | 'operations' | 'scratch'>> = {}): void {
    const elements = (buffer: number): number => (this.buffers[buffer] as Buffer).elements
    if (writes.every((buffer) => elements(buffer) === 0)) return
    const operations = [...reads, ...writes].reduce((sum, buffer) => sum + elements(buffer), 0)
    this.steps.push({ reads, writes, sharing, label: this.label, operations, ...more, work: { kind: 'call', kernel, args } })
  }

  /** A copy of a whole buffer; free where source and copy can share a place. */
  duplicate(from: number): number {
    const { elements } = this.buffers[from] as Buffer
    const to = this.newBuffer(elements)
    this.call('copy', [at(from), at(to)], [from], [to], { sharing: [[from, to]], division: wholeLines(elements) })
    return to
  }

  private input(node: GraphNode, id: number, feeds: Fetch[]): void {
    const name = String(node.attributes.name)
    const elements = count(node.type.shape as readonly number[])
    const isState = node.attributes.storage === 'state'
    const known = isState ? this.states.get(name) : undefined
    const buffer = known ?? this.buffers.push({ kind: isState ? 'state' : 'feed', elements, name }) - 1
    if (isState) this.states.set(name, buffer)
    else feeds.push({ name, dtype: node.type.dtype, buffer })
    this.homes.set(id, buffer)
  }

  private realize(id: number): number {
    const sizes = this.shape(id)
    const buffer = this.newBuffer(count(sizes))
    this.store(id, { buffer, offset: 0, strides: rowMajor(sizes) })
    this.homes.set(id, buffer)
    return buffer
  }
}
