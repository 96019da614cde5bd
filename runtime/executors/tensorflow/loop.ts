// A bound graph as a loop of XLA's: one call for many turns, with states, carried values and collected ones on the device.

import type { Graph, GraphNode, TensorType } from '../../../spec/graph/graph.js'
import type { Loop } from '../executor.js'
import { COMPILED, FunctionBuilder, type Products, type Ref } from './builder.js'
import { swapped } from './composites.js'
import { func, integer, shapes, typed, types, type FunctionDef, type TfType } from './graph-def.js'
import { emit, endpoint, entry, feedsOf, functionName, stateTypes, type Endpoint, type Translated } from './translate.js'

export interface TranslatedLoop extends Translated {
  /** How many turns there is room for. */
  readonly most: number
  /** Number of turns to make, i32 []. */
  readonly limit: Endpoint
  /** How many were made, i32 []. */
  readonly turns: Endpoint
}

interface Variable {
  readonly name: string
  readonly type: TfType
  readonly shape: readonly number[]
}

const SCALAR: TensorType = { dtype: 'i32', shape: [] }

/** Feed of a loop: the number of turns to make. */
export const LIMIT = '#limit'
/** Turns of one call at most where values are collected, which need room. */
const TURNS = 32

/** The loop of `graph`; `prefix` makes its names unique in the session. Throws where `until` or a carried value does not fit. */
export function translateLoop(graph: Graph, prefix: string, { collect, until }: Loop, products: Products): TranslatedLoop {
  const name = functionName(prefix)
  const feeds = feedsOf(graph, prefix)
  const states = stateTypes(graph)
  const fetches = new Map(graph.outputs.flatMap((output) => (output.kind === 'fetch' ? [[output.name, graph.nodes[output.node]?.type as TensorType] as const] : [])))
  const [carried, constant] = [feeds.filter((feed) => fetches.has(feed.name)), feeds.filter((feed) => !fetches.has(feed.name))]
  for (const { name: one, dtype, shape } of carried) {
    const type = fetches.get(one) as TensorType
    if (type.dtype !== dtype || type.shape.join() !== shape.join()) throw new RangeError(`graph ${graph.name}: "${one}" is fed as ${dtype}[${shape.join(', ')}] and fetched as ${type.dtype}[${type.shape.join(', ')}]`)
  }
  const stop = fetches.get(until)
  if (stop?.dtype !== 'bool' || stop.shape.length > 0) throw new RangeError(`graph ${graph.name}: "${until}" is not a fetch of type bool[]`)

  const most = collect.length > 0 ? TURNS : 2 ** 31 - 1
  // What goes from turn to turn: a loop of TensorFlow's takes and gives the same list.
  const collected = collect.map((one): Variable => ({ name: one, type: (fetches.get(one) as TensorType).dtype, shape: [most, ...((fetches.get(one) as TensorType).shape as number[])] }))
  // Neither carried nor collected: the last value.
  const last = [...fetches].filter(([one]) => one !== until && !collect.includes(one) && !carried.some((feed) => feed.name === one)).map(([one, type]): Variable => ({ name: one, type: type.dtype, shape: type.shape as number[] }))
  const caches = cachesOf(graph)
  const ofCache = ([one, [rows, length, ...rest]]: readonly [string, readonly number[]]): Variable => ({ name: one, type: 'f32', shape: [rows, rest[0], length, rest[1]] as number[] })
  const ofFeed = ({ name: one, dtype, shape }: Endpoint): Variable => ({ name: one, type: dtype, shape })
  const variables: readonly Variable[] = [
    { name: '#turn', type: 'i32', shape: [] },
    { name: LIMIT, type: 'i32', shape: [] },
    { name: until, type: 'bool', shape: [] },
    ...carried.map(ofFeed),
    ...collected,
    ...last,
    ...constant.map(ofFeed),
    ...[...caches].map(ofCache),
    ...[...states.keys()].filter((one) => !caches.has(one)).map((one): Variable => ({ name: one, type: 'resource', shape: [] })),
  ]

  const { body, comparators } = bodyOf(graph, `${name}_body`, variables, { carried: carried.length, collected: collected.length, last: last.length, constant: constant.length, caches: caches.size, until, products })
  const condition = conditionOf(`${name}_condition`, variables)

  const b = new FunctionBuilder()
  const limit = b.argument('i32')
  const fed = new Map([...feeds].map((feed) => [feed.name, b.argument(feed.dtype)]))
  const handles = new Map([...states.keys()].map((one) => [one, b.argument('resource')]))
  const empty = ({ type, shape }: Variable): Ref => b.node('BroadcastTo', [b.constant(type as 'f32', 0), b.constant('i32', shape)], { T: typed(type), Tidx: typed('i32') })
  const initial = [b.constant('i32', 0), limit, b.constant('bool', 0), ...carried.map((feed) => fed.get(feed.name) as Ref), ...collected.map(empty), ...last.map(empty), ...constant.map((feed) => fed.get(feed.name) as Ref), ...[...caches.keys()].map((one) => swapped(b, b.node('ReadVariableOp', [handles.get(one) as Ref], { dtype: typed('f32') }))), ...[...handles].filter(([one]) => !caches.has(one)).map(([, handle]) => handle)]
  const loop = b.statement('While', initial, {
    T: types(variables.map(({ type }) => type)),
    cond: func(condition.signature.name),
    body: func(body.signature.name),
    output_shapes: shapes(variables.map(({ shape }) => shape)),
    parallel_iterations: integer(1),
  })
  const written = [...caches.keys()].map((one) => b.statement('AssignVariableOp', [handles.get(one) as Ref, swapped(b, `${loop}:output:${variables.findIndex((variable) => variable.name === one)}`)], { dtype: typed('f32') }))
  const wanted = [0, ...variables.keys()].filter((i, at) => at === 0 || (i >= 2 && i < 3 + carried.length + collected.length + last.length))
  const fn = b.finish(name, wanted.map((i) => ({ ref: `${loop}:output:${i}`, type: (variables[i] as Variable).type })), [...(states.size > 0 ? [loop] : []), ...written], COMPILED)

  const limitAt = endpoint(LIMIT, `${prefix}/limit`, SCALAR)
  const { nodes, call } = entry(prefix, [limitAt, ...feeds], states, fn)
  const [turns, ...fetched] = wanted.map((i, at): Endpoint => {
    const { name: one, type, shape } = variables[i] as Variable
    return { name: one, place: `${call}:${at}`, dtype: type as Endpoint['dtype'], shape }
  })
  return { most, graph: { node: nodes, functions: [fn, body, condition, ...comparators] }, feeds, fetches: fetched, call, limit: limitAt, turns: turns as Endpoint }
}

