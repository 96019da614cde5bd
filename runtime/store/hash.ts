// SHA-256 of files and folders, in pieces: weights may be larger than memory.

import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** One piece at a time, for all files: most are small, and a fresh piece for each would cost more than reading them. */
const piece = Buffer.alloc(2 ** 20)

/** 64 hexadecimal digits. Throws what the system says. */
export function hashFile(path: string): string {
  const hash = createHash('sha256')
  const file = openSync(path, 'r')
  try {
    for (let read = 1; read > 0; ) {
      read = readSync(file, piece, 0, piece.length, null)
      hash.update(piece.subarray(0, read))
    }
  } finally {
    closeSync(file)
  }
  return hash.digest('hex')
}

/** As `hashFile`, of what was read already. */
export const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Every file under a folder, as `a/b.json`, sorted. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split('\\').join('/'))
    .sort()
}
