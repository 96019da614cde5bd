// An append-only file of records: whatever happens to it, what is read back is a beginning of what was appended.
// A record is its length (u32, little-endian), a checksum, and JSON. The checksum is the first 8 bytes of
// SHA-256(checksum of the record before, JSON), so that a record lost, doubled or moved is noticed like a flipped bit.

import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { guarded, syncFolder } from '../checkpoint/atomic.js'

const LENGTH = 4
const CHECKSUM = 8
const HEAD = LENGTH + CHECKSUM

interface Read {
  readonly value: unknown
  readonly checksum: Buffer
  /** Where it ends in the file. */
  readonly end: number
}

/** The records that can be believed, and how many bytes stand behind them. */
export interface Records {
  readonly values: readonly unknown[]
  /** A torn or damaged rest; 0 in a sound file. */
  readonly lost: number
}

/** Read without changing anything; a file that does not exist has no records. Errors: RLP8202. */
export function readRecords(path: string): Records {
  const { records, lost } = read(path)
  return { values: records.map(({ value }) => value), lost }
}

/** A file of records, open for appending. Knows where it ends, not what it holds. */
export class RecordFile {
  private constructor(
    private readonly path: string,
    private readonly file: number,
    private end: number,
    private checksum: Buffer | undefined,
  ) {}

  /**
   * Open or make a file. What cannot be believed is cut off, and of the rest what `keep` does not want: it says how many
   * records to keep from the beginning. Errors: RLP8201, RLP8202.
   */
  static open(path: string, keep: (records: Records) => number = ({ values }) => values.length): RecordFile {
    return guarded(path, () => {
      mkdirSync(dirname(path), { recursive: true })
      const { records, lost } = read(path)
      const last = records[keep({ values: records.map(({ value }) => value), lost }) - 1]
      const isNew = !existsSync(path)
      const file = openSync(path, 'a')
      if (isNew) syncFolder(dirname(path))
      const opened = new RecordFile(path, file, last?.end ?? 0, last?.checksum)
      if (fstatSync(file).size !== opened.end) {
        ftruncateSync(file, opened.end)
        fsyncSync(file)
      }
      return opened
    })
  }

  /** Durable only after `sync`. When there is no room, nothing of the record stays. */
  append(value: object): void {
    const body = Buffer.from(JSON.stringify(value))
    const checksum = checksumOf(this.checksum, body)
    const bytes = Buffer.concat([lengthOf(body), checksum, body])
    guarded(this.path, () => {
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at)
      } catch (cause) {
        ftruncateSync(this.file, this.end)
        throw cause
      }
    })
    this.end += bytes.length
    this.checksum = checksum
  }

  sync(): void {
    guarded(this.path, () => fsyncSync(this.file))
  }

  close(): void {
    closeSync(this.file)
  }
}

function read(path: string): { records: Read[]; lost: number } {
  if (!existsSync(path)) return { records: [], lost: 0 }
  const bytes = guarded(path, () => readFileSync(path))
  const records: Read[] = []
  let at = 0
  while (at + HEAD <= bytes.length) {
    const end = at + HEAD + bytes.readUInt32LE(at)
    if (end > bytes.length) break
    const body = bytes.subarray(at + HEAD, end)
    const checksum = checksumOf(records.at(-1)?.checksum, body)
    if (!checksum.equals(bytes.subarray(at + LENGTH, at + HEAD))) break
    records.push({ value: JSON.parse(body.toString('utf8')) as unknown, checksum, end })
    at = end
  }
  return { records, lost: bytes.length - at }
}

function checksumOf(before: Buffer | undefined, body: Buffer): Buffer {
  return createHash('sha256').update(before ?? '').update(body).digest().subarray(0, CHECKSUM)
}

function lengthOf(body: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH)
  length.writeUInt32LE(body.length)
  return length
}