/** States that each turn writes one entry of, with their shapes: in the loop they are carried as `composites.ts` reads and writes them, so that no turn copies them. */
function cachesOf(graph: Graph): ReadonlyMap<string, readonly number[]> {
  const written = graph.outputs.flatMap((output) => (output.kind === 'assign' && graph.nodes[output.node]?.attributes['name'] === 'cache_write' ? [output] : []))
  return new Map(written.map(({ state, node }) => [state, (graph.nodes[node] as GraphNode).type.shape as readonly number[]]))
}

/** One turn. */
function bodyOf(graph: Graph, name: string, variables: readonly Variable[], sizes: { readonly carried: number; readonly collected: number; readonly last: number; readonly constant: number; readonly caches: number; readonly until: string; readonly products: Products }): { readonly body: FunctionDef; readonly comparators: readonly FunctionDef[] } {
  const b = new FunctionBuilder(sizes.products)
  const refs = variables.map(({ type }) => b.argument(type))
  const from = { carried: 3, collected: 3 + sizes.carried, last: 3 + sizes.carried + sizes.collected, constant: 3 + sizes.carried + sizes.collected + sizes.last, caches: 3 + sizes.carried + sizes.collected + sizes.last + sizes.constant }
  const isFeed = (i: number): boolean => (i >= from.carried && i < from.collected) || (i >= from.constant && i < from.caches)
  const isCache = (i: number): boolean => i >= from.caches && i < from.caches + sizes.caches
  const fed = new Map(variables.flatMap(({ name: one }, i) => (isFeed(i) ? [[one, refs[i] as Ref] as const] : [])))
  const handles = new Map(variables.flatMap(({ name: one, type }, i) => (type === 'resource' ? [[one, refs[i] as Ref] as const] : [])))
  const held = new Map(variables.flatMap(({ name: one }, i) => (isCache(i) ? [[one, swapped(b, refs[i] as Ref)] as const] : [])))
  const { fetched, effects, kept, comparators } = emit(b, graph, fed, handles, held)
  const values = new Map(fetched.map((one) => [one.name, one.ref]))
  const turn = refs[0] as Ref
  const results = variables.map(({ name: one, type, shape }, i): Ref => {
    if (i === 0) return b.node('AddV2', [turn, b.constant('i32', 1)], { T: typed('i32') })
    if (i === 2) return values.get(sizes.until) as Ref
    if (i >= from.collected && i < from.last) return b.node('XlaDynamicUpdateSlice', [refs[i] as Ref, entryOf(b, values.get(one) as Ref, type, shape), startOf(b, turn, shape.length)], { T: typed(type), Tindices: typed('i32') })
    if (isCache(i)) return swapped(b, kept.get(one) as Ref)
    return (i >= from.carried && i < from.constant ? values.get(one) : refs[i]) as Ref
  })
  return { body: b.finish(name, results.map((ref, i) => ({ ref, type: (variables[i] as Variable).type })), effects), comparators }
}

/** A value as the only entry of a list. */
const entryOf = (b: FunctionBuilder, value: Ref, type: TfType, shape: readonly number[]): Ref => b.node('Reshape', [value, b.constant('i32', shape.with(0, 1))], { T: typed(type), Tshape: typed('i32') })

/** [turn, 0, 0, …] */
function startOf(b: FunctionBuilder, turn: Ref, rank: number): Ref {
  const first = b.node('Reshape', [turn, b.constant('i32', [1])], { T: typed('i32'), Tshape: typed('i32') })
  return rank === 1 ? first : b.node('ConcatV2', [first, b.constant('i32', Array<number>(rank - 1).fill(0)), b.constant('i32', 0)], { N: integer(2), T: typed('i32'), Tidx: typed('i32') })
}

/** Whether there is another turn. */
function conditionOf(name: string, variables: readonly Variable[]): FunctionDef {
  const b = new FunctionBuilder()
  const [turn, limit, done] = variables.map(({ type }) => b.argument(type)) as [Ref, Ref, Ref]
  const more = b.node('Less', [turn, limit], { T: typed('i32') })
  return b.finish(name, [{ ref: b.node('LogicalAnd', [more, b.node('LogicalNot', [done], {})], {}), type: 'bool' }])
}
