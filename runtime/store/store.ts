// The store: what stages have made, one folder for each fingerprint, whole or absent, with the hash of every file.
// A stage works in `work/`; its result is put together there in one folder, which becomes `store/FINGERPRINT` by one rename.

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { guarded, syncFolder, writeDurably } from '../checkpoint/atomic.js'
import { failure } from '../codes.js'
import { filesIn, hashFile, hashOf } from './hash.js'
import { filesOfOutput, manifestText, readManifest, type Manifest, type ManifestContent } from './manifest.js'
import { Stamps } from './stamps.js'

export type Found = { readonly manifest: Manifest } | { readonly damage: string } | undefined

export class Store {
  /** What was found sound in this process. */
  private readonly known = new Map<string, Manifest>()
  /** Manifests that were read, whatever their files are like. */
  private readonly read = new Map<string, Manifest>()

  private readonly stamps: Stamps

  /** `locked`: this process has the lock of the folder, so that it may keep what it found out about files. */
  constructor(
    readonly home: string,
    { locked = false, now = Date.now }: { readonly locked?: boolean; readonly now?: () => number } = {},
  ) {
    this.stamps = new Stamps(home, { writes: locked, now })
  }

  path(fingerprint: string): string {
    return join(this.home, 'store', fingerprint)
  }

  /** Folder in which a stage works; survives an interruption. */
  work(fingerprint: string): string {
    return join(this.home, 'work', fingerprint)
  }

  /** Fingerprints of what is stored, sound or not, sorted. */
  list(): string[] {
    return names(join(this.home, 'store'))
  }

  /** Fingerprints of stages that were interrupted, sorted. */
  interrupted(): string[] {
    return names(join(this.home, 'work'))
  }

  /** Before anything is made: results move by renaming, which does not reach from one file system into another. Errors: RLP8202. */
  onOneFileSystem(): void {
    const folders = [this.home, ...['store', 'work', 'trash'].map((name) => join(this.home, name))].filter((folder) => existsSync(folder))
    const [first, ...others] = folders.map((folder) => guarded(folder, () => statSync(folder).dev))
    const far = others.findIndex((dev) => dev !== first)
    if (far >= 0) throw failure('RLP8202', `cannot use \`${folders[far + 1]}\`: it is on another file system than \`${this.home}\``, 'link or mount the whole `.rlp` folder instead')
  }

  /**
   * A stored stage whose files match their hashes; what is wrong when they do not; undefined when there is none. Files that the system
   * says are as they were when they were last compared are not read again. Looked at once, then remembered.
   */
  find(fingerprint: string): Found {
    const known = this.known.get(fingerprint)
    if (known) return { manifest: known }
    const found = this.compare(fingerprint, this.manifest(fingerprint), true)
    if (found && 'manifest' in found) this.known.set(fingerprint, found.manifest)
    return found
  }

  /** As `find`, always from the files. */
  verify(fingerprint: string): Found {
    this.forget(fingerprint)
    const found = this.compare(fingerprint, this.manifest(fingerprint), false)
    if (found && 'damage' in found) guarded(this.home, () => this.stamps.forget())
    return found
  }

  /** What a stored stage says about itself; its files are not looked at. Read once, then remembered. */
  manifest(fingerprint: string): Found {
    const known = this.read.get(fingerprint)
    if (known) return { manifest: known }
    // Asked first: of a plan with thousands of new stages nothing is there, and a failing read costs much more.
    if (!existsSync(this.path(fingerprint))) return undefined
    const path = join(this.path(fingerprint), 'manifest.json')
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch {
      return { damage: `\`${path}\` cannot be read` }
    }
    const read = readManifest(text, fingerprint)
    if ('problem' in read) return { damage: `\`${path}\` ${read.problem}` }
    this.read.set(fingerprint, read.manifest)
    return read
  }

  private compare(fingerprint: string, found: Found, trusting: boolean): Found {
    if (!found || 'damage' in found) return found
    const { checksum, files } = found.manifest
    const known = trusting ? this.stamps.of(fingerprint, checksum) : {}
    const stamps: Record<string, string | undefined> = {}
    for (const [file, hash] of Object.entries(files)) {
      const path = join(this.path(fingerprint), file)
      // The stamp first: a file that changes while it is read has another one next time.
      stamps[file] = this.stampOf(path)
      if (stamps[file] !== undefined && stamps[file] === known[file]) continue
      const damage = damageOf(path, hash)
      if (damage !== undefined) return { damage }
    }
    const settled = Object.entries(stamps).filter((entry): entry is [string, string] => entry[1] !== undefined)
    if (settled.some(([file, stamp]) => known[file] !== stamp)) this.stamps.keep({ fingerprint, checksum, stamps: Object.fromEntries(settled) })
    return found
  }

