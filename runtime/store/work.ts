// What a stage keeps while it runs, in `work/FINGERPRINT`: one journal with the lines it wrote and the checkpoints it made.
// Continuing means: take the last checkpoint whose file is sound and forget all that the journal says after it,
// so weights, lines and position always belong together. Nothing in `work/` is ever taken for a result.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { guarded, writeFileAtomic } from '../checkpoint/atomic.js'
import { readSafetensors, safetensorsBytes, type StoredTensor } from '../checkpoint/safetensors.js'
import { hashFile } from './hash.js'
import type { Origins } from './manifest.js'
import { originsDifference } from './origins.js'
import { readRecords, RecordFile, type Records } from './records.js'

/** What must be the same for work to be continued. */
export interface WorkIdentity {
  readonly fingerprint: string
  readonly executor: string
  /** Of its kernels (`versionOf` of `../backends.ts`). */
  readonly version?: string | undefined
  readonly from: Origins
}

export const LINE_FILES = ['metrics.jsonl', 'samples.jsonl'] as const
export type LineFile = (typeof LINE_FILES)[number]

interface Line { readonly file: LineFile; readonly line: Readonly<Record<string, unknown>> }
interface CheckpointRecord {
  /** Name of the file in `checkpoints/`. */
  readonly checkpoint: string
  readonly sha256: string
  readonly steps: number
  readonly progress: unknown
  /** What `Keep.best` compares; null when the state does not take part. */
  readonly score: number | null
}
/** A part of the work that is not done twice, such as a wave of completions. */
interface PartRecord {
  readonly part: string
  readonly completions: number
  readonly value: unknown
}
interface Begin { readonly format: 1; readonly identity: WorkIdentity }

export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly progress: unknown
}

export interface Keep {
  /** The latest so many. */
  readonly last: number
  /** And the one whose score is best. */
  readonly best?: 'highest' | 'lowest' | undefined
}

export class Work {
  private constructor(
    private readonly folder: string,
    private readonly journal: RecordFile,
    private checkpoints: CheckpointRecord[],
    /** Lines up to the checkpoint that is continued from. */
    private written: readonly Line[],
    /** Parts that were kept, by name. */
    private readonly parts: Map<string, PartRecord>,
    /** To continue from. */
    readonly start: Checkpoint | undefined,
    /** What was there and could not be used, in words. */
    readonly problems: readonly string[],
  ) {}

  /** Open the work of a stage, or begin it; `best` as in `Keep`. Errors: RLP8201, RLP8202. */
  static open(folder: string, identity: WorkIdentity, best?: Keep['best']): Work {
    const problems: string[] = []
    let kept: readonly unknown[] = []
    let start: Checkpoint | undefined
    const journal = RecordFile.open(join(folder, 'journal'), (records) => {
      const usable = usableWork(folder, identity, records, problems, best)
      start = usable?.checkpoint
      kept = records.values.slice(0, usable?.count ?? 0)
      return kept.length
    })
    if (kept.length === 0) journal.append({ format: 1, identity } satisfies Begin)
    const work = new Work(folder, journal, kept.filter(isCheckpoint), kept.filter(isLine), new Map(kept.filter(isPart).map((record) => [record.part, record])), start, problems)
    work.removeExcept(new Set(work.checkpoints.map(({ checkpoint }) => checkpoint)))
    return work
  }

  /** Steps that were done when the work was left. */
  get steps(): number {
    return this.start ? (this.checkpoints.at(-1)?.steps ?? 0) : 0
  }

  /** Completions that were written when the work was left, and are still to be asked for. */
  get completions(): number {
    return [...this.parts.values()].reduce((sum, { completions }) => sum + completions, 0)
  }

  /** A part that was kept, given once; undefined when there is none of this name. */
  takePart(name: string): unknown {
    const found = this.parts.get(name)?.value
    this.parts.delete(name)
    return found
  }

  /** Keep a part of the work, durably. */
  keepPart(part: string, completions: number, value: unknown): void {
    this.journal.append({ part, completions, value } satisfies PartRecord)
    this.journal.sync()
  }

  /** The lines that the work begins with, given once. */
  takeWritten(): readonly Line[] {
    const lines = this.written
    this.written = []
    return lines
  }

  append(file: LineFile, line: Line['line']): void {
    this.journal.append({ file, line } satisfies Line)
  }

  /** Keep a state: the file first, then the record that makes it count. */
  save(steps: number, tensors: readonly StoredTensor[], progress: unknown, score: number | null, keep: Keep): void {
    const checkpoint = `${String(steps).padStart(8, '0')}.safetensors`
    const folder = join(this.folder, 'checkpoints')
    guarded(folder, () => mkdirSync(folder, { recursive: true }))
    const hash = createHash('sha256')
    writeFileAtomic(join(folder, checkpoint), hashed(safetensorsBytes(tensors, {}), hash))
    const record: CheckpointRecord = { checkpoint, sha256: hash.digest('hex'), steps, progress, score }
    this.journal.append(record)
    this.journal.sync()
    this.checkpoints.push(record)
    const best = bestOf(this.checkpoints, keep.best)
    this.removeExcept(new Set([...this.checkpoints.slice(-keep.last), ...(best ? [best] : [])].map((one) => one.checkpoint)))
  }

  /** The kept state with the best score, unless the later `rival` beats it or none has a score. */
  best(direction: NonNullable<Keep['best']>, rival: number | null): Checkpoint | 'damaged' | undefined {
    const record = bestOf(this.checkpoints, direction)
    if (!record || (rival !== null && better(record.score as number, rival, direction))) return undefined
    return load(this.folder, record) ?? 'damaged'
  }

