// Runs a graph on the wasm executor and on the reference executor and compares everything that comes out; several threads must
// give the same bits as one, however little work there is.
// For tests only.

import type { DType, Graph } from '../../spec/graph/graph.js'
import { is, near } from '../../spec/test/suite.js'
import type { Bindings, Executor, Session, TensorData } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasm, wasmWith } from '../executors/wasm/index.js'
import { enlist } from '../executors/wasm/threads.js'

export type Feeds = Readonly<Record<string, readonly number[] | TensorData>>
export interface StateValue {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: readonly number[]
}
export type States = Readonly<Record<string, StateValue>>

export interface Tolerance {
  readonly rtol?: number
  readonly atol?: number
}

/** A small generator of doubles in [0, 1): tests repeat exactly. */
export function random(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0) / 2 ** 32
  }
}

/** `count` numbers in [low, high), exactly representable in float32. */
export function uniform(count: number, seed: number, low = -2, high = 2): number[] {
  const next = random(seed)
  return Array.from({ length: count }, () => Math.fround(low + (high - low) * next()))
}

const THREADS = 3
export const divided: Executor = wasmWith(THREADS, { step: 0, program: 0, timed: false })

export interface Outcome {
  readonly fetched: Record<string, TensorData>
  readonly states: Record<string, TensorData>
}

const stateless = new Map<Executor, Session>()

/** Runs `times` times; on a fresh session where there are states. */
export async function execute(executor: Executor, graph: Graph, feeds: Feeds, states: States = {}, bindings: Bindings = {}, times = 1): Promise<Outcome> {
  const hasState = Object.keys(states).length > 0
  if (executor === divided) await enlist(THREADS)
  const session = (hasState ? undefined : stateless.get(executor)) ?? (await executor.open())
  if (!hasState) stateless.set(executor, session)
  for (const [name, { dtype, shape, data }] of Object.entries(states)) {
    session.declare(name, dtype, shape)
    session.write(name, data)
  }
  const program = session.load(graph, bindings)
  const data = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, Float64Array.from(feed)]))
  let fetched: Record<string, TensorData> = {}
  for (let i = 0; i < times; i++) fetched = await program.run(data)
  const after: Record<string, TensorData> = {}
  for (const name of Object.keys(states)) after[name] = await session.read(name)
  if (hasState) session.close()
  return { fetched, states: after }
}

export async function compare(graph: Graph, feeds: Feeds, { states = {}, bindings = {}, times = 1, rtol = 1e-5, atol = 1e-6 }: Tolerance & { states?: States; bindings?: Bindings; times?: number } = {}): Promise<Outcome> {
  const expected = await execute(reference, graph, feeds, states, bindings, times)
  const actual = await execute(wasm, graph, feeds, states, bindings, times)
  for (const [name, values] of Object.entries(expected.fetched)) near(actual.fetched[name] ?? [], rounded(values), { rtol, atol, what: `${graph.name}: ${name}` })
  for (const [name, values] of Object.entries(expected.states)) near(actual.states[name] ?? [], rounded(values), { rtol, atol, what: `${graph.name}: state ${name}` })
  const together = await execute(divided, graph, feeds, states, bindings, times)
  for (const [name, values] of Object.entries(actual.fetched)) is(unlike(values, together.fetched[name]), undefined, `${graph.name}: ${name} by ${THREADS} threads`)
  for (const [name, values] of Object.entries(actual.states)) is(unlike(values, together.states[name]), undefined, `${graph.name}: state ${name} by ${THREADS} threads`)
  return actual
}

/** The first element that is not the same to the bit. */
export function unlike(one: TensorData, other: TensorData | undefined): string | undefined {
  const at = [...one].findIndex((value, i) => !Object.is(value, other?.[i]))
  return at < 0 ? undefined : `element ${at}: ${one[at]} and ${other?.[at]}`
}

/** What float32 cannot hold is infinite there. */
const rounded = (values: TensorData): ArrayLike<number> => (values instanceof Float64Array ? Float32Array.from(values) : values)
