// What the system said of stored files when they were last compared with their hashes: size, times, inode. While it says the same, a
// result is reused without reading gigabytes again. Whoever reads a file to compute with it compares the hash all the same.
// A memory and nothing else: lost, torn or deleted, it costs the time of hashing.

import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readRecords, RecordFile } from './records.js'

/** A file that was changed within so many milliseconds may change again without another time: clocks of file systems have coarse ticks (git's "racily clean"). */
const SETTLED = 2000
/** More records of results that were compared again than this, beside those that count, and the file is written anew. */
const MOST_STALE = 1000

/** What was compared of one result. */
interface Compared {
  readonly fingerprint: string
  /** Of the manifest that has the hashes. */
  readonly checksum: string
  /** File → what the system said of it. */
  readonly stamps: Readonly<Record<string, string>>
}

export interface StampOptions {
  /** Whether this process may write, which needs the lock. */
  readonly writes: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class Stamps {
  private readonly path: string
  private known: Map<string, Compared> | undefined
  private file: RecordFile | undefined
  private failed = false

  constructor(
    home: string,
    private readonly options: StampOptions,
  ) {
    this.path = join(home, 'compared')
  }

  /** Stamp of each file when a result with this manifest was last compared; empty when it never was. */
  of(fingerprint: string, checksum: string): Compared['stamps'] {
    const found = this.all.get(fingerprint)
    return found?.checksum === checksum ? found.stamps : {}
  }

  /** Keep the stamps of a result whose files were all found sound. A disk that takes no more costs time, not the run. */
  keep(compared: Compared): void {
    if (!this.options.writes || this.failed) return
    this.all.set(compared.fingerprint, compared)
    try {
      this.file ??= this.opened()
      this.file.append(compared)
    } catch {
      this.failed = true
    }
  }

  /** Trust nothing any more: a file was found damaged though the system says that it never changed. Errors of the system are left to the caller. */
  forget(): void {
    this.close()
    this.known = new Map()
    rmSync(this.path, { force: true })
  }

  close(): void {
    this.file?.close()
    this.file = undefined
  }

  private get all(): Map<string, Compared> {
    return (this.known ??= new Map(this.read().map((one) => [one.fingerprint, one])))
  }

  private read(): readonly Compared[] {
    try {
      return readRecords(this.path).values as readonly Compared[]
    } catch {
      return []
    }
  }

  private opened(): RecordFile {
    const records = this.read().length
    if (records <= this.all.size + MOST_STALE) return RecordFile.open(this.path)
    rmSync(this.path, { force: true })
    const file = RecordFile.open(this.path)
    for (const compared of this.all.values()) file.append(compared)
    return file
  }

  /** What the system says of a file now; undefined while it may still change unnoticed. Throws what the system says. */
  stamp(path: string): string | undefined {
    const { size, mtimeNs, ctimeNs, ino, mtimeMs, ctimeMs } = statSync(path, { bigint: true })
    const changed = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs)
    return this.options.now() - changed < SETTLED ? undefined : [size, mtimeNs, ctimeNs, ino].join(' ')
  }
}
