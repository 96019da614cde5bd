// The `wasm` executor: SIMD kernels and loops generated for each graph, one linear memory for each session.
// Does not need anything installed. Programs with enough work are shared by threads, with the same results to the bit.

import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { verify } from '../../../spec/graph/verify.js'
import { perform, type Bindings, type Call, type Executor, type Feeds, type Loop, type Program, type Session, type TensorData } from '../executor.js'
import { scratchBytes, writeModule } from './emit/module.js'
import { kernelModule } from './kernels.js'
import { Heap } from './memory.js'
import { hasKernel } from './plan/composites.js'
import { lower } from './plan/lower.js'
import { count } from './plan/nest.js'
import { Pace } from './thread-choice.js'
import { PackedWeights, type Pack } from './packed.js'
import { isShared, WORTH } from './plan/phases.js'
import { place, type Place, type Placement } from './plan/place.js'
import type { Fetch, Schedule } from './plan/step.js'
import { effectsOf, independent, type Effects } from './plan/turns.js'
import { CAPACITY, heldBy, layout, turnsOf, type Callable, type Looping, type Span } from './queue.js'
import { Regions } from './regions.js'
import { defaultThreads, enlist, newId, queue, runApart, runTogether, tell, type Run, type Together } from './threads.js'
import { copyIn, copyOut } from './transfer.js'

/** The executor with a number of threads; results are the same for all numbers. Tests divide what is not worth it, too. */
export const wasmWith = (threads = defaultThreads(), worth = WORTH): Executor => ({ name: 'wasm', open: () => Promise.resolve(new WasmSession(threads, worth)) })

export const wasm: Executor = wasmWith()

/** The graph that is scheduled for given sizes: bound, and with those composites that have a kernel. */
export const prepared = (graph: Graph, bindings: Bindings): Graph => inlineComposites(bind(graph, bindings), hasKernel)

const elementsOf = ({ buffers }: Schedule, { buffer }: Fetch): number => buffers[buffer]?.elements ?? 0
export const operationsOf = ({ steps }: Schedule): number => steps.reduce((sum, step) => sum + step.operations, 0)
/** Bytes of what goes in and comes out of one call in a queue. */
export function stagedBytes(schedule: Schedule, loop?: Loop): number {
  const spans = (some: readonly Fetch[]): Span[] => some.map((fetch) => ({ at: 0, words: elementsOf(schedule, fetch) }))
  return layout({ feeds: spans(schedule.feeds), fetches: spans(schedule.fetches), loop: loop && loopingOf(schedule, loop) }, turnsAtMost(loop, operationsOf(schedule))).bytes
}

/** Turns that a loop makes in one call at most: rows of a rollout that have ended go on until then, and no signal is heard. */
const TURNS = 8
/** Operations of one call at most, where one turn has not more: some hundredths of a second. */
const LONGEST = 1e9
export const turnsAtMost = (loop: Loop | undefined, operations: number): number => (loop ? Math.max(1, Math.min(loop.most, TURNS, Math.floor(LONGEST / Math.max(1, operations)))) : 1)

function loopingOf({ feeds, fetches }: Schedule, { collect, until }: Loop): Looping {
  const named = (name: string): number => fetches.findIndex((fetch) => fetch.name === name)
  const carried = feeds.flatMap(({ name }, feed) => (named(name) < 0 ? [] : [{ fetch: named(name), feed }]))
  return { carried, collected: collect.map(named), until: named(until) }
}

