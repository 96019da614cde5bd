// A session on TensorFlow: states are resource variables on the device, programs are functions that XLA compiles at their first run.
// What crosses to the other process is feeds and fetches.

import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph, TensorType } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { verify } from '../../../spec/graph/verify.js'
import type { Bindings, Call, Compiling, Loop, Program, Session, TensorData } from '../executor.js'
import type { Products } from './builder.js'
import { composites } from './composites.js'
import { loadCargo, unloadCargo } from './cargo.js'
import { DTYPES, encodeGraph, shaped, tensor, typed } from './graph-def.js'
import type { Host } from './host.js'
import { LIMIT, translateLoop } from './loop.js'
import type { Feed } from './process.js'
import { COARSE } from './sizes.js'
import { stateTypes, translate, variable, type Endpoint, type Translated } from './translate.js'

interface State {
  readonly type: TensorType & { readonly shape: readonly number[] }
  readonly elements: number
  /** Names of its nodes begin so. */
  readonly node: string
}

/** Milliseconds that a program compiles for before somebody is told. */
const LONG = 500

let sessions = 0

export class TensorflowSession implements Session {
  readonly sizes = COARSE
  readonly remote = true
  private readonly id = sessions++
  private readonly states = new Map<string, State>()
  private readonly programs = new WeakMap<Graph, Map<string, Program>>()
  private loaded = 0
  /** The first error of what nobody waited for; the next one who waits gets it. */
  private failed: Error | undefined

  constructor(
    private readonly host: Host,
    private readonly products: Products,
    private readonly compiling: Compiling,
  ) {
    this.post(host.ask('open', this.id))
  }

  declare(name: string, dtype: DType, shape: readonly number[]): void {
    const known = this.states.get(name)
    if (known && (known.type.dtype !== dtype || known.type.shape.join() !== shape.join())) throw new Error(`state "${name}" is ${known.type.dtype}[${known.type.shape.join(', ')}], declared again as ${dtype}[${shape.join(', ')}]`)
    if (known) return
    const state = { type: { dtype, shape: [...shape] }, elements: count(shape), node: `s${this.states.size}` }
    this.states.set(name, state)
    this.post(this.host.ask('extend', this.id, encodeGraph({ node: stateNodes(name, state), functions: [] })))
    this.post(this.host.ask('run', this.id, [], [], [`${state.node}/zero`]))
  }

  write(name: string, data: TensorData | readonly number[]): void {
    const { type, elements, node } = this.state(name)
    if (data.length !== elements) throw new Error(`state "${name}" has ${elements} elements, not ${data.length}`)
    this.post(this.host.ask('run', this.id, [[`${node}/new`, DTYPES[type.dtype], type.shape, loadCargo(converted(type.dtype, data))]], [], [`${node}/write`]))
  }

  async read(name: string): Promise<TensorData> {
    const { type, node } = this.state(name)
    const [data] = await this.run([], [`${node}/read`], [])
    return data === undefined ? converted(type.dtype, []) : data
  }

  /** With `loop` a program that makes many turns in one call, and is fed how many. */
  load(graph: Graph, bindings: Bindings, loop?: Loop): Program {
    const programs = this.programs.get(graph) ?? new Map<string, Program>()
    this.programs.set(graph, programs)
    const key = JSON.stringify([Object.entries(bindings).sort(), loop?.collect, loop?.until])
    const prepare = () => (loop ? this.prepareLoop(bind(graph, bindings), loop, sized(graph, bindings)) : this.prepare(bind(graph, bindings), sized(graph, bindings)))
    const program = programs.get(key) ?? prepare()
    programs.set(key, program)
    return program
  }

  async runAll(calls: readonly Call[]): Promise<Record<string, TensorData>[]> {
    const fetched: Record<string, TensorData>[] = []
    for (const { graph, bindings, feeds, loop } of calls) fetched.push(await this.load(graph, bindings, loop).run(loop ? { ...feeds, [LIMIT]: Int32Array.of(loop.most) } : feeds))
    return fetched
  }

  close(): void {
    this.states.clear()
    // That it cannot be closed any more matters to nobody.
    this.host.ask('close', this.id).catch(() => undefined)
  }

  private prepareLoop(bound: Graph, loop: Loop, title: string): Program {
    const { limit, turns, most, ...program } = translateLoop(this.checked(bound), `p${this.loaded++}`, loop, this.products)
    const run = this.runner(title, { ...program, feeds: [limit, ...program.feeds], fetches: [turns, ...program.fetches] })
    return {
      run: async (feeds) => {
        const found = await run({ ...feeds, [LIMIT]: Int32Array.of(Math.min(feeds[LIMIT]?.[0] as number, most)) })
        const made = (found[turns.name] as TensorData)[0] as number
        return Object.fromEntries(program.fetches.map(({ name, shape }): [string, TensorData] => [name, (found[name] as TensorData).subarray(0, loop.collect.includes(name) ? made * count(shape.slice(1)) : undefined)]))
      },
    }
  }

  private prepare(bound: Graph, title: string): Program {
    const graph = this.checked(bound)
    return { run: this.runner(title, translate(graph, `p${this.loaded++}`, this.products)) }
  }

