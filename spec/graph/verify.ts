// What a legal graph is. Runs when an executor loads a graph.
// Does not look at values: an index out of range or a NaN is the executor's business.

import { isCanonicalDim, sameType, typeText } from './dims.js'
import type { AttributeValue, DType, Graph, GraphNode, TensorType } from './graph.js'
import { ops, type AttributeKind } from './ops.js'

const DTYPES: readonly DType[] = ['f32', 'i32', 'u32', 'bool']

/** Everything wrong with a graph, one sentence each; empty when it is legal. */
export function verify(graph: Graph): string[] {
  const faults: string[] = []
  graph.nodes.forEach((node, id) => {
    for (const fault of nodeFaults(graph, node, id)) faults.push(`${graph.name}: %${id} ${node.op}: ${fault}`)
  })
  const inputs = new Map(graph.nodes.filter((node) => node.op === 'input').map((node) => [String(node.attributes.name), node]))
  for (const fault of [...inputFaults(graph, inputs), ...outputFaults(graph, inputs)]) faults.push(`${graph.name}: ${fault}`)
  for (const body of new Set(graph.bodies)) faults.push(...verify(body))
  return faults
}

function nodeFaults(graph: Graph, node: GraphNode, id: number): string[] {
  const rule = Object.hasOwn(ops, node.op) ? ops[node.op] : undefined
  if (!rule) return ['no such op']
  for (const input of node.inputs) {
    if (!Number.isInteger(input) || input < 0 || input >= id) return [`input %${input} is not an earlier node`]
  }
  const count = node.inputs.length
  if (rule.inputs === 'many' ? count === 0 : rule.inputs !== 'any' && count !== rule.inputs) return [`takes ${rule.inputs} inputs, not ${count}`]

  const faults = attributeFaults(node, rule.attributes)
  const types = [node.type, ...(node.outputs ?? [])]
  if (!types.every(legalType)) faults.push(`${types.map(typeText).join(', ')} is not a type`)
  if (node.label !== undefined && typeof node.label !== 'string') faults.push('the label is not text')
  if (node.op !== 'composite' && (node.body !== undefined || node.outputs !== undefined)) faults.push('only a composite has a body and outputs')
  if (faults.length > 0) return faults

  if (node.op === 'composite') return compositeFaults(graph, node)
  if (node.op === 'part') return partFaults(graph, node)
  const type = rule.type(node.inputs.map((input) => (graph.nodes[input] as GraphNode).type), node.attributes, node.type)
  if (typeof type === 'string') return [type]
  return sameType(type, node.type) ? [] : [`is ${typeText(type)}, recorded as ${typeText(node.type)}`]
}

const legalType = (type: TensorType): boolean => DTYPES.includes(type.dtype) && Array.isArray(type.shape) && type.shape.every(isCanonicalDim)

const isAxis = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0
const isList = (value: AttributeValue, item: (value: unknown) => boolean): boolean => Array.isArray(value) && value.every(item)

const legalAttribute: Record<AttributeKind, (value: AttributeValue) => boolean> = {
  axis: isAxis,
  axes: (value) => isList(value, isAxis) && new Set(value as number[]).size === (value as number[]).length,
  boolean: (value) => typeof value === 'boolean',
  dims: (value) => isList(value, isCanonicalDim),
  index: isAxis,
  name: (value) => typeof value === 'string' && value !== '',
  storage: (value) => value === 'feed' || value === 'state',
  value: (value) => (typeof value === 'number' ? Number.isFinite(value) : ['Infinity', '-Infinity', 'NaN'].includes(value as string)),
}

function attributeFaults(node: GraphNode, kinds: Readonly<Record<string, AttributeKind>>): string[] {
  const faults: string[] = []
  for (const [name, kind] of Object.entries(kinds)) {
    const value = node.attributes[name]
    if (value === undefined) faults.push(`has no attribute ${name}`)
    else if (!legalAttribute[kind](value)) faults.push(`attribute ${name} is ${JSON.stringify(value)}, which is not ${kind}`)
  }
  for (const name of Object.keys(node.attributes)) {
    if (node.op !== 'composite' && !Object.hasOwn(kinds, name)) faults.push(`has no attribute ${name} in the format`)
  }
  return faults
}

function compositeFaults(graph: Graph, node: GraphNode): string[] {
  const body = node.body === undefined ? undefined : graph.bodies[node.body]
  if (!body) return ['has no body']
  const outputs = node.outputs ?? []
  const signature = body.nodes.filter((candidate) => candidate.op === 'input')
  const faults: string[] = []
  if (signature.length !== node.inputs.length) faults.push(`has ${node.inputs.length} inputs, its body ${signature.length}`)
  signature.forEach((parameter, position) => {
    if (parameter.attributes.name !== String(position) || parameter.attributes.storage !== 'feed') faults.push(`input ${position} of its body is not the feed "${position}"`)
    const argument = graph.nodes[node.inputs[position] ?? -1]
    if (argument && !sameType(argument.type, parameter.type)) faults.push(`input ${position} is ${typeText(argument.type)}, in its body ${typeText(parameter.type)}`)
  })
  if (body.outputs.some((output) => output.kind !== 'fetch')) faults.push('its body assigns')
  const results = body.outputs.map((output) => body.nodes[output.node]?.type)
  const same = results.length === outputs.length && results.every((type, position) => type && sameType(type, outputs[position] as TensorType))
  if (!same || outputs.length === 0) faults.push('its outputs are not those of its body')
  else if (!sameType(node.type, outputs[0] as TensorType)) faults.push('its type is not that of its first output')
  return faults
}

function partFaults(graph: Graph, node: GraphNode): string[] {
  const whole = graph.nodes[node.inputs[0] as number] as GraphNode
  const index = node.attributes.index as number
  // The composite node itself is its first output: two spellings of one value would defeat hash-consing.
  const type = index >= 1 && whole.op === 'composite' ? whole.outputs?.[index] : undefined
  if (!type) return [`there is no part ${index} of ${whole.op}`]
  return sameType(type, node.type) ? [] : [`is ${typeText(type)}, recorded as ${typeText(node.type)}`]
}

function inputFaults(graph: Graph, inputs: ReadonlyMap<string, GraphNode>): string[] {
  return graph.nodes.filter((node) => node.op === 'input' && inputs.get(String(node.attributes.name)) !== node).map((node) => `two inputs "${String(node.attributes.name)}"`)
}

function outputFaults(graph: Graph, inputs: ReadonlyMap<string, GraphNode>): string[] {
  const faults: string[] = []
  const taken = new Set<string>()
  for (const output of graph.outputs) {
    const [name, node] = [output.kind === 'fetch' ? output.name : output.state, graph.nodes[output.node]]
    const key = `${output.kind} "${name}"`
    if (taken.has(key)) faults.push(`two outputs ${key}`)
    taken.add(key)
    if (!node) faults.push(`${key} takes %${output.node}, which is not a node`)
    const input = inputs.get(name)
    if (!node || !input || output.kind !== 'assign') continue
    if (input.attributes.storage !== 'state') faults.push(`${key}, which is a feed`)
    else if (!sameType(input.type, node.type)) faults.push(`${key} is ${typeText(input.type)}, the value ${typeText(node.type)}`)
  }
  return faults
}
