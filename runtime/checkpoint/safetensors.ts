// The safetensors format (github.com/huggingface/safetensors, README "Format"): written as F32 or F64, read also from F16 and BF16.
// Knows nothing of models: names, shapes and numbers only.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { failure } from '../codes.js'
import { guarded } from './atomic.js'

export interface StoredTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Float64 only in the checkpoints of executors that compute in it. */
  readonly data: Float32Array | Float64Array
}

interface HeaderEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** The bytes of a file, tensor by tensor; `metadata` are free texts. Tensors keep their order. */
export function* safetensorsBytes(tensors: readonly StoredTensor[], metadata: Readonly<Record<string, string>> = { format: 'pt' }): Iterable<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype: data instanceof Float64Array ? 'F64' : 'F32', shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ')
  json.copy(padded)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  yield length
  yield padded
  for (const { data } of tensors) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** All tensors of a file, half precisions as float32. Errors: RLP8202 when it cannot be read, RLP8204 when it is damaged or has another dtype. */
export function readSafetensors(path: string): { tensors: Map<string, StoredTensor>; metadata: Readonly<Record<string, string>> } {
  return guarded(path, () => {
    const file = openSync(path, 'r')
    try {
      return readOpen(path, file)
    } finally {
      closeSync(file)
    }
  })
}

function readOpen(path: string, file: number): ReturnType<typeof readSafetensors> {
  const damaged = (why: string) => failure('RLP8204', `\`${path}\` is damaged: ${why}`, 'copy or make it again')
  const size = fstatSync(file).size
  if (size < 8) throw damaged('it is shorter than its header')
  const length = Number(readAt(file, 0, 8).readBigUInt64LE())
  if (8 + length > size) throw damaged('it is shorter than its header')
  let header: Record<string, HeaderEntry>
  try {
    header = JSON.parse(readAt(file, 8, length).toString('utf8')) as Record<string, HeaderEntry>
  } catch {
    throw damaged('its header is not JSON')
  }
  const { __metadata__, ...entries } = header as Record<string, HeaderEntry> & { __metadata__?: Record<string, string> }
  const tensors = new Map<string, StoredTensor>()
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(entries)) {
    const decode = decoders[dtype]
    if (!decode) throw failure('RLP8204', `the tensor \`${name}\` of \`${path}\` is ${dtype}`, `only ${Object.keys(decoders).join(', ')} can be read`)
    const count = shape.reduce((a, b) => a * b, 1)
    if (!(begin >= 0 && end - begin === count * decode.bytes && 8 + length + end <= size)) throw damaged(`the tensor \`${name}\` does not fit its place`)
    tensors.set(name, { name, shape, data: decode.read(readAt(file, 8 + length + begin, end - begin)) })
  }
  return { tensors, metadata: __metadata__ ?? {} }
}

function readAt(file: number, position: number, length: number): Buffer {
  // A buffer of its own: a slice of Node's shared pool would not be aligned for Float32Array.
  const buffer = Buffer.from(new ArrayBuffer(length))
  for (let at = 0; at < length; ) {
    const read = readSync(file, buffer, at, Math.min(length - at, 2 ** 30), position + at)
    if (read === 0) break
    at += read
  }
  return buffer
}

const decoders: Readonly<Record<string, { readonly bytes: number; read(bytes: Buffer): StoredTensor['data'] }>> = {
  F32: { bytes: 4, read: (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) },
  F64: { bytes: 8, read: (bytes) => new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8) },
  F16: { bytes: 2, read: (bytes) => Float32Array.from(halves(bytes), fromHalf) },
  BF16: {
    bytes: 2,
    read: (bytes) => new Float32Array(Uint32Array.from(halves(bytes), (half) => half << 16).buffer),
  },
}

function halves(bytes: Buffer): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