  /** The texts of the files of lines as the stage wrote them so far, each line beginning with `head`. */
  texts(head: Readonly<Record<string, unknown>>): Record<LineFile, string> {
    const lines = readRecords(join(this.folder, 'journal')).values.filter(isLine)
    return Object.fromEntries(LINE_FILES.map((name) => [name, lines.filter(({ file }) => file === name).map(({ line }) => `${JSON.stringify({ ...head, ...line })}\n`).join('')])) as Record<LineFile, string>
  }

  close(): void {
    this.journal.close()
  }

  private removeExcept(kept: ReadonlySet<string>): void {
    const folder = join(this.folder, 'checkpoints')
    if (!existsSync(folder)) return
    for (const name of guarded(folder, () => readdirSync(folder))) if (!kept.has(name)) rmSync(join(folder, name), { force: true })
    this.checkpoints = this.checkpoints.filter(({ checkpoint }) => kept.has(checkpoint))
  }
}

/** How far the work has come that would be continued, and what stands against it; reads only. */
export function stateOfWork(folder: string, identity: WorkIdentity, best?: Keep['best']): { readonly steps: number; readonly completions: number; readonly problems: readonly string[] } {
  const problems: string[] = []
  const path = join(folder, 'journal')
  const records = existsSync(path) ? readRecords(path) : { values: [], lost: 0 }
  const usable = usableWork(folder, identity, records, problems, best)
  const completions = records.values.slice(0, usable?.count ?? 0).filter(isPart).reduce((sum, one) => sum + one.completions, 0)
  return { steps: usable?.steps ?? 0, completions, problems }
}

/** How many records of a journal are to be kept, and the checkpoint that they end with; undefined when none is worth it. */
function usableWork(folder: string, identity: WorkIdentity, { values, lost }: Records, problems: string[], best: Keep['best']): { checkpoint?: Checkpoint; count: number; steps: number } | undefined {
  if (lost > 0) problems.push(`\`${join(folder, 'journal')}\` is torn or damaged: its last ${lost} bytes are left out`)
  const [begin] = values as [Begin?]
  if (!begin) return undefined
  if (!values.some((record) => isCheckpoint(record) || isPart(record))) return undefined
  const obstacle = differenceOf(begin, identity)
  if (obstacle !== undefined) {
    problems.push(obstacle)
    return undefined
  }
  for (let i = values.length - 1; i > 0; i--) {
    const record = values[i]
    if (!isCheckpoint(record)) continue
    const checkpoint = load(folder, record)
    // The best so far is half of the result: without it, going on would end in nothing.
    const chosen = checkpoint && bestOf(values.slice(0, i + 1).filter(isCheckpoint), best)
    if (chosen && chosen !== record && !load(folder, chosen)) {
      problems.push(`the best checkpoint \`${join(folder, 'checkpoints', chosen.checkpoint)}\` is missing or not what was written`)
      return undefined
    }
    if (checkpoint) return { checkpoint, count: i + 1, steps: record.steps }
    // Older ones are removed as the stage goes on: only a file that is there, or the latest, is missed.
    const path = join(folder, 'checkpoints', record.checkpoint)
    if (existsSync(path)) problems.push(`the checkpoint \`${path}\` is not what was written`)
    else if (!values.slice(i + 1).some(isCheckpoint)) problems.push(`the checkpoint \`${path}\` is missing`)
  }
  // Parts come before all lines of a stage that keeps no checkpoints: lines are written anew.
  const end = values.findIndex((record, i) => i > 0 && !isPart(record))
  const count = end < 0 ? values.length : end
  return count > 1 ? { count, steps: 0 } : undefined
}

function differenceOf({ format, identity: { fingerprint, executor, version, from } }: Begin, now: WorkIdentity): string | undefined {
  if (format !== 1 || fingerprint !== now.fingerprint) return 'the interrupted work belongs to another stage or version of rlpc'
  if (executor !== now.executor) return `the interrupted work was computed by \`${executor}\`, this run uses \`${now.executor}\``
  if (version !== now.version) return `the interrupted work was computed by ${versionText(executor, version)}, this run uses ${versionText(executor, now.version)}`
  return originsDifference(from, now.from)
}

/** An executor and its version, for people. */
export const versionText = (executor: string, version: string | undefined): string => (version === undefined ? `another version of \`${executor}\`` : `\`${executor}\` ${version}`)

/** Undefined when the file is missing or not what was written. */
function load(folder: string, { checkpoint, sha256, progress }: CheckpointRecord): Checkpoint | undefined {
  const path = join(folder, 'checkpoints', basename(checkpoint))
  try {
    return hashFile(path) === sha256 ? { tensors: readSafetensors(path).tensors, progress } : undefined
  } catch {
    return undefined
  }
}

function bestOf(checkpoints: readonly CheckpointRecord[], direction: Keep['best']): CheckpointRecord | undefined {
  if (direction === undefined) return undefined
  const scored = checkpoints.filter(({ score }) => score !== null)
  return scored.reduce<CheckpointRecord | undefined>((best, one) => (best === undefined || better(best.score as number, one.score as number, direction) ? one : best), undefined)
}

/** Whether a later score beats an earlier one; of equals the earlier stays. */
function better(earlier: number, later: number, direction: NonNullable<Keep['best']>): boolean {
  return direction === 'highest' ? later > earlier : later < earlier
}

const isLine = (record: unknown): record is Line => (record as Partial<Line>).file !== undefined
const isPart = (record: unknown): record is PartRecord => (record as Partial<PartRecord>).part !== undefined
const isCheckpoint = (record: unknown): record is CheckpointRecord => (record as Partial<CheckpointRecord>).checkpoint !== undefined

function* hashed(bytes: Iterable<Uint8Array>, hash: { update(piece: Uint8Array): unknown }): Iterable<Uint8Array> {
  for (const piece of bytes) {
    hash.update(piece)
    yield piece
  }
}
