// The one interface behind which a graph runs: reference, wasm, tensorflow.
// Does not know what the graphs mean.

import type { DType, Graph } from '../../spec/graph/graph.js'

/** f32 → Float32Array (Float64Array on `reference`), i32 → Int32Array, u32 → Uint32Array, bool → Uint8Array. */
export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

/** Values of the feeds of a graph by name. */
export type Feeds = Readonly<Record<string, TensorData>>

/** Concrete sizes of the symbols of a graph. */
export type Bindings = Readonly<Record<string, number>>

export interface Executor {
  readonly name: string
  open(): Promise<Session>
  /** Where programs are compiled for seconds: from now on `compiling` is told which one, as it begins and as it ends. */
  watch?(compiling: Compiling | undefined): void
  /** Where what is being computed can be given up: it fails at once with the error RLP8002, as does all that open sessions are asked. */
  abandon?(): void
}

/** `what` names a program and its sizes; `seconds` is how long it took with its first run, once it is done. */
export type Compiling = (what: string, seconds?: number) => void

/** Owns named state that stays where the computation is: weights, moments, caches. */
export interface Session {
  /** Create a zeroed state tensor; again with the same type is a no-op. */
  declare(name: string, dtype: DType, shape: readonly number[]): void
  write(name: string, data: TensorData | readonly number[]): void
  /** A copy of the state; a promise where it lies in another process or on a device. */
  read(name: string): TensorData | Promise<TensorData>
  /** States read or assigned by `graph` must have been declared. Loading the same graph with the same bindings again is cheap. */
  load(graph: Graph, bindings: Bindings): Program
  /** Where it runs best with other sizes than the engine's own (`engines/native/batching.ts`). */
  readonly sizes?: Sizes
  /**
   * Where the executor can run several programs at a time, or whole loops: fetches and states are, to the bit, as if they had run
   * one after the other in this order. Others have no such method, and the caller uses `inTurn`.
   */
  runAll?(calls: readonly Call[]): Promise<Record<string, TensorData>[]>
  /** How many at a time; 1 unless said. */
  readonly lanes?: number
  /** Whether states lie in another process or on a device, so that copying one costs more than computing a little again. */
  readonly remote?: boolean
  close(): void
}

/** How large the rectangles are that go through programs: each size is a program of its own. */
export interface Sizes {
  /** Tokens of a micro-batch at most, padding included. */
  readonly tokens: number
  /** A batch that is cut is cut into a multiple of so many. */
  readonly even: number
  /** What a row of so many positions is padded to. */
  width(positions: number): number
  /** How many rows are decoded together when there are so many. */
  rows(count: number): number
  /** How many rows a micro-batch has that could have `full`, when only `left` are left. */
  rest(left: number, full: number): number
}

/** One run of one program, or of a loop of it. */
export interface Call {
  readonly graph: Graph
  readonly bindings: Bindings
  /** In a loop, those of its first turn. */
  readonly feeds: Feeds
  readonly loop?: Loop
}

/** A program that is run again and again: each turn is fed what the turn before fetched under the same name. */
export interface Loop {
  /** Turns at most. There is always one, and there may be fewer than could be, so that no call takes long. */
  readonly most: number
  /** Fetches of which every turn's value is wanted, one after the other; of all others the last. */
  readonly collect: readonly string[]
  /** A fetch, bool []: when it is true, that turn was the last. */
  readonly until: string
}

export interface Program {
  /** Runs once. Feeds may be any typed array of the right length; fetched values are the caller's to keep. */
  run(feeds: Feeds): Promise<Record<string, TensorData>>
}

/** Runs programs one after the other. */
export async function inTurn(session: Session, calls: readonly Call[]): Promise<Record<string, TensorData>[]> {
  const fetched: Record<string, TensorData>[] = []
  for (const call of calls) fetched.push(await perform(session.load(call.graph, call.bindings), call))
  return fetched
}

/** Runs the program of a call, turn by turn where it is a loop. */
export async function perform(program: Program, { feeds, loop }: Pick<Call, 'feeds' | 'loop'>): Promise<Record<string, TensorData>> {
  let fetched = await program.run(feeds)
  if (!loop) return fetched
  const turns = [fetched]
  while (turns.length < loop.most && !fetched[loop.until]?.[0]) turns.push((fetched = await program.run({ ...feeds, ...fetched })))
  return { ...fetched, ...Object.fromEntries(loop.collect.map((name) => [name, joined(turns.map((turn) => turn[name] as TensorData))])) }
}

function joined(parts: readonly TensorData[]): TensorData {
  const [first] = parts as readonly [TensorData]
  const all = new (first.constructor as new (length: number) => TensorData)(parts.length * first.length)
  parts.forEach((part, i) => all.set(part, i * first.length))
  return all
}

/** Runs programs as if one after the other. */
export const runAll = (session: Session, calls: readonly Call[]): Promise<Record<string, TensorData>[]> => session.runAll?.(calls) ?? inTurn(session, calls)
