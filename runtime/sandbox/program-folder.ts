// The folder of one program: its working directory and the only place where it may write, gone when it ends.
// How much it may hold is looked at from outside, while the program runs and once more at its end; one file is bounded by the system.

import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes of one file, at most. Files that are deleted while they are open are not seen, so that this is what bounds them. */
export const FILE = 4 * 2 ** 20
/** All files of a program together, at most. */
export const FILES = { bytes: 16 * 2 ** 20, count: 1000 } as const

const NAME = 'rlpc-sandbox-'
/** Milliseconds after which no program can still be at work. */
const OLD = 3_600_000

export class ProgramFolder {
  private static swept = false
  /** Whether it ever held too much. */
  private full = false

  private constructor(readonly path: string) {}

  /** An empty folder. */
  static open(): ProgramFolder {
    if (!this.swept) sweep()
    this.swept = true
    return new ProgramFolder(mkdtempSync(join(tmpdir(), NAME)))
  }

  isFull(): boolean {
    if (this.full) return true
    // Names are bytes: one that is no text would else not be found.
    const names = readdirSync(this.path, { encoding: 'buffer' })
    const folder = Buffer.from(`${this.path}/`)
    let bytes = 0
    if (names.length <= FILES.count) for (const name of names) bytes += lstatSync(Buffer.concat([folder, name]), { throwIfNoEntry: false })?.size ?? 0
    return (this.full = names.length > FILES.count || bytes > FILES.bytes)
  }

  close(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Remove what processes left that were killed; whoever else shares the place for temporary files may be at work with the rest. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(NAME)) continue
    const path = join(tmpdir(), name)
    try {
      if (Date.now() - lstatSync(path).mtimeMs > OLD) rmSync(path, { recursive: true, force: true })
    } catch {
      // Somebody else's, or being swept by another: not ours to mend.
    }
  }
}
