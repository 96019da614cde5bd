// A bound graph without composites → TensorFlow nodes: one function that XLA compiles whole, its placeholders and its call.
// States are resource variables, found by their shared name, so that all programs of a session have the same.

import type { DType, Graph, GraphNode, TensorType } from '../../../spec/graph/graph.js'
import { call, COMPILED, FunctionBuilder, type Products, type Ref } from './builder.js'
import { shaped, typed, type FunctionDef, type GraphDef, type NodeDef } from './graph-def.js'
import { composites } from './composites.js'
import { comparator, rows, type Row, type Site } from './ops.js'

export interface Endpoint {
  readonly name: string
  /** `node:output` in the session's graph. */
  readonly place: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

export interface Translated {
  readonly graph: GraphDef
  readonly feeds: readonly Endpoint[]
  readonly fetches: readonly Endpoint[]
  /** The node that runs all of it. */
  readonly call: string
}

/** The program of `graph`; `prefix` makes its names unique in the session. */
export function translate(graph: Graph, prefix: string, products: Products): Translated {
  const b = new FunctionBuilder(products)
  const feeds = feedsOf(graph, prefix)
  const states = stateTypes(graph)
  const fed = new Map(feeds.map(({ name, dtype }) => [name, b.argument(dtype)]))
  const handles = new Map([...states.keys()].map((name) => [name, b.argument('resource')]))
  const { fetched, effects, comparators } = emit(b, graph, fed, handles)
  const fn = b.finish(functionName(prefix), fetched.map(({ ref, type }) => ({ ref, type: type.dtype })), effects, COMPILED)

  const { nodes, call: run } = entry(prefix, feeds, states, fn)
  return {
    graph: { node: nodes, functions: [fn, ...comparators] },
    feeds,
    fetches: fetched.map(({ name, type }, i) => endpoint(name, `${run}:${i}`, type)),
    call: run,
  }
}

export interface Fetched {
  readonly name: string
  readonly ref: Ref
  readonly type: TensorType
}

/**
 * Writes a graph's nodes into a function: what it fetches, the statements that assign, and the functions that its sorts call. States in
 * `held` are values and not variables: they are read from there, and `kept` says what they become.
 */
export function emit(b: FunctionBuilder, graph: Graph, fed: ReadonlyMap<string, Ref>, handles: ReadonlyMap<string, Ref>, held: ReadonlyMap<string, Ref> = new Map()): { readonly fetched: readonly Fetched[]; readonly effects: readonly string[]; readonly kept: ReadonlyMap<string, Ref>; readonly comparators: readonly FunctionDef[] } {
  const read = new Map<string, Ref>()
  const inputOf = ({ attributes, type }: GraphNode): Ref => {
    const name = String(attributes['name'])
    if (attributes['storage'] === 'feed') return fed.get(name) as Ref
    const known = held.get(name) ?? read.get(name) ?? b.node('ReadVariableOp', [handles.get(name) as Ref], { dtype: typed(type.dtype) })
    read.set(name, known)
    return known
  }

  const comparators = new Map<string, FunctionDef>()
  const refs: Ref[] = []
  graph.nodes.forEach((node, id) => {
    if (node.op === 'input') refs[id] = inputOf(node)
    else if (node.op === 'part') throw new RangeError(`graph ${graph.name}: %${id} is a part; composites of several values are inlined before`)
    else {
      const site: Site = { b, node, inputs: node.inputs.map((input) => refs[input] as Ref), types: node.inputs.map((input) => (graph.nodes[input] as GraphNode).type) }
      refs[id] = (node.op === 'composite' ? (composites[String(node.attributes['name'])] as Row) : rows[node.op])(site)
      for (const one of comparatorsOf(site)) comparators.set(one.signature.name, one)
    }
  })

  const typeOf = ({ node }: { readonly node: number }): TensorType => (graph.nodes[node] as GraphNode).type
  const kept = new Map<string, Ref>()
  // All reads see the old state: a variable is assigned after it was read.
  const effects = graph.outputs.flatMap((output) => {
    if (output.kind === 'fetch') return []
    if (held.has(output.state)) {
      kept.set(output.state, refs[output.node] as Ref)
      return []
    }
    const before = read.get(output.state)
    const order = before === undefined ? [] : [`^${before.split(':')[0] as string}`]
    return [b.statement('AssignVariableOp', [handles.get(output.state) as Ref, refs[output.node] as Ref, ...order], { dtype: typed(typeOf(output).dtype) })]
  })
  const fetched = graph.outputs.flatMap((output) => (output.kind === 'fetch' ? [{ name: output.name, ref: refs[output.node] as Ref, type: typeOf(output) }] : []))
  return { fetched, effects, kept, comparators: [...comparators.values()] }
}

/** Placeholders, variables and the call of a function that takes first all feeds, then all states. */
export function entry(prefix: string, feeds: readonly Endpoint[], states: ReadonlyMap<string, TensorType>, fn: FunctionDef): { readonly nodes: readonly NodeDef[]; readonly call: string } {
  const placeholders = feeds.map(({ place, dtype, shape }): NodeDef => ({ name: place, op: 'Placeholder', input: [], attr: { dtype: typed(dtype), shape: shaped(shape) } }))
  const variables = [...states].map(([name, type], i) => variable(`${prefix}/s${i}`, name, type))
  const run = call(`${prefix}/call`, fn, [...placeholders, ...variables].map(({ name }) => name))
  return { nodes: [...placeholders, ...variables, run], call: run.name }
}

export function feedsOf(graph: Graph, prefix: string): Endpoint[] {
  return graph.nodes.filter(({ op, attributes }) => op === 'input' && attributes['storage'] === 'feed').map((node, i) => endpoint(String(node.attributes['name']), `${prefix}/f${i}`, node.type))
}

export const functionName = (prefix: string): string => prefix.replaceAll('/', '_')

/** The resource variable of a state. */
export function variable(node: string, state: string, { dtype, shape }: TensorType): NodeDef {
  return { name: node, op: 'VarHandleOp', input: [], attr: { dtype: typed(dtype), shape: shaped(shape as number[]), shared_name: { s: new TextEncoder().encode(state) } } }
}

/** The states that a graph reads or assigns. */
export function stateTypes(graph: Graph): Map<string, TensorType> {
  const read = graph.nodes.flatMap((node) => (node.op === 'input' && node.attributes['storage'] === 'state' ? [[String(node.attributes['name']), node.type] as const] : []))
  const assigned = graph.outputs.flatMap((output) => (output.kind === 'assign' ? [[output.state, (graph.nodes[output.node] as GraphNode).type] as const] : []))
  return new Map([...read, ...assigned])
}

export const endpoint = (name: string, place: string, { dtype, shape }: TensorType): Endpoint => ({ name, place, dtype, shape: shape as readonly number[] })

/** What the sorts of a node compare with: values ascending, NaN last; an index that goes along says nothing. */
function comparatorsOf({ node, types: [x] }: Site): FunctionDef[] {
  if (node.op !== 'sort' && node.op !== 'argsort') return []
  const { dtype } = x as TensorType
  const operands = node.op === 'sort' ? 1 : 2
  const b = new FunctionBuilder()
  const [left, right] = [b.argument(dtype), b.argument(dtype)]
  if (operands === 2) for (let side = 0; side < 2; side++) b.argument('i32')
  const less = b.node('Less', [left, right], { T: typed(dtype) })
  const isNaN = (value: Ref): Ref => b.node('IsNan', [value], { T: typed(dtype) })
  const before = dtype !== 'f32' ? less : b.node('LogicalOr', [less, b.node('LogicalAnd', [isNaN(right), b.node('LogicalNot', [isNaN(left)], {})], {})], {})
  return [b.finish(comparator(dtype, operands), [{ ref: before, type: 'bool' }])]
}
