// The folder of one program: its working directory and the only place where it may write, gone when it ends.
// `watch.py` looks at how much is in it.

import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NAME = 'rlpc-sandbox-'
/** Milliseconds after which no program can still be at work. */
const OLD = 3_600_000

export class ProgramFolder {
  private static swept = false

  private constructor(readonly path: string) {}

  /** An empty folder. */
  static open(): ProgramFolder {
    if (!this.swept) sweep()
    this.swept = true
    return new ProgramFolder(mkdtempSync(join(tmpdir(), NAME)))
  }

  /** What cannot be removed now is removed later: a program's result does not depend on it. */
  close(): void {
    try {
      rmSync(this.path, { recursive: true, force: true })
    } catch {
      ProgramFolder.swept = false
    }
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
