// One run at a time for each `.rlp` folder: a file that holds the number of the process that runs.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guarded } from '../checkpoint/atomic.js'
import { failure } from '../codes.js'

/** Take the lock; returns how to give it back. Errors: RLP8206 when another process that lives has it. */
export function lock(home: string): () => void {
  const path = join(home, 'lock')
  guarded(home, () => mkdirSync(home, { recursive: true }))
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') return guarded(path, () => { throw cause })
    }
    const owner = Number(readFileSync(path, 'utf8'))
    if (owner !== process.pid && lives(owner)) throw failure('RLP8206', `process ${owner} is running in \`${home}\``, `wait for it or stop it; if it is not one of ours, remove \`${path}\``)
    // Its owner was killed: the file is left over.
    rmSync(path, { force: true })
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}
