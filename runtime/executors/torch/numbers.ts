// Values that are the same Python number everywhere: constants, sizes that were counted, and arithmetic on them.
// Python's floats are float64, whatever the tensors have; what Python would refuse (1 / 0) is left to torch.

import type { Dim, Graph, GraphNode } from '../../../spec/graph/graph.js'
import { atom, call, infix, LEVEL, literal, prefix, size, type Code } from './code.js'

interface PythonNumber {
  readonly code: Code
  /** A bound from below, for divisors. */
  readonly low: number
  /** Arithmetic on it is safe. */
  readonly finite: boolean
}

type Operands = readonly PythonNumber[]
type Arithmetic = (a: PythonNumber, b: PythonNumber) => { code: Code; low: number } | undefined

const positive = (a: PythonNumber, b: PythonNumber): boolean => a.low >= 0 && b.low >= 0
const arithmetic: Readonly<Partial<Record<GraphNode['op'], Arithmetic>>> = {
  neg: (x) => ({ code: prefix('-', x.code), low: -Infinity }),
  add: (a, b) => ({ code: infix(a.code, '+', b.code, LEVEL.sum), low: a.low + b.low }),
  sub: (a, b) => ({ code: infix(a.code, '-', b.code, LEVEL.sum), low: -Infinity }),
  mul: (a, b) => ({ code: infix(a.code, '*', b.code, LEVEL.product), low: positive(a, b) ? a.low * b.low : -Infinity }),
  div: (a, b) => (b.low > 0 ? { code: infix(a.code, '/', b.code, LEVEL.product), low: a.low >= 0 ? 0 : -Infinity } : undefined),
  max: (a, b) => ({ code: call('max', a.code, b.code), low: Math.max(a.low, b.low) }),
  min: (a, b) => ({ code: call('min', a.code, b.code), low: Math.min(a.low, b.low) }),
}

/** Ops that only move or pass on values. */
const PASSING: ReadonlySet<string> = new Set(['broadcast', 'reshape', 'transpose', 'slice', 'reverse', 'stop_gradient'])

/** The code of each node that is such a number, by node. */
export function pythonNumbers({ nodes }: Graph): ReadonlyMap<number, Code> {
  const known = new Map<number, PythonNumber>()
  nodes.forEach((node, id) => {
    const operands = node.inputs.map((input) => known.get(input))
    const found = operands.every((operand) => operand !== undefined) ? numberOf(node, operands, nodes) : undefined
    if (found) known.set(id, found)
  })
  return new Map([...known].map(([id, { code }]) => [id, code]))
}

function numberOf(node: GraphNode, operands: Operands, nodes: readonly GraphNode[]): PythonNumber | undefined {
  const { op, attributes, type } = node
  if (op === 'const') {
    const value = Number(attributes.value)
    if (type.dtype === 'bool') return { code: atom(value === 0 ? 'False' : 'True'), low: 0, finite: true }
    return { code: literal(value), low: value, finite: Number.isFinite(value) }
  }
  const x = operands[0]
  if (!x) return undefined
  if (PASSING.has(op)) return x
  if (type.dtype !== 'f32' || !operands.every(({ finite }) => finite)) return undefined
  if (op === 'reduce_sum') return counted(x, (attributes.axes as readonly number[]).map((axis) => nodes[node.inputs[0] as number]?.type.shape[axis] as Dim))
  const result = arithmetic[op]?.(x, operands[1] ?? x)
  return result && { ...result, finite: true }
}

/** A number summed over axes is a multiple of it. */
function counted(x: PythonNumber, dims: readonly Dim[]): PythonNumber {
  const sizes = dims.map(size)
  const all = x.code.text === '1' && sizes.length > 0 ? sizes : [x.code, ...sizes]
  return { code: all.reduce((a, b) => infix(a, '*', b, LEVEL.product)), low: x.low >= 0 ? 0 : -Infinity, finite: true }
}
