// Reads the oracle files beside it: what PyTorch says about each op and composite.
// For tests of any executor.

import { readFileSync } from 'node:fs'
import type { AttributeValue, DType, Graph, GraphNode, OpName } from '../graph.js'

export interface Sample {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

export interface OpCase {
  readonly op: OpName
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly inputs: readonly Sample[]
  readonly result: Sample
}

export interface CompositeCase {
  readonly name: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly inputs: readonly Sample[]
  readonly outputs: readonly Sample[]
  /** Gradients of the f32 outputs, in order, and what autograd makes of them, by input position. */
  readonly seeds: readonly Sample[]
  readonly gradients: Readonly<Record<string, Sample>>
}

/** JSON has no infinities or NaN: they are text there. */
const revive = (key: string, value: unknown): unknown => (key === 'data' ? (value as (number | string)[]).map(Number) : value)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'), revive)

export const opCases = (): OpCase[] => read('ops.json') as OpCase[]
export const compositeCases = (): CompositeCase[] => read('composites.json') as CompositeCase[]

/** A graph of one op: its inputs are the feeds "0", "1", …, its result is fetched as "y". */
export function graphOf({ op, attributes, inputs, result }: OpCase): Graph {
  const leaves = inputs.map(({ dtype, shape }, i): GraphNode => ({ op: 'input', inputs: [], attributes: { name: String(i), storage: 'feed' }, type: { dtype, shape } }))
  const node: GraphNode = { op, inputs: inputs.map((_, i) => i), attributes, type: { dtype: result.dtype, shape: result.shape } }
  return { name: op, nodes: [...leaves, node], outputs: [{ kind: 'fetch', name: 'y', node: inputs.length }], bodies: [] }
}
