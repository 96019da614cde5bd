// The store: what stages have made, one folder for each fingerprint, whole or absent, with the hash of every file.
// A stage works in `work/`, which is renamed to `store/` when it is complete; nothing in `work/` is ever taken for a result.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { guarded, publishFolder, syncFile, writeDurably } from '../checkpoint/atomic.js'

/** `manifest.json` of a stored stage. */
export interface Manifest {
  readonly format: 1
  readonly fingerprint: string
  readonly kind: string
  /** The stage that made it, and in which run; others with the same fingerprint share it. */
  readonly madeBy: { readonly stage: string; readonly run: string }
  /** The executor that computed it: another one gives other last digits, so it is not reused there. */
  readonly executor: string
  /** Outputs of type `Real`. */
  readonly metrics: Readonly<Record<string, number>>
  /** Other outputs: name → file or folder. */
  readonly outputs: Readonly<Record<string, string>>
  /** SHA-256 of every file. */
  readonly files: Readonly<Record<string, string>>
}

export type Found = { readonly manifest: Manifest } | { readonly damage: string } | undefined

export class Store {
  constructor(private readonly home: string) {}

  path(fingerprint: string): string {
    return join(this.home, 'store', fingerprint)
  }

  /** Folder in which a stage works; survives an interruption. */
  work(fingerprint: string): string {
    return join(this.home, 'work', fingerprint)
  }

  /** A complete stage whose files match their hashes; what is wrong when they do not; undefined when there is none. */
  find(fingerprint: string): Found {
    const folder = this.path(fingerprint)
    if (!existsSync(folder)) return undefined
    let manifest: Manifest
    try {
      manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest
    } catch {
      return { damage: `\`${join(folder, 'manifest.json')}\` cannot be read` }
    }
    for (const [file, hash] of Object.entries(manifest.files)) {
      const path = join(folder, file)
      if (!existsSync(path)) return { damage: `\`${path}\` is missing` }
      if (hashOf(path) !== hash) return { damage: `\`${path}\` is not what was written` }
    }
    return { manifest }
  }

  /** The executor that made a stored stage, by its manifest alone: files are not read again. */
  madeBy(fingerprint: string): string | undefined {
    try {
      return (JSON.parse(readFileSync(join(this.path(fingerprint), 'manifest.json'), 'utf8')) as Manifest).executor
    } catch {
      return undefined
    }
  }

  /** Publish a finished work folder. */
  publish(manifest: Omit<Manifest, 'files' | 'format'>): void {
    const work = this.work(manifest.fingerprint)
    guarded(work, () => {
      const files: Record<string, string> = {}
      for (const file of filesIn(work)) {
        syncFile(join(work, file))
        files[file] = hashOf(join(work, file))
      }
      writeDurably(join(work, 'manifest.json'), `${JSON.stringify({ format: 1, ...manifest, files }, null, 2)}\n`)
      mkdirSync(join(this.home, 'store'), { recursive: true })
      publishFolder(work, this.path(manifest.fingerprint))
    })
  }

  /** Forget what an interrupted run of a stage left. */
  clear(fingerprint: string): void {
    rmSync(this.work(fingerprint), { recursive: true, force: true })
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'manifest.json')
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split('\\').join('/'))
    .sort()
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
