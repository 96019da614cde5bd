// The safetensors format (github.com/huggingface/safetensors, README "Format"): written as F32 or F64, read also from F16 and BF16.
// Tensors of a file are read one by one, when they are asked for: a model never lies in memory twice. Knows nothing of models: names, shapes and numbers only.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { failure } from '../codes.js'
import { guarded } from './atomic.js'

export interface StoredTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Float64 only in the checkpoints of executors that compute in it. Of a file's tensor, a fresh copy each time. */
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

/**
 * The tensors of a file, half precisions as float32. Their numbers are read when `data` is taken, and not kept.
 * Errors: RLP8202 when it cannot be read, RLP8204 when it is damaged or has another dtype; `data` has the same.
 */
export function readSafetensors(path: string): { tensors: Map<string, StoredTensor>; metadata: Readonly<Record<string, string>> } {
  const { header, start, size } = opened(path, (file) => readHeader(path, file))
  const { __metadata__, ...entries } = header as Record<string, HeaderEntry> & { __metadata__?: Record<string, string> }
  const tensors = new Map<string, StoredTensor>()
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(entries)) {
    const decoder = decoders[dtype]
    if (!decoder) throw failure('RLP8204', `the tensor \`${name}\` of \`${path}\` is ${dtype}`, `only ${Object.keys(decoders).join(', ')} can be read`)
    const count = shape.reduce((a, b) => a * b, 1)
    if (!(begin >= 0 && end - begin === count * decoder.bytes && start + end <= size)) throw damaged(path, `the tensor \`${name}\` does not fit its place`)
    tensors.set(name, {
      name,
      shape,
      get data() {
        return opened(path, (file) => readNumbers(path, file, start + begin, count, decoder))
      },
    })
  }
  return { tensors, metadata: __metadata__ ?? {} }
}

function opened<T>(path: string, read: (file: number) => T): T {
  return guarded(path, () => {
    const file = openSync(path, 'r')
    try {
      return read(file)
    } finally {
      closeSync(file)
    }
  })
}

const damaged = (path: string, why: string) => failure('RLP8204', `\`${path}\` is damaged: ${why}`, 'copy or make it again')

function readHeader(path: string, file: number): { header: Record<string, HeaderEntry>; start: number; size: number } {
  const size = fstatSync(file).size
  const length = size < 8 ? Infinity : Number(readAt(file, 0, 8).readBigUInt64LE())
  if (8 + length > size) throw damaged(path, 'it is shorter than its header')
  try {
    return { header: JSON.parse(readAt(file, 8, length).toString('utf8')) as Record<string, HeaderEntry>, start: 8 + length, size }
  } catch {
    throw damaged(path, 'its header is not JSON')
  }
}

/** Bytes that are read at once: half precisions are widened piece by piece. */
const PIECE = 2 ** 24

function readNumbers(path: string, file: number, position: number, count: number, { bytes, make, widen }: Decoder): StoredTensor['data'] {
  const numbers = make(count)
  for (let at = 0; at < count; at += PIECE / bytes) {
    const some = Math.min(count - at, PIECE / bytes)
    const piece = readAt(file, position + at * bytes, some * bytes)
    if (piece.length < some * bytes) throw damaged(path, 'it has become shorter')
    widen(piece, numbers, at)
  }
  return numbers
}

/** Fewer bytes where the file ends. */
function readAt(file: number, position: number, length: number): Buffer {
  // A buffer of its own: a slice of Node's shared pool would not be aligned for typed arrays.
  const buffer = Buffer.from(new ArrayBuffer(length))
  let at = 0
  while (at < length) {
    const read = readSync(file, buffer, at, length - at, position + at)
    if (read === 0) break
    at += read
  }
  return buffer.subarray(0, at)
}

interface Decoder {
  readonly bytes: number
  make(count: number): StoredTensor['data']
  /** Numbers of the piece into `into`, from index `at`. */
  widen(piece: Buffer, into: StoredTensor['data'], at: number): void
}

const floats = (count: number): Float32Array => new Float32Array(count)

const decoders: Readonly<Record<string, Decoder>> = {
  F32: { bytes: 4, make: floats, widen: (piece, into, at) => into.set(new Float32Array(piece.buffer, piece.byteOffset, piece.length / 4), at) },
  F64: { bytes: 8, make: (count) => new Float64Array(count), widen: (piece, into, at) => into.set(new Float64Array(piece.buffer, piece.byteOffset, piece.length / 8), at) },
  F16: {
    bytes: 2,
    make: floats,
    widen: (piece, into, at) => {
      const table = halves()
      shorts(piece).forEach((half, i) => (into[at + i] = table[half] as number))
    },
  },
  BF16: {
    bytes: 2,
    make: floats,
    // The upper half of a float32.
    widen: (piece, into, at) => {
      const bits = new Uint32Array(into.buffer, into.byteOffset + at * 4, piece.length / 2)
      shorts(piece).forEach((half, i) => (bits[i] = half << 16))
    },
  },
}

const shorts = (piece: Buffer): Uint16Array => new Uint16Array(piece.buffer, piece.byteOffset, piece.length / 2)

let knownHalves: Float32Array | undefined
/** The value of each of the 65,536 halves. */
const halves = (): Float32Array => (knownHalves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromHalf(bits)))

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