const ARENA_ALIGNMENT = 4096
/** Bytes between the arenas of two threads. */
export const roomOf = ({ arenaBytes }: Placement): number => Math.ceil(arenaBytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT

interface State {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly elements: number
  readonly address: number
  /** Address of the word where runs await their turn to add to it. */
  readonly turn: number
  /** Counts its changes. */
  version: number
}

interface Loaded extends Program {
  readonly id: number
  readonly name: string
  readonly schedule: Schedule
  readonly placement: Placement
  /** Absent where it cannot stand in a queue. */
  readonly effects: Effects | undefined
  readonly operations: number
  /** Whether threads share its steps. */
  readonly divided: boolean
  readonly feeds: readonly Span[]
  readonly fetches: readonly Span[]
  readonly loop: Looping | undefined
  /** What a feed is given; throws where it is not what the graph takes. */
  feedOf(feed: Fetch, fed: Feeds): TensorData
  /** Whether the other threads know the program. */
  told: boolean
  tell(): void
  readonly enter: Run
}

/** Bytes of a word with a cache line of its own, where runs await their turn. */
export const TURN_BYTES = 64
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
  private readonly programs = new WeakMap<Graph, Map<string, Loaded>>()
  private readonly packed = new PackedWeights(this.heap)
  /** One for all programs: only one runs at a time, or one queue. */
  private readonly regions = new Regions(this.heap)
  /** Bytes between the scratch memories of two threads. */
  private stride = 0

  constructor(
    readonly lanes = 1,
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
    const turn = this.heap.allocate(TURN_BYTES)
    this.heap.words.fill(0, address / 4, address / 4 + elements)
    this.states.set(name, { dtype, shape: [...shape], elements, address, turn, version: 0 })
  }

  write(name: string, data: TensorData | readonly number[]): void {
    const state = this.state(name)
    if (data.length !== state.elements) throw new Error(`state "${name}" has ${state.elements} elements, not ${data.length}`)
    copyIn(this.heap, state.address, state.dtype, data)
    state.version++
  }

  read(name: string): TensorData {
    const { address, dtype, elements } = this.state(name)
    return copyOut(this.heap, address, dtype, elements)
  }

  /** With `loop`, a program that other threads know as that loop. */
  load(graph: Graph, bindings: Bindings, loop?: Loop): Loaded {
    const programs = this.programs.get(graph) ?? new Map<string, Loaded>()
    this.programs.set(graph, programs)
    const key = JSON.stringify([Object.entries(bindings).sort(), loop?.collect, loop?.until])
    const program = programs.get(key) ?? this.prepare(prepared(graph, bindings), loop)
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

  async runAll(calls: readonly Call[]): Promise<Record<string, TensorData>[]> {
    const programs = calls.map(({ graph, bindings, loop }) => this.load(graph, bindings, loop))
    const short = calls.map((call, i): Call => (call.loop ? { ...call, loop: { ...call.loop, most: turnsAtMost(call.loop, (programs[i] as Loaded).operations) } } : call))
    const operations = programs.reduce((sum, program, i) => sum + program.operations * (short[i]?.loop?.most ?? 1), 0)
    const threads = operations < this.worth.program ? 1 : Math.min(this.lanes, calls.length)
    // A loop whose steps nobody would share goes through the queue even alone: its turns then do not come back here.
    const queued = threads > 1 || (calls.some(({ loop }) => loop) && programs.every(({ divided }) => !divided))
    const fetched: Record<string, TensorData>[] = []
    if (queued && independent(programs.map(({ effects }) => effects))) for (let at = 0; at < calls.length; at += CAPACITY) fetched.push(...this.runApart(programs.slice(at, at + CAPACITY), short.slice(at, at + CAPACITY), threads))
    else for (const [i, program] of programs.entries()) fetched.push(await perform(program, short[i] as Call))
    return fetched
  }

  /** Independent calls, each computed by one thread. */
  private runApart(programs: readonly Loaded[], calls: readonly Call[], threads: number): Record<string, TensorData>[] {
    const room = Math.max(...programs.map(({ placement }) => roomOf(placement)))
    this.regions.reserve('arena', room * threads)
    const turns = calls.map(({ loop }) => loop?.most ?? 1)
    const places = programs.map((program, i) => layout(program, turns[i] as number))
    this.regions.reserve('stage', places.reduce((sum, { bytes }) => sum + bytes, 0))
    let end = this.regions.stage
    const queued = programs.map(({ id }, i) => {
      const staged = end
      end += (places[i] as (typeof places)[number]).bytes
      return { program: id, staged, turns: turns[i] as number }
    })
    programs.forEach((program, i) => {
      if (threads > 1 && !program.told) program.tell()
      program.schedule.feeds.forEach((feed, k) => copyIn(this.heap, (queued[i]?.staged as number) + (places[i]?.feeds[k] as number), feed.dtype, program.feedOf(feed, (calls[i] as Call).feeds)))
    })
    for (const state of new Set(programs.flatMap(({ effects }) => [...(effects?.adds ?? [])]))) Atomics.store(this.heap.words, this.state(state).turn / 4, 0)
    this.prepareStates(programs)
    const byId = new Map(programs.map((program) => [program.id, program]))
    const copy = this.kernels['copy'] as Callable['copy']
    const callable = (id: number): Callable => {
      const { enter, feeds, fetches, loop } = byId.get(id) as Loaded
      return { run: enter, copy, word: (address) => this.heap.words[address / 4] as number, feeds, fetches, loop }
    }
    this.watch(() => runApart(queued, callable, { ...this.together(threads), room }), (thread) => programs[heldBy(queue, thread)] as Loaded)
    return programs.map(({ schedule, fetches, loop }, i) => {
      const { staged } = queued[i] as (typeof queued)[number]
      const elements = (k: number): number => (fetches[k] as Span).words * (loop?.collected.includes(k) ? turnsOf(queue, i) : 1)
      return Object.fromEntries(schedule.fetches.map(({ name, dtype }, k) => [name, copyOut(this.heap, staged + (places[i]?.fetches[k] as number), dtype, elements(k))]))
    })
  }

  private prepare(graph: Graph, loop?: Loop): Loaded {
    const faults = verify(graph)
    if (faults.length > 0) throw new Error(`illegal graph:\n${faults.join('\n')}`)
    this.checkStates(graph)
    const schedule = lower(graph)
    const placement = place(schedule)
    const pool = this.heap.allocate(schedule.pool.length * 4)
    this.heap.words.set(schedule.pool, pool / 4)
    this.packed.declare(schedule.packings)
    const found = effectsOf(graph)
    const addresses = { pool, meeting: this.meeting, state: (name: string) => this.state(name).address, packed: (name: string) => this.packed.address(name), turn: (name: string) => this.state(name).turn }
    const module = new WebAssembly.Module(writeModule(schedule, placement, addresses, { worth: this.worth, adds: found.adds }))
    this.stride = Math.max(this.stride, scratchBytes(schedule))
    this.regions.reserve('scratch', this.stride * this.lanes)
    const { run } = new WebAssembly.Instance(module, { env: { memory: this.heap.memory }, k: this.kernels }).exports as { run: Run }
    const size = (fetch: Fetch): number => elementsOf(schedule, fetch)
    const span = (fetch: Fetch): Span[] => {
      const at = placement.places[fetch.buffer] as Place
      return at.in === 'arena' ? [{ at: at.at, words: size(fetch) }] : []
    }
    const [feeds, fetches] = [schedule.feeds.flatMap(span), schedule.fetches.flatMap(span)]
    // What is fetched from a state would be that of another turn.
    const effects = fetches.length === schedule.fetches.length ? found : undefined
    const operations = operationsOf(schedule)
    const looping = loop && loopingOf(schedule, loop)
    const threads = isShared(schedule, this.worth) ? this.lanes : 1
    const pace = new Pace(threads)
    const id = newId()
    const tellAll = (): void => {
      loaded.told = true
      void enlist(this.lanes)
      tell({ load: { id, session: this.id, memory: this.heap.memory, kernels: kernelModule(), module, meeting: this.meeting, feeds, fetches, loop: looping } })
    }
    const start = (threads: number): void => runTogether(id, run, this.together(threads))
    const addressOf = ({ buffer }: Fetch): number => {
      const at = placement.places[buffer] as Place
      return at.in === 'arena' ? this.regions.arena + at.at : at.in === 'pool' ? pool : addresses[at.in](at.name)
    }
    const feedOf = (feed: Fetch, fed: Feeds): TensorData => {
      const data = fed[feed.name]
      if (!data) throw new Error(`"${feed.name}" was not fed`)
      if (data.length !== size(feed)) throw new Error(`"${feed.name}" has ${data.length} elements, the graph takes ${size(feed)}`)
      return data
    }
    const execute = (fed: Feeds): Record<string, TensorData> => {
      this.regions.reserve('arena', placement.arenaBytes)
      for (const feed of schedule.feeds) copyIn(this.heap, addressOf(feed), feed.dtype, feedOf(feed, fed))
      this.prepareStates([loaded])
      this.watch(() => (this.worth.timed ? pace.run(start) : start(threads)), () => loaded)
      return Object.fromEntries(schedule.fetches.map((fetch) => [fetch.name, copyOut(this.heap, addressOf(fetch), fetch.dtype, size(fetch))]))
    }
    const loaded: Loaded = { id, name: graph.name, schedule, placement, effects, operations, divided: threads > 1, feeds, fetches, loop: looping, feedOf, told: false, tell: tellAll, run: (fed) => Promise.resolve().then(() => execute(fed)), enter: run }
    if (threads > 1) tellAll()
    return loaded
  }

  /** Packs the weights that programs are about to read, where they have changed, and notes what the programs are about to change, in full or not. */
  private prepareStates(programs: readonly Loaded[]): void {
    for (const { schedule } of programs) this.packed.refresh(schedule.packings, (name) => this.state(name), this.kernels['pack'] as Pack)
    for (const { schedule } of programs) for (const { state } of schedule.assigns) this.state(state).version++
  }

  private together(threads: number): Together {
    return { arena: this.regions.arena, scratch: this.regions.scratch, stride: this.stride, threads, failed: () => this.fail(this.meeting, FIRST) }
  }

  /** Runs, and says of a failure what was computed: kernels check indices and stop with `unreachable`. */
  private watch(run: () => void, programOf: (thread: number) => Loaded): void {
    try {
      run()
      if (this.failedThread > 0) throw new WebAssembly.RuntimeError('unreachable')
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      const thread = this.failedThread - FIRST
      const { name, schedule } = programOf(thread)
      const step = schedule.steps[this.heap.words[(this.regions.scratch + this.stride * thread) / 4] as number]
      this.heap.words.fill(0, this.meeting / 4, (this.meeting + MEETING_BYTES) / 4)
      const what = error.message === 'unreachable' ? 'an index lies outside of its table' : error.message
      throw new Error(`graph ${name}: ${step?.label ?? 'a step'}: ${what}`, { cause: error })
    }
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
