// Writes the body of a TensorFlow function: nodes with their attributes, values named as function bodies name them.
// Does not know the ops of our graphs; `ops.ts` does.

import type { DType } from '../../../spec/graph/graph.js'
import { DTYPES, flag, tensor, typed, type ArgDef, type Attributes, type FunctionDef, type NodeDef, type TfType } from './graph-def.js'

/** A value within a function: an argument, or `node:output:0`. */
export type Ref = string

/** What each op that we write calls its first output (tensorflow/core/ops/*.cc). */
const OUTPUTS: Readonly<Record<string, string>> = {
  Abs: 'y', AddV2: 'z', BatchMatMulV2: 'output', BitwiseAnd: 'z', BitwiseOr: 'z', BitwiseXor: 'z', BroadcastTo: 'output', Cast: 'y', ConcatV2: 'output',
  Const: 'output', Cos: 'y', Cumsum: 'out', Equal: 'z', Exp: 'y', Floor: 'y', FloorMod: 'z', GatherV2: 'output', IsFinite: 'y', IsNan: 'y', LeftShift: 'z', Less: 'z',
  LessEqual: 'z', Log: 'y', LogicalAnd: 'z', LogicalNot: 'y', LogicalOr: 'z', MatMul: 'product', Max: 'output', Maximum: 'z', Min: 'output', Minimum: 'z',
  Mul: 'z', Neg: 'y', NotEqual: 'z', Pad: 'output', PadV2: 'output', Pow: 'z', Range: 'output', ReadVariableOp: 'value', RealDiv: 'z', Reshape: 'output',
  ReverseV2: 'output', RightShift: 'z', Rsqrt: 'y', SelectV2: 'output', Sigmoid: 'y', Sign: 'y', Sin: 'y', Slice: 'output', Sqrt: 'y', Sub: 'z', Sum: 'output',
  Tanh: 'y', TensorScatterUpdate: 'output', Transpose: 'y', UnsortedSegmentSum: 'output', XlaDynamicUpdateSlice: 'output', XlaOptimizationBarrier: 'output', XlaVariadicSort: 'outputs', While: 'output',
}

const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array } as const

/** With `bf16`, operands and results of matrix products are rounded to bfloat16, as by PyTorch's autocast; sums within are float32. */
export type Products = 'f32' | 'bf16'

export class FunctionBuilder {
  private readonly nodes: NodeDef[] = []
  private readonly arguments: ArgDef[] = []
  private readonly constants = new Map<string, Ref>()

  /** `products` is what matrix products are computed in; everything else is in float32. */
  constructor(readonly products: Products = 'f32') {}

  argument(type: TfType): Ref {
    const name = `a${this.arguments.length}`
    this.arguments.push({ name, type: DTYPES[type] })
    return name
  }

  /** A node; returns its output `index`. `T`, where the op has it, is given in `attr`. */
  node(op: string, input: readonly Ref[], attr: Attributes): Ref {
    return `${this.statement(op, input, attr)}:${OUTPUTS[op] ?? unknown(op)}:0`
  }

  /** A node without a value that is used; returns its name. */
  statement(op: string, input: readonly string[], attr: Attributes): string {
    const name = `n${this.nodes.length}`
    this.nodes.push({ name, op, input, attr })
    return name
  }

  /** A scalar, or a list of one axis; equal ones are one node. */
  constant(type: DType, value: number | readonly number[]): Ref {
    const key = `${type} ${typeof value === 'number' ? (Object.is(value, -0) ? '-0' : value) : `[${value.join()}]`}`
    const known = this.constants.get(key)
    if (known !== undefined) return known
    const data = ARRAYS[type].from(typeof value === 'number' ? [value] : value)
    const ref = this.node('Const', [], { dtype: typed(type), value: tensor(type, typeof value === 'number' ? [] : [data.length], data) })
    this.constants.set(key, ref)
    return ref
  }

  /** The finished function: what it returns, and the nodes that run though nothing reads them. */
  finish(name: string, results: readonly { readonly ref: Ref; readonly type: TfType }[], effects: readonly string[] = [], attr: Attributes = {}): FunctionDef {
    return {
      signature: {
        name,
        inputArg: this.arguments,
        outputArg: results.map(({ type }, i) => ({ name: `r${i}`, type: DTYPES[type] })),
        controlOutput: effects.map((effect) => `c_${effect}`),
        isStateful: effects.length > 0,
      },
      nodeDef: this.nodes,
      ret: Object.fromEntries(results.map(({ ref }, i) => [`r${i}`, ref])),
      controlRet: Object.fromEntries(effects.map((effect) => [`c_${effect}`, effect])),
      attr,
    }
  }
}

/** A node that calls a function, which XLA compiles whole. */
export function call(name: string, fn: FunctionDef, input: readonly string[]): NodeDef {
  const of = (list: readonly ArgDef[]) => ({ list: { type: list.map(({ type }) => type) } })
  return { name, op: 'StatefulPartitionedCall', input, attr: { Tin: of(fn.signature.inputArg), Tout: of(fn.signature.outputArg), f: { func: { name: fn.signature.name } }, ...COMPILED } }
}

/** On a function and on its call: XLA compiles all of it, or it is an error. */
export const COMPILED: Attributes = { _XlaMustCompile: flag(true) }

function unknown(op: string): never {
  throw new RangeError(`the output of TensorFlow's ${op} is not in the table`)
}
