// TensorFlow's own graph format as data: the few message types of `GraphDef` that we write, and their encoding.
// The field numbers are those of tensorflow/core/framework/*.proto, which TensorFlow keeps stable. Does not read anything.

import protobuf from 'protobufjs/light.js'
import type { DType } from '../../../spec/graph/graph.js'

/** `DataType` of types.proto. */
export const DTYPES: Readonly<Record<DType | 'bf16' | 'resource', number>> = { f32: 1, i32: 3, bool: 10, bf16: 14, resource: 20, u32: 22 }
export type TfType = keyof typeof DTYPES

export type Attribute =
  | { readonly type: number }
  | { readonly b: boolean }
  | { readonly i: number }
  | { readonly s: Uint8Array }
  | { readonly shape: ShapeDef }
  | { readonly list: { readonly type: readonly number[] } | { readonly shape: readonly ShapeDef[] } }
  | { readonly tensor: TensorDef }
  | { readonly func: { readonly name: string } }
export type Attributes = Readonly<Record<string, Attribute>>

interface ShapeDef {
  readonly dim: readonly { readonly size: number }[]
}

interface TensorDef {
  readonly dtype: number
  readonly tensorShape: ShapeDef
  readonly tensorContent: Uint8Array
}

export interface NodeDef {
  readonly name: string
  readonly op: string
  /** `node:output` in a graph, `node:argument:index` in a function, `^node` for an order without a value. */
  readonly input: readonly string[]
  readonly attr: Attributes
}

export interface ArgDef {
  readonly name: string
  readonly type: number
}

export interface FunctionDef {
  readonly signature: { readonly name: string; readonly inputArg: readonly ArgDef[]; readonly outputArg: readonly ArgDef[]; readonly controlOutput: readonly string[]; readonly isStateful: boolean }
  readonly nodeDef: readonly NodeDef[]
  /** Output argument → the value that it is. */
  readonly ret: Readonly<Record<string, string>>
  readonly controlRet: Readonly<Record<string, string>>
  readonly attr: Attributes
}

export interface GraphDef {
  readonly node: readonly NodeDef[]
  readonly functions: readonly FunctionDef[]
}

const map = (type: string, id: number) => ({ keyType: 'string', type, id })
const one = (type: string, id: number) => ({ type, id })
const many = (type: string, id: number) => ({ rule: 'repeated', type, id })

const root = protobuf.Root.fromJSON({
  nested: {
    GraphDef: { fields: { node: many('NodeDef', 1), library: one('FunctionDefLibrary', 2), versions: one('VersionDef', 4) } },
    VersionDef: { fields: { producer: one('int32', 1), minConsumer: one('int32', 2) } },
    NodeDef: { fields: { name: one('string', 1), op: one('string', 2), input: many('string', 3), attr: map('AttrValue', 5) } },
    AttrValue: {
      // Of a oneof, what is false or 0 is written too.
      oneofs: { value: { oneof: ['list', 's', 'i', 'b', 'type', 'shape', 'tensor', 'func'] } },
      fields: { list: one('ListValue', 1), s: one('bytes', 2), i: one('int64', 3), b: one('bool', 5), type: one('int32', 6), shape: one('TensorShapeProto', 7), tensor: one('TensorProto', 8), func: one('NameAttrList', 10) },
    },
    ListValue: { fields: { type: { ...many('int32', 6), options: { packed: true } }, shape: many('TensorShapeProto', 7) } },
    NameAttrList: { fields: { name: one('string', 1) } },
    TensorShapeProto: { fields: { dim: many('Dim', 2) } },
    Dim: { fields: { size: one('int64', 1) } },
    TensorProto: { fields: { dtype: one('int32', 1), tensorShape: one('TensorShapeProto', 2), tensorContent: one('bytes', 4) } },
    FunctionDefLibrary: { fields: { function: many('FunctionDef', 1) } },
    FunctionDef: { fields: { signature: one('OpDef', 1), nodeDef: many('NodeDef', 3), ret: map('string', 4), attr: map('AttrValue', 5), controlRet: map('string', 6) } },
    OpDef: { fields: { name: one('string', 1), inputArg: many('ArgDef', 2), outputArg: many('ArgDef', 3), isStateful: one('bool', 17), controlOutput: many('string', 20) } },
    ArgDef: { fields: { name: one('string', 1), type: one('int32', 3) } },
    ConfigProto: { fields: { intraOpParallelismThreads: one('int32', 2), interOpParallelismThreads: one('int32', 5), gpuOptions: one('GPUOptions', 6), allowSoftPlacement: one('bool', 7), graphOptions: one('GraphOptions', 10), experimental: one('Experimental', 16) } },
    Experimental: { fields: { disableThreadSpinning: one('bool', 9) } },
    GraphOptions: { fields: { rewriteOptions: one('RewriterConfig', 10) } },
    RewriterConfig: { fields: { disableMetaOptimizer: one('bool', 19) } },
    GPUOptions: { fields: { allowGrowth: one('bool', 4) } },
  },
})

const GraphDefType = root.lookupType('GraphDef')
const ConfigType = root.lookupType('ConfigProto')

/** Of TensorFlow 2.16, the oldest that is supported; it decides which meaning of an op is meant. */
const VERSIONS = { producer: 1766, minConsumer: 0 }

export const encodeGraph = ({ node, functions }: GraphDef): Uint8Array => GraphDefType.encode({ node, library: { function: functions }, versions: VERSIONS }).finish()

/** Settings of a session; zero threads means as many as there are cores. Threads without work sleep instead of spinning: other work shares the cores. */
export const encodeConfig = ({ threads = 0 }: { readonly threads?: number } = {}): Uint8Array =>
  ConfigType.encode({ intraOpParallelismThreads: threads, interOpParallelismThreads: threads, gpuOptions: { allowGrowth: true }, allowSoftPlacement: true, graphOptions: { rewriteOptions: { disableMetaOptimizer: true } }, experimental: { disableThreadSpinning: true } }).finish()

export const typed = (type: TfType): Attribute => ({ type: DTYPES[type] })
export const flag = (b: boolean): Attribute => ({ b })
export const integer = (i: number): Attribute => ({ i })
export const shaped = (sizes: readonly number[]): Attribute => ({ shape: shapeDef(sizes) })
export const types = (list: readonly TfType[]): Attribute => ({ list: { type: list.map((type) => DTYPES[type]) } })
export const shapes = (list: readonly (readonly number[])[]): Attribute => ({ list: { shape: list.map(shapeDef) } })
export const func = (name: string): Attribute => ({ func: { name } })

/** A constant: row-major bytes. */
export function tensor(type: TfType, sizes: readonly number[], data: Float32Array | Int32Array | Uint32Array | Uint8Array): Attribute {
  return { tensor: { dtype: DTYPES[type], tensorShape: shapeDef(sizes), tensorContent: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) } }
}

const shapeDef = (sizes: readonly number[]): ShapeDef => ({ dim: sizes.map((size) => ({ size })) })
