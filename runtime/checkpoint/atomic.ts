// Files that are there whole or not at all: temporary file, fsync, rename, fsync of the folder.
// Says in our own words when there is no room or no permission; knows nothing of what is written.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { failure } from '../codes.js'
import { HostError } from '../host.js'

/** Write a file in one piece. On any failure the old file, if any, is untouched. Errors: RLP8201, RLP8202. */
export function writeFileAtomic(path: string, content: string | Iterable<Uint8Array>): void {
  // Two processes may write the same file at once: the last one's is there in the end, whole.
  const temporary = temporaryOf(path)
  guarded(path, () => {
    try {
      writeDurably(temporary, content)
      renameSync(temporary, path)
      syncFolder(dirname(path))
    } catch (cause) {
      rmSync(temporary, { force: true })
      throw cause
    }
  })
}

/** Where this process writes what is to become a file. */
export const temporaryOf = (path: string): string => `${path}.${process.pid}.tmp`

/** Write a file inside a folder that is itself published whole, by the store. */
export function writeDurably(path: string, content: string | Iterable<Uint8Array>): void {
  guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(path, 'w')
    try {
      for (const chunk of typeof content === 'string' ? [Buffer.from(content)] : content) {
        for (let at = 0; at < chunk.byteLength; ) at += writeSync(file, chunk, at)
      }
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  })
}

/** Runs file operations; failures of the system become RLP8201 (no room) and RLP8202 (all others), naming the path. */
export function guarded<T>(path: string, operation: () => T): T {
  try {
    return operation()
  } catch (cause) {
    if (cause instanceof HostError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw failure('RLP8201', `there is no room to write \`${path}\``, 'free some space and run again: finished stages are kept, nothing is half-written')
    if (code !== undefined) throw failure('RLP8202', `cannot use \`${path}\`: ${message}`, 'check that the folder exists and may be written')
    throw cause
  }
}

/** Make names made in a folder durable. */
export function syncFolder(path: string): void {
  // Folders cannot be opened on Windows; there a rename is durable by itself.
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
