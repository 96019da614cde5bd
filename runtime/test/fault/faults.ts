// Faults of the file system, put between the runtime and Node: at the n-th change under a folder the process is killed, loses power,
// or finds the disk full or read-only. Replaces functions of `node:fs`; the runtime under test is not changed.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Fault {
  /** `kill`: SIGKILL. `power`: as that, and what was not synchronised may be lost. `full`, `readonly`: from here on no change succeeds. */
  readonly what: 'none' | 'kill' | 'power' | 'full' | 'readonly'
  /** The change at which it happens: 1, 2, … */
  readonly at: number
  /** 0..1: how much of that change is still made. */
  readonly share: number
}

const real = { ...fs }

/** Install the faults; returns how many changes were made so far. */
export function install(home: string, fault: Fault): () => number {
  let changes = 0
  const paths = new Map<number, string>()
  const unsynced = new Unsynced()
  const isOurs = (path: unknown): path is string => typeof path === 'string' && path.startsWith(home)

  /** What is done to lose data is no change of the runtime's. */
  let dying = false

  /** Called before every change; `part` makes a part of it, `grows`: it needs room. */
  const before = (part: () => void, grows = true): void => {
    if (dying) return
    changes++
    if (changes < fault.at || fault.what === 'none') return
    if (fault.what === 'full' || fault.what === 'readonly') {
      if (fault.what === 'full' && !grows) return
      if (fault.what === 'full') part()
      const code = fault.what === 'full' ? 'ENOSPC' : 'EROFS'
      throw Object.assign(new Error(`${code}: injected`), { code })
    }
    dying = true
    part()
    if (fault.what === 'power') unsynced.lose(fault.share)
    process.kill(process.pid, 'SIGKILL')
    // The signal is on its way: nothing more may happen.
    for (;;);
  }
  const nothing = () => {}

  const replaced: Partial<typeof fs> = {
    openSync: ((path, flags, mode) => {
      const writes = isOurs(path) && flags !== undefined && flags !== 'r'
      if (writes && flags !== 'r+') before(nothing)
      const file = real.openSync(path, flags, mode)
      if (isOurs(path)) paths.set(file, path)
      if (writes && flags === 'w') unsynced.wrote(path, 0)
      return file
    }) as typeof fs.openSync,
    closeSync: ((file) => {
      paths.delete(file)
      real.closeSync(file)
    }) as typeof fs.closeSync,
    writeSync: ((file: number, data: Uint8Array, from?: number) => {
      const offset = from ?? 0
      const length = data.byteLength - offset
      const path = paths.get(file)
      if (path === undefined) return real.writeSync(file, data, offset, length)
      const size = real.fstatSync(file).size
      unsynced.wrote(path, size)
      before(() => void real.writeSync(file, data, offset, Math.floor(length * fault.share)))
      return real.writeSync(file, data, offset, length)
    }) as typeof fs.writeSync,
    appendFileSync: ((path: string, text: string) => {
      if (isOurs(path)) {
        unsynced.wrote(path, real.existsSync(path) ? real.statSync(path).size : 0)
        before(() => real.writeFileSync(path, text.slice(0, text.length * fault.share), { flag: 'a' }))
      }
      real.writeFileSync(path, text, { flag: 'a' })
    }) as typeof fs.appendFileSync,
    fsyncSync: ((file) => {
      const path = paths.get(file)
      if (path !== undefined) before(nothing)
      real.fsyncSync(file)
      if (path !== undefined) unsynced.synced(path)
    }) as typeof fs.fsyncSync,
    ftruncateSync: ((file, length) => {
      if (paths.has(file)) before(nothing, false)
      real.ftruncateSync(file, length)
    }) as typeof fs.ftruncateSync,
    renameSync: ((from: string, to: string) => {
      if (isOurs(to)) {
        before(nothing, false)
        unsynced.renames(from, to)
      }
      real.renameSync(from, to)
    }) as typeof fs.renameSync,
    mkdirSync: ((path: string, options) => {
      if (isOurs(path) && !real.existsSync(path)) before(nothing)
      return real.mkdirSync(path, options)
    }) as typeof fs.mkdirSync,
    rmSync: ((path: string, options) => {
      // Of a folder, a part of its files.
      if (isOurs(path) && real.existsSync(path)) before(() => removePart(path, fault.share), false)
      real.rmSync(path, options)
    }) as typeof fs.rmSync,
  }
  Object.assign(fs, replaced)
  syncBuiltinESMExports()
  return () => changes
}

function removePart(path: string, share: number): void {
  if (!real.statSync(path).isDirectory()) return
  const files = real.readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const entry of files.slice(0, files.length * share)) real.rmSync(join(entry.parentPath, entry.name))
}

/** What a disk may forget when the power goes: bytes before fsync, and renames before the fsync of their folder. */
class Unsynced {
  /** File → how many of its bytes are safe. */
  private readonly bytes = new Map<string, number>()
  private renamed: { from: string; to: string; replaced: string | undefined }[] = []

  wrote(path: string, safe: number): void {
    if (!this.bytes.has(path)) this.bytes.set(path, safe)
  }

  synced(path: string): void {
    this.bytes.delete(path)
    this.renamed = this.renamed.filter(({ to }) => dirname(to) !== path)
  }

  renames(from: string, to: string): void {
    for (const [path, safe] of [...this.bytes]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.bytes.delete(path)
      this.bytes.set(to + path.slice(from.length), safe)
    }
    let replaced: string | undefined
    if (real.existsSync(to) && real.statSync(to).isFile()) {
      replaced = join(tmpdir(), `rlpc-replaced-${process.pid}-${Math.random()}`)
      real.copyFileSync(to, replaced)
    }
    this.renamed.push({ from, to, replaced })
  }

  lose(share: number): void {
    for (const [path, safe] of this.bytes) {
      if (!real.existsSync(path)) continue
      const size = real.statSync(path).size
      if (size > safe) real.truncateSync(path, safe + Math.floor((size - safe) * share))
    }
    // In the order of time backwards: a name that came later goes first.
    for (const { from, to, replaced } of this.renamed.reverse()) {
      if (share < 0.5 && real.existsSync(to) && real.existsSync(dirname(from)) && !real.existsSync(from)) {
        real.renameSync(to, from)
        if (replaced !== undefined) real.copyFileSync(replaced, to)
      }
      if (replaced !== undefined) real.rmSync(replaced, { force: true })
    }
  }
}