  private stampOf(path: string): string | undefined {
    try {
      return this.stamps.stamp(path)
    } catch {
      return undefined
    }
  }

  private forget(fingerprint: string): void {
    this.known.delete(fingerprint)
    this.read.delete(fingerprint)
  }

  /** File or folder of an output, its hashes compared now. Errors: RLP8203. */
  output(fingerprint: string, name: string): string {
    const found = this.find(fingerprint)
    const path = found && 'manifest' in found ? found.manifest.outputs[name] : undefined
    if (!found || 'damage' in found || path === undefined) throw failure('RLP8203', found && 'damage' in found ? found.damage : `the output \`${name}\` is not in the store`, 'run again: the stage is made again')
    for (const [file, hash] of filesOfOutput(found.manifest, name)) {
      const damage = damageOf(join(this.path(fingerprint), file), hash)
      if (damage === undefined) continue
      this.forget(fingerprint)
      guarded(this.home, () => this.stamps.forget())
      throw failure('RLP8203', damage, 'run again: the stage that made it is made again')
    }
    return join(this.path(fingerprint), path)
  }

  /** Texts of files of a stored stage, their hashes compared now; a file that it does not have is empty. */
  texts<Name extends string>(fingerprint: string, names: readonly Name[]): { readonly texts: Readonly<Record<Name, string>> } | { readonly damage: string } {
    const found = this.find(fingerprint)
    if (!found || 'damage' in found) return found ?? { damage: `${fingerprint} is not in the store` }
    const texts = {} as Record<Name, string>
    for (const name of names) {
      const [path, hash] = [join(this.path(fingerprint), name), found.manifest.files[name]]
      const content = hash === undefined ? Buffer.alloc(0) : contentOf(path)
      if (content === undefined || (hash !== undefined && hashOf(content) !== hash)) {
        this.forget(fingerprint)
        guarded(this.home, () => this.stamps.forget())
        return { damage: `\`${path}\` ${content === undefined ? 'cannot be read' : 'is not what was written'}` }
      }
      texts[name] = content.toString('utf8')
    }
    return { texts }
  }

  /** No more is written. */
  close(): void {
    this.stamps.close()
  }

  /** Publish a finished folder, whose files were written durably, under its fingerprint; an older result is replaced. Errors: RLP8201, RLP8202. */
  publish(folder: string, content: Omit<ManifestContent, 'files'>): Manifest {
    const { fingerprint } = content
    return guarded(folder, () => {
      const files: Record<string, string> = {}
      for (const file of filesIn(folder)) files[file] = hashFile(join(folder, file))
      const text = manifestText({ ...content, files })
      writeDurably(join(folder, 'manifest.json'), text)
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) if (entry.isDirectory()) syncFolder(join(entry.parentPath, entry.name))
      syncFolder(folder)
      this.remove(fingerprint)
      mkdirSync(join(this.home, 'store'), { recursive: true })
      renameSync(folder, this.path(fingerprint))
      for (const parent of [join(this.home, 'store'), dirname(folder)]) syncFolder(parent)
      const manifest = JSON.parse(text) as Manifest
      this.known.set(fingerprint, manifest)
      return manifest
    })
  }

  /** Remove a stored stage: at once out of sight, so that nobody meets half of it. */
  remove(fingerprint: string): void {
    this.forget(fingerprint)
    this.discard(this.path(fingerprint))
  }

  /** Forget what an interrupted run of a stage left. */
  clear(fingerprint: string): void {
    this.discard(this.work(fingerprint))
  }

  /** Remove what a killed process was removing. */
  emptyTrash(): void {
    guarded(this.home, () => rmSync(join(this.home, 'trash'), { recursive: true, force: true }))
  }

  private discard(folder: string): void {
    guarded(folder, () => {
      if (!existsSync(folder)) return
      const trash = join(this.home, 'trash')
      mkdirSync(trash, { recursive: true })
      const away = join(trash, `${process.pid}-${Math.random().toString(36).slice(2)}`)
      renameSync(folder, away)
      rmSync(away, { recursive: true, force: true })
    })
  }
}

function damageOf(path: string, hash: string): string | undefined {
  try {
    return hashFile(path) === hash ? undefined : `\`${path}\` is not what was written`
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT' ? `\`${path}\` is missing` : `\`${path}\` cannot be read`
  }
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function names(folder: string): string[] {
  return existsSync(folder) ? guarded(folder, () => readdirSync(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name)).sort() : []
}
