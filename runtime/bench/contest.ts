// One row of the table: a process for each side, taking turns, so that both see the same machine; the first of a side's turns in a row do not count.
// Does not know what a side does; a side is a process that answers every line with one turn (`ours/turns.ts`, `torch/turns.py`).

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Row } from './rows.js'

/** The fastest of the turns of one side: milliseconds by the clock, and of all processors together; mebibytes that it grew to, over what its libraries take. */
export interface Times {
  readonly ms: number
  readonly cpu: number
  readonly mib: number
}

export interface Outcome {
  readonly row: Row
  readonly threads: number
  readonly ours: Times
  /** A text where there is no other side, or why it did not run. */
  readonly theirs: Times | string
}

interface Turn {
  readonly ms: number
  readonly cpu: number
  readonly mib: number
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const python = process.env['RLPC_PYTHON'] ?? 'python3'

/** Milliseconds of turns that do not count, before each one that does: steps of a training follow each other, and threads of OpenMP that go on spinning after the other side's turn would take a core for some 5 ms. */
const SETTLE = 20

/** Exit status of a side whose libraries are missing. */
const NOT_INSTALLED = 3

class Side {
  private readonly lines: AsyncIterator<string>
  private readonly status: Promise<number | null>
  private errors = ''
  best: Times | undefined

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    this.status = new Promise((done) => child.on('close', done).on('error', () => done(NOT_INSTALLED)))
    child.stderr.on('data', (text: Buffer) => (this.errors = (this.errors + text.toString()).slice(-4000)))
    child.stdin.on('error', () => {})
  }

  /** Takes so many turns. False when the process has ended. */
  async take(turns: number): Promise<boolean> {
    for (let i = 0; i < turns; i++) {
      this.child.stdin.write('\n')
      const { value, done } = await this.lines.next()
      if (done) return false
      const turn = JSON.parse(value as string) as Turn
      this.best = { ms: Math.min(turn.ms, this.best?.ms ?? Infinity), cpu: Math.min(turn.cpu, this.best?.cpu ?? Infinity), mib: Math.max(turn.mib, this.best?.mib ?? 0) }
    }
    return true
  }

  /** One turn after others that do not count. False when the process has ended. */
  async turn(): Promise<boolean> {
    const { best } = this
    const start = performance.now()
    do if (!(await this.take(1))) return false
    while (performance.now() - start < SETTLE)
    this.best = best
    return this.take(1)
  }

  /** Lets it end; undefined when it went well, or why not. */
  async end(): Promise<string | undefined> {
    this.child.stdin.end()
    const status = await this.status
    return status === 0 ? undefined : status === NOT_INSTALLED ? 'not installed' : `failed: ${/^\w*Error.*$/m.exec(this.errors)?.[0] ?? this.errors.trim()}`
  }
}

/** Times both sides `rounds` times in turn, for as long as `seconds` allow but twice at least. `folder` holds what both sides read. Throws when our side fails. */
export async function contest(row: Row, threads: number, folder: string, { rounds, seconds }: { readonly rounds: number; readonly seconds: number }): Promise<Outcome> {
  const task = JSON.stringify({ row, threads, folder })
  const environment = { ...process.env, OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false', CUDA_VISIBLE_DEVICES: '' }
  const ours = new Side(spawn(process.execPath, ['--import', 'tsx', here(`ours/${row.job}.ts`), task], { env: environment }))
  const theirs = row.against ? new Side(spawn(python, [here(`torch/${row.job}.py`), task], { env: environment })) : undefined
  let both = theirs !== undefined
  // The first turns of both compile, allocate and fill caches.
  const alive = (await ours.take(2)) && (both &&= (await theirs?.take(2)) ?? false, true)
  ours.best = undefined
  if (theirs && both) theirs.best = undefined
  const end = performance.now() + seconds * 1000
  for (let round = 0; alive && round < rounds && (round < 2 || performance.now() < end); round++) {
    await ours.turn()
    if (both) both = (await theirs?.turn()) ?? false
  }
  const fault = await ours.end()
  if (fault !== undefined || !ours.best) throw new Error(`${row.name}: our side ${fault ?? 'took no turn'}`)
  const other = (await theirs?.end()) ?? theirs?.best ?? 'nothing to compare with'
  return { row, threads, ours: ours.best, theirs: other }
}
