// The `wasm` executor: SIMD kernels and loops generated for each graph, one linear memory for each session.
// Does not need anything installed. Programs with enough work are shared by threads, with the same results to the bit.

import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { verify } from '../../../spec/graph/verify.js'
import type { Bindings, Executor, Program, Session, TensorData } from '../executor.js'
import { scratchBytes, writeModule } from './emit/module.js'
import { kernelModule } from './kernels.js'
import { Heap } from './memory.js'
import { hasKernel } from './plan/composites.js'
import { lower } from './plan/lower.js'
import { count } from './plan/nest.js'
import { Pace } from './pace.js'
import { isShared, WORTH } from './plan/phases.js'
import { place, type Place } from './plan/place.js'
import type { Fetch } from './plan/step.js'
import { defaultThreads, enlist, newId, runTogether, tell, type Run } from './threads.js'
import { copyIn, copyOut } from './transfer.js'

/** The executor with a number of threads; results are the same for all numbers. Tests divide what is not worth it, too. */
export const wasmWith = (threads = defaultThreads(), worth = WORTH): Executor => ({ name: 'wasm', open: () => Promise.resolve(new WasmSession(threads, worth)) })

export const wasm: Executor = wasmWith()

/** The graph that is scheduled for given sizes: bound, and with those composites that have a kernel. */
export const prepared = (graph: Graph, bindings: Bindings): Graph => inlineComposites(bind(graph, bindings), hasKernel)

interface Region {
  readonly address: number
  readonly bytes: number
}

interface State {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly elements: number
  readonly address: number
}

/** Bytes of the block where threads meet, and of the word in it that says who failed (`assembly/threads.ts`). */
export const MEETING_BYTES = 256
const FIRST = 1
const FAILED = 192

export class WasmSession implements Session {
  private readonly heap = new Heap()
  private readonly id = newId()
  private readonly kernels = new WebAssembly.Instance(kernelModule(), { env: { memory: this.heap.memory } }).exports
  private readonly meeting = this.heap.allocate(MEETING_BYTES)
  private readonly states = new Map<string, State>()
  private readonly programs = new WeakMap<Graph, Map<string, Program>>()
  /** One arena for all programs: only one runs at a time. */
  private arena: Region = { address: 0, bytes: 0 }
  /** Scratch memory of each thread, `stride` bytes apart. */
  private scratch: Region = { address: 0, bytes: 0 }
  private stride = 0

  constructor(
    private readonly threads = 1,
    private readonly worth = WORTH,
  ) {
    this.heap.words.fill(0, this.meeting / 4, (this.meeting + MEETING_BYTES) / 4)
  }

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
    tell({ forget: this.id })
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
    const pool = this.heap.allocate(schedule.pool.length * 4)
    this.heap.words.set(schedule.pool, pool / 4)
    const module = new WebAssembly.Module(writeModule(schedule, placement, { pool, meeting: this.meeting, state: (name) => this.state(name).address }, { worth: this.worth }))
    this.reserve('arena', placement.arenaBytes)
    this.stride = Math.max(this.stride, scratchBytes(schedule))
    this.reserve('scratch', this.stride * this.threads)
    const { run } = new WebAssembly.Instance(module, { env: { memory: this.heap.memory }, k: this.kernels }).exports as { run: Run }
    const id = newId()
    const threads = isShared(schedule, this.worth) ? this.threads : 1
    if (threads > 1) {
      void enlist(threads)
      tell({ load: { id, session: this.id, memory: this.heap.memory, kernels: kernelModule(), module, meeting: this.meeting } })
    }
    const pace = new Pace(threads)
    const start = (threads: number): void => runTogether(id, run, { arena: this.arena.address, scratch: this.scratch.address, stride: this.stride, threads, failed: () => this.fail(this.meeting, FIRST) })
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
        if (this.worth.timed) pace.run(start)
        else start(threads)
        if (this.failedThread > 0) throw new WebAssembly.RuntimeError('unreachable')
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw error
        const step = schedule.steps[this.heap.words[(this.scratch.address + this.stride * (this.failedThread - FIRST)) / 4] as number]
        this.heap.words.fill(0, this.meeting / 4, (this.meeting + MEETING_BYTES) / 4)
        // Kernels check indices and stop with `unreachable`.
        const what = error.message === 'unreachable' ? 'an index lies outside of its table' : error.message
        throw new Error(`graph ${graph.name}: ${step?.label ?? 'a step'}: ${what}`, { cause: error })
      }
      return Object.fromEntries(schedule.fetches.map((fetch) => [fetch.name, copyOut(this.heap, addressOf(fetch), fetch.dtype, size(fetch))]))
    }
    return { run: (feeds) => Promise.resolve().then(() => execute(feeds)) }
  }

  /** Makes a region large enough; its contents do not outlive a run. */
  private reserve(which: 'arena' | 'scratch', bytes: number): void {
    const { address, bytes: before } = this[which]
    if (bytes <= before) return
    if (before > 0) this.heap.release(address, before)
    this[which] = { address: 0, bytes: 0 }
    this[which] = { address: this.heap.allocate(bytes), bytes }
  }

  private get fail(): (meeting: number, thread: number) => void {
    return this.kernels['fail'] as (meeting: number, thread: number) => void
  }

  /** The first thread that failed in the last run, counted from 1; 0 when none did. */
  private get failedThread(): number {
    return this.heap.words[(this.meeting + FAILED) / 4] as number
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
