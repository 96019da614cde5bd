// What XLA compiled, kept on disk: a program that was compiled once, in whatever stage or run, is loaded the next time.
// TensorFlow writes and reads the files, by the hash of the program; here is where they lie, and that they do not fill the disk.

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Note } from './install/place.js'

/** Bytes that are kept; the files that were used longest ago go first. */
const MOST = 2 ** 30

/** Settings of TensorFlow's process. Code is for the processor that it was compiled on: a cache on a network drive has a folder for each. */
export function keptPrograms(folder: string, { version }: Note): NodeJS.ProcessEnv {
  const machine = createHash('sha256').update(`${version} ${process.arch} ${cpus()[0]?.model ?? ''}`).digest('hex').slice(0, 12)
  const compiled = join(folder, 'compiled', machine)
  try {
    mkdirSync(compiled, { recursive: true })
    clear(compiled)
  } catch {
    return {} // A folder that cannot be written to only means that everything is compiled again.
  }
  return { TF_XLA_FLAGS: [`--tf_xla_persistent_cache_directory=${compiled}`, process.env['TF_XLA_FLAGS']].filter(Boolean).join(' ') }
}

function clear(folder: string): void {
  const files = readdirSync(folder).map((name) => ({ path: join(folder, name), ...statSync(join(folder, name)) }))
  files.sort((a, b) => b.atimeMs - a.atimeMs)
  let kept = 0
  for (const { path, size } of files) if ((kept += size) > MOST) rmSync(path, { force: true })
}
