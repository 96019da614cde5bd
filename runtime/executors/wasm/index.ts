// The `wasm` executor: SIMD kernels and loops generated for each graph, one linear memory for each session.
// Does not need anything installed. Single-threaded; the schedule is data, so that workers can share it later.

import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { verify } from '../../../spec/graph/verify.js'
import type { Bindings, Executor, Program, Session, TensorData } from '../executor.js'
import { writeModule } from './emit/module.js'
import { instantiateKernels } from './kernels.js'
import { Heap } from './memory.js'
import { hasKernel } from './plan/composites.js'
import { lower } from './plan/lower.js'
import { count } from './plan/nest.js'
import { place, type Place } from './plan/place.js'
import type { Fetch } from './plan/step.js'
import { copyIn, copyOut } from './transfer.js'

export const wasm: Executor = { name: 'wasm', open: () => Promise.resolve(new WasmSession()) }

/** The graph that is scheduled for given sizes: bound, and with those composites that have a kernel. */
export const prepared = (graph: Graph, bindings: Bindings): Graph => inlineComposites(bind(graph, bindings), hasKernel)

interface State {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly elements: number
  readonly address: number
}

interface Run {
  readonly run: (arena: number) => void
}

export class WasmSession implements Session {
  private readonly heap = new Heap()
  private readonly kernels = instantiateKernels(this.heap.memory)
  private readonly states = new Map<string, State>()
  private readonly programs = new WeakMap<Graph, Map<string, Program>>()
  /** One arena for all programs: only one runs at a time. */
  private arena = { address: 0, bytes: 0 }

  declare(name: string, dtype: DType, shape: readonly number[]): void {
    const known = this.states.get(name)
    if (known && (known.dtype !== dtype || known.shape.join() !== shape.join())) throw new Error(`state "${name}" is ${known.dtype}[${known.shape.join(', ')}], declared again as ${dtype}[${shape.join(', ')}]`)
    if (known) return
    const elements = count(shape)
    const address = this.heap.allocate(elements * 4)
    this.heap.words.fill(0, address / 4, address / 4 + elements)
    this.states.set(name, { dtype, shape: [...shape], elements, address })
  }

  write(name: string, data: TensorData | readonly number[]): void {
    const state = this.state(name)
    if (data.length !== state.elements) throw new Error(`state "${name}" has ${state.elements} elements, not ${data.length}`)
    copyIn(this.heap, state.address, state.dtype, data)
  }

  read(name: string): TensorData {
    const { address, dtype, elements } = this.state(name)
    return copyOut(this.heap, address, dtype, elements)
  }

  load(graph: Graph, bindings: Bindings): Program {
    const programs = this.programs.get(graph) ?? new Map<string, Program>()
    this.programs.set(graph, programs)
    const key = JSON.stringify(Object.entries(bindings).sort())
    const program = programs.get(key) ?? this.prepare(prepared(graph, bindings))
    programs.set(key, program)
    return program
  }

  /** Bytes of the linear memory that were ever in use. */
  get peak(): number {
    return this.heap.used
  }

  close(): void {
    this.states.clear()
  }

  private state(name: string): State {
    const state = this.states.get(name)
    if (!state) throw new Error(`no state "${name}" was declared`)
    return state
  }

  private prepare(graph: Graph): Program {
    const faults = verify(graph)
    if (faults.length > 0) throw new Error(`illegal graph:\n${faults.join('\n')}`)
    this.checkStates(graph)
    const schedule = lower(graph)
    const placement = place(schedule)
    const pool = this.heap.allocate(schedule.pool.length * 4 + 4)
    const progress = pool + schedule.pool.length * 4
    this.heap.words.set(schedule.pool, pool / 4)
    const bytes = writeModule(schedule, placement, { pool, progress, state: (name) => this.state(name).address })
    this.reserve(placement.arenaBytes)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: this.heap.memory }, k: this.kernels })
    const { run } = exports as unknown as Run
    const addressOf = ({ buffer }: Fetch): number => {
      const at = placement.places[buffer] as Place
      return at.in === 'arena' ? this.arena.address + at.at : at.in === 'state' ? this.state(at.name).address : pool
    }
    const size = (fetch: Fetch): number => schedule.buffers[fetch.buffer]?.elements ?? 0
    const execute = (feeds: Readonly<Record<string, TensorData>>): Record<string, TensorData> => {
      for (const feed of schedule.feeds) {
        const data = feeds[feed.name]
        if (!data) throw new Error(`"${feed.name}" was not fed`)
        if (data.length !== size(feed)) throw new Error(`"${feed.name}" has ${data.length} elements, the graph takes ${size(feed)}`)
        copyIn(this.heap, addressOf(feed), feed.dtype, data)
      }
      try {
        run(this.arena.address)
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw error
        const step = schedule.steps[this.heap.words[progress / 4] as number]
        // Kernels check indices and stop with `unreachable`.
        const what = error.message === 'unreachable' ? 'an index lies outside of its table' : error.message
        throw new Error(`graph ${graph.name}: ${step?.label ?? 'a step'}: ${what}`, { cause: error })
      }
      return Object.fromEntries(schedule.fetches.map((fetch) => [fetch.name, copyOut(this.heap, addressOf(fetch), fetch.dtype, size(fetch))]))
    }
    return { run: (feeds) => Promise.resolve().then(() => execute(feeds)) }
  }

  /** Makes the arena large enough; its contents do not outlive a run. */
  private reserve(bytes: number): void {
    if (bytes <= this.arena.bytes) return
    if (this.arena.bytes > 0) this.heap.release(this.arena.address, this.arena.bytes)
    this.arena = { address: 0, bytes: 0 }
    this.arena = { address: this.heap.allocate(bytes), bytes }
  }

  private checkStates(graph: Graph): void {
    const used = graph.nodes.filter(({ op, attributes }) => op === 'input' && attributes.storage === 'state').map((node) => ({ name: String(node.attributes.name), type: node.type }))
    const assigned = graph.outputs.flatMap((output) => (output.kind === 'assign' ? [{ name: output.state, type: graph.nodes[output.node]?.type }] : []))
    for (const { name, type } of [...used, ...assigned]) {
      const state = this.state(name)
      if (state.dtype !== type?.dtype || state.shape.join() !== type.shape.join()) throw new Error(`state "${name}" is ${state.dtype}[${state.shape.join(', ')}], the graph takes ${type?.dtype}[${type?.shape.join(', ')}]`)
    }
  }
}
