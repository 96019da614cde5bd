// Parquet through hyparquet, with node's own decompressors. Loaded only when a Parquet file is opened.
// Values come out as JSON would have them; which fields a row must have is checked elsewhere.

import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { failure } from '../codes.js'
import type { Row } from './dataset.js'

/** All rows of a file. @throws HostError RLP8104 when it is damaged or compressed in a way we cannot read. */
export async function parquetRows(bytes: Uint8Array, path: string): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  try {
    const rows = await parquetReadObjects({
      file,
      compressors: { GZIP: (input) => gunzipSync(input), BROTLI: (input) => brotliDecompressSync(input) },
    })
    return rows.map((row) => plain(row) as Row)
  } catch (error) {
    const message = (error as Error).message
    throw failure('RLP8104', `\`${path}\` cannot be read: ${message}`, /codec/i.test(message) ? 'write it with Snappy or gzip compression' : undefined)
  }
}

/** As JSON would have it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw new Error(`the integer ${value} is beyond 2^53`)
    return number
  }
  if (value instanceof Date) return value.toISOString()
  if (value === undefined) return null
  if (Array.isArray(value)) return value.map(plain)
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, plain)
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
  return value
}
