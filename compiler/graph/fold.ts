// Element-wise ops on constants, done by the compiler.
// Does not fold tensors: a constant of the format is a scalar, broadcast where needed.

import type { DType, OpName, TensorType } from '../../spec/graph/graph.js'
import type { GraphBuilder } from './builder.js'
import type { Value } from './nodes.js'

type Scalar = (...operands: number[]) => number

const mod: Scalar = (a, b) => {
  const rest = (a as number) % (b as number)
  return rest !== 0 && rest < 0 !== (b as number) < 0 ? rest + (b as number) : rest
}

/** `pow`, `random_bits` and division by an integer zero are left to the executor. */
const scalars: Partial<Record<OpName, Scalar>> = {
  neg: (x) => -(x as number),
  exp: (x) => Math.exp(x as number),
  log: (x) => Math.log(x as number),
  sqrt: (x) => Math.sqrt(x as number),
  rsqrt: (x) => 1 / Math.sqrt(x as number),
  sin: (x) => Math.sin(x as number),
  cos: (x) => Math.cos(x as number),
  tanh: (x) => Math.tanh(x as number),
  sigmoid: (x) => 1 / (1 + Math.exp(-(x as number))),
  abs: (x) => Math.abs(x as number),
  sign: (x) => Math.sign(x as number),
  floor: (x) => Math.floor(x as number),
  not: (x) => 1 - (x as number),
  is_nan: (x) => Number(Number.isNaN(x)),
  stop_gradient: (x) => x as number,
  add: (a, b) => (a as number) + (b as number),
  sub: (a, b) => (a as number) - (b as number),
  mul: (a, b) => (a as number) * (b as number),
  div: (a, b) => (a as number) / (b as number),
  max: (a, b) => Math.max(a as number, b as number),
  min: (a, b) => Math.min(a as number, b as number),
  mod,
  lt: (a, b) => Number((a as number) < (b as number)),
  le: (a, b) => Number((a as number) <= (b as number)),
  eq: (a, b) => Number(a === b),
}

/** A constant for an op on constants, or undefined. Integers fold only where nothing wraps. */
export function fold(b: GraphBuilder, op: OpName, inputs: readonly Value[], { dtype }: TensorType): Value | undefined {
  const scalar = op === 'cast' ? castTo(dtype, inputs[0]?.dtype) : scalars[op]
  if (!scalar || inputs.length === 0) return undefined
  const operands: number[] = []
  for (const input of inputs) {
    const { op: kind, attributes } = input.node
    if (kind !== 'const') return undefined
    operands.push(Number(attributes.value))
  }
  const result = scalar(...operands)
  const comparison = op === 'lt' || op === 'le' || op === 'eq' || op === 'is_nan'
  const type = comparison ? 'bool' : dtype
  return representable(type, result) ? b.constant(result, type) : undefined
}

/** Constants have no negative zero (JSON loses it). */
const representable = (dtype: DType, value: number): boolean =>
  !Object.is(value, -0) && (dtype === 'f32' || (dtype === 'i32' ? (value | 0) === value : dtype === 'u32' ? value >>> 0 === value : value === 0 || value === 1))

function castTo(to: DType, from: DType | undefined): Scalar | undefined {
  if (from === undefined) return undefined
  return to === 'bool' ? (x) => Number(x !== 0) : to === 'f32' ? (x) => x as number : (x) => Math.trunc(x as number)
}