  /** The graph as it is translated: legal, without composites, on states that are there. */
  private checked(bound: Graph): Graph {
    const faults = verify(bound)
    if (faults.length > 0) throw new Error(`illegal graph:\n${faults.join('\n')}`)
    const graph = inlineComposites(bound, (name) => Object.hasOwn(composites, name))
    for (const [name, { dtype, shape }] of stateTypes(graph)) {
      const { type } = this.state(name)
      if (type.dtype !== dtype || type.shape.join() !== shape.join()) throw new Error(`state "${name}" is ${type.dtype}[${type.shape.join(', ')}], the graph takes ${dtype}[${shape.join(', ')}]`)
    }
    return graph
  }

  /** Adds a program to the session's graph; returns what runs it. */
  private runner(title: string, { graph, feeds, fetches, call }: Translated): Program['run'] {
    const places = fetches.map(({ place }) => place)
    const ready = this.host.ask('extend', this.id, encodeGraph(graph))
    ready.catch(() => undefined) // whoever runs the program hears of it
    let compiled = false
    const execute = async (given: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> => {
      const data = feeds.map((feed) => feedOf(feed, given[feed.name]))
      await ready
      if (compiled && fetches.length === 0) {
        // Only states change: whoever needs them asks later, and is answered in turn.
        this.post(this.run(data, places, [call]))
        return {}
      }
      const found = compiled ? await this.run(data, places, [call]) : await this.first(title, () => this.run(data, places, [call]))
      compiled = true
      return Object.fromEntries(fetches.map(({ name }, i) => [name, found[i] as TensorData]))
    }
    return (given) => execute(given).catch((error: Error & { code?: string }) => Promise.reject(error.code === undefined ? new Error(`graph ${title}: ${error.message}`, { cause: error }) : error))
  }

  /** The first run of a program, which compiles it; what takes long is told. */
  private async first<T>(title: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now()
    let told = false
    const timer = setTimeout(() => this.compiling(title, void (told = true)), LONG).unref()
    try {
      return await run()
    } finally {
      clearTimeout(timer)
      if (told) this.compiling(title, (performance.now() - start) / 1000)
    }
  }

  private async run(feeds: readonly Feed[], fetches: readonly string[], targets: readonly string[]): Promise<TensorData[]> {
    const found = await this.host.ask('run', this.id, feeds, fetches, targets)
    if (this.failed) throw this.failed
    return found.map((cargo) => unloadCargo(cargo) as TensorData)
  }

  private post(done: Promise<unknown>): void {
    done.catch((error: Error) => (this.failed ??= error))
  }

  private state(name: string): State {
    const state = this.states.get(name)
    if (!state) throw new Error(`no state "${name}" was declared`)
    return state
  }
}

/** The variable of a state, and the nodes that clear, set and read it. */
function stateNodes(name: string, { type, node }: State) {
  const dtype = typed(type.dtype)
  const zero = tensor(type.dtype, [], new Uint8Array(type.dtype === 'bool' ? 1 : 4))
  const sizes = tensor('i32', [type.shape.length], Int32Array.from(type.shape))
  return [
    variable(node, name, type),
    { name: `${node}/0`, op: 'Const', input: [], attr: { dtype, value: zero } },
    { name: `${node}/shape`, op: 'Const', input: [], attr: { dtype: typed('i32'), value: sizes } },
    { name: `${node}/fill`, op: 'Fill', input: [`${node}/shape`, `${node}/0`], attr: { T: dtype, index_type: typed('i32') } },
    { name: `${node}/zero`, op: 'AssignVariableOp', input: [node, `${node}/fill`], attr: { dtype } },
    { name: `${node}/new`, op: 'Placeholder', input: [], attr: { dtype, shape: shaped(type.shape) } },
    { name: `${node}/write`, op: 'AssignVariableOp', input: [node, `${node}/new`], attr: { dtype } },
    { name: `${node}/read`, op: 'ReadVariableOp', input: [node], attr: { dtype } },
  ]
}

function feedOf({ name, place, dtype, shape }: Endpoint, data: TensorData | undefined): Feed {
  if (!data) throw new Error(`"${name}" was not fed`)
  if (data.length !== count(shape)) throw new Error(`"${name}" has ${data.length} elements, the graph takes ${count(shape)}`)
  return [place, DTYPES[dtype], shape, loadCargo(converted(dtype, data))]
}

/** Numbers as TensorFlow holds them. */
function converted(dtype: DType, data: TensorData | readonly number[]): Float32Array | Int32Array | Uint32Array | Uint8Array {
  switch (dtype) {
    case 'f32': return data instanceof Float32Array ? data : Float32Array.from(data)
    case 'i32': return data instanceof Int32Array ? data : Int32Array.from(data)
    case 'u32': return data instanceof Uint32Array ? data : Uint32Array.from(data)
    case 'bool': return Uint8Array.from(data, (x) => Number(x !== 0))
  }
}

/** `gradient of B 16, T 96` */
const sized = ({ name }: Graph, bindings: Bindings): string => [name, Object.entries(bindings).map(([symbol, size]) => `${symbol} ${size}`).join(', ')].filter(Boolean).join(' of ')

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
