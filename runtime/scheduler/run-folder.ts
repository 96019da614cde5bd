// The folder of one run, `runs/ID`: its plan, the lines of all its stages, its journal, its result.
// Lines are for people and tools to read while it goes on; what counts for continuing a stage is in `work/`.

import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { sealed } from '../../spec/plan/sealed.js'
import { guarded, writeFileAtomic } from '../checkpoint/atomic.js'
import { failure } from '../codes.js'
import { readRecords, RecordFile } from '../store/records.js'
import { LINE_FILES, type LineFile } from '../store/work.js'
import type { ClaimOutcome, RunResult, StageOutcome } from './events.js'
import { readPlan } from './read-plan.js'

/** The first record of a run's journal. */
interface Begun {
  readonly begun: string
  /** SHA-256 of `plan.json`. */
  readonly plan: string
  readonly executor: string
  /** Folder of the spec, from the `.rlp` folder. */
  readonly root: string
  /** File of the spec in that folder, where the run was told. */
  readonly spec?: string
}
/** A claim was checked, or a gate decided. */
interface Decided { readonly claim: ClaimOutcome }
export interface StageEnded extends Pick<StageOutcome, 'status' | 'seconds' | 'because'> {
  readonly stage: string
  readonly code?: string
}
interface Ended { readonly ended: RunResult['outcome'] }

export class RunFolder {
  private constructor(
    readonly id: string,
    readonly path: string,
    private readonly journal: RecordFile,
  ) {}

  /** Make the folder of the next run. Errors: RLP8201, RLP8202. */
  static create(home: string, plan: Plan, { executor, root, spec }: { readonly executor: string; readonly root: string; readonly spec?: string | undefined }): RunFolder {
    const runs = join(home, 'runs')
    const { id, path } = guarded(runs, () => {
      mkdirSync(runs, { recursive: true })
      const id = nextId(readdirSync(runs))
      mkdirSync(join(runs, id))
      return { id, path: join(runs, id) }
    })
    const text = sealed(plan)
    writeFileAtomic(join(path, 'plan.json'), text)
    for (const file of LINE_FILES) guarded(path, () => appendFileSync(join(path, file), ''))
    const journal = RecordFile.open(join(path, 'journal'))
    journal.append({ begun: new Date().toISOString(), plan: sha256(text), executor, root: relative(home, root), ...(spec === undefined ? {} : { spec }) } satisfies Begun)
    journal.sync()
    return new RunFolder(id, path, journal)
  }

  /** Append lines of a stage. */
  lines(file: LineFile, stage: string, lines: readonly object[]): void {
    if (lines.length === 0) return
    const path = join(this.path, file)
    // Stored lines name the stage that made them: the name comes first, and is the one of this run.
    const name = { stage }
    guarded(path, () => appendFileSync(path, lines.map((line) => `${JSON.stringify({ ...name, ...line, ...name })}\n`).join('')))
  }

  /** Append the lines of a stored stage, so that a run's files are complete by themselves. */
  copyLines(texts: Readonly<Record<LineFile, string>>, stage: string): void {
    for (const file of LINE_FILES) {
      this.lines(file, stage, texts[file].split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as object))
    }
  }

  stageEnded({ address, status, error, seconds, because }: StageOutcome): void {
    this.journal.append({ stage: address, status, seconds, ...(error ? { code: error.code } : {}), ...(because === undefined ? {} : { because }) } satisfies StageEnded)
  }

  decided(claim: ClaimOutcome): void {
    this.journal.append({ claim } satisfies Decided)
  }

  /** Where a fault of our own is told in full. */
  logFault(stage: string, text: string): string {
    const log = join(this.path, 'errors.log')
    guarded(log, () => appendFileSync(log, `${stage}: ${text}\n`))
    return log
  }

  ended(result: RunResult): void {
    writeFileAtomic(join(this.path, 'result.json'), resultText(result))
    this.journal.append({ ended: result.outcome } satisfies Ended)
    this.journal.sync()
  }

  close(): void {
    this.journal.close()
  }
}

export interface PastRun {
  readonly id: string
  readonly plan: Plan
  readonly executor: string
  /** Folder of the spec, absolute. */
  readonly root: string
  /** File of the spec in that folder; undefined where the run was not told. */
  readonly spec: string | undefined
  /** `killed`: it never came to its end. */
  readonly outcome: RunResult['outcome'] | 'killed'
}

/** Ids of all runs, oldest first. */
export function runIds(home: string): string[] {
  const runs = join(home, 'runs')
  return existsSync(runs) ? guarded(runs, () => readdirSync(runs)).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b)) : []
}

/** What a past run was. Errors: RLP8207 when what it left is damaged, RLP8202. */
export function readRun(home: string, id: string): PastRun {
  const folder = join(home, 'runs', id)
  const records = readRecords(join(folder, 'journal')).values
  const begun = records[0] as Begun | undefined
  const path = join(folder, 'plan.json')
  if (!begun || !existsSync(path)) throw failure('RLP8207', `run ${id} stopped before it began, or its files are gone`, 'run the spec again: what its stages kept is found by their meaning')
  const text = guarded(path, () => readFileSync(path, 'utf8'))
  const read = sha256(text) === begun.plan ? readPlan(text, { vouched: true }) : { problem: 'it is not what was written' }
  if ('problem' in read) throw failure('RLP8207', `\`${path}\` is damaged: ${read.problem}`, 'run the spec again: what its stages kept is found by their meaning')
  const ended = records.find((record): record is Ended => (record as Partial<Ended>).ended !== undefined)
  return { id, plan: read.plan, executor: begun.executor, root: resolve(home, begun.root), spec: begun.spec, outcome: ended?.ended ?? 'killed' }
}

/** What a past run came to, as far as it came. */
export interface Came {
  /** Address → how the stage ended. */
  readonly stages: ReadonlyMap<string, StageEnded>
  /** Name → verdict of a claim that was checked, or a gate that was decided. */
  readonly claims: ReadonlyMap<string, ClaimOutcome>
}

/** Errors: RLP8202. */
export function cameTo(home: string, id: string): Came {
  const records = readRecords(join(home, 'runs', id, 'journal')).values as readonly Partial<StageEnded & Decided>[]
  return {
    stages: new Map(records.flatMap((record): [string, StageEnded][] => (record.stage !== undefined && record.status !== undefined ? [[record.stage, record as StageEnded]] : []))),
    claims: new Map(records.flatMap(({ claim }): [string, ClaimOutcome][] => (claim === undefined ? [] : [[claim.name, claim]]))),
  }
}

/** A result as JSON, `spec/schemas/result.schema.json`; ends with a newline. */
export const resultText = (result: RunResult): string => `${JSON.stringify({ format: 1, ...result }, null, 2)}\n`

/** `0001`, `0002`, … */
function nextId(existing: readonly string[]): string {
  const last = existing.reduce((most, name) => Math.max(most, Number.parseInt(name, 10) || 0), 0)
  return String(last + 1).padStart(4, '0')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
