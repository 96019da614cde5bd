// Breaks runs and lets them go on: whatever happened, the end must be the same bytes as those of a run that nothing happened to.
// One baseline for all; every case has a folder of its own. What a case does is drawn from the seed alone.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { randomKey, uniform } from '../../random.js'
import { sizeOf } from '../../store/clean.js'
import { filesIn, hashFile } from '../../store/hash.js'
import { Store } from '../../store/store.js'
import { copyRows, LETTERS, PlanBuilder, tinyModel } from '../plans.js'
import type { Told } from './child.js'
import type { Fault } from './faults.js'

const child = fileURLToPath(new URL('child.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** What a run left that must not depend on what happened to it: hashes of all outputs, lines without their times, metrics. */
type Bytes = Readonly<Record<string, string>>

export interface Case {
  readonly what: string
  /** Kills that it took. */
  readonly kills: number
  /** In words what is wrong; undefined when all is well. */
  readonly problem: string | undefined
}

interface Ended {
  readonly told: Told | undefined
  readonly killed: boolean
  readonly errors: string
  /** Milliseconds after `begun`. */
  readonly lasted: number
}

/** Two stages that learn, with saves between their steps, one that writes two waves of completions, and one that measures. */
export function twoStages(steps = 8): PlanBuilder {
  const model = tinyModel(LETTERS)
  return new PlanBuilder({ m: model })
    .sft('copy', model, { model: 'm' }, copyRows, { steps, every: 2, best: 'lowest loss' })
    .exactReward('answer')
    .grpo('practice', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' } }, { steps, size: 3, every: 3 })
    .completing('write', 'Generate', model, { policy: { stage: 'practice', output: 'policy' }, prompts: copyRows }, { samples: 10, temperature: 1, maxNew: 2 })
    .completing('exam', 'Evaluate', model, { policy: { stage: 'practice', output: 'policy' }, data: copyRows, score: { reward: 'answer', term: 'correct' } })
}

const NO_FAULT: Fault = { what: 'none', at: 0, share: 0 }

export class Harness {
  private baseline: { bytes: Bytes; changes: number; lasted: number; size: number } | undefined
  private readonly plan: string
  private drawn = 0

  private constructor(
    private readonly folder: string,
    private readonly seed: number,
  ) {
    this.plan = join(folder, 'plan.json')
    writeFileSync(this.plan, JSON.stringify(twoStages().plan()))
  }

  /** Make the baseline, give the harness to `body`, clean up. */
  static async with<T>(seed: number, body: (harness: Harness) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-fault-'))
    try {
      const harness = new Harness(folder, seed)
      const home = join(folder, 'baseline')
      const ended = await harness.run(home, NO_FAULT)
      if (ended.told?.outcome !== 'done') throw new Error(`the baseline failed: ${JSON.stringify(ended.told?.codes)}\n${ended.errors}`)
      harness.baseline = { bytes: bytesOf(home, ended.told), changes: ended.told.changes, lasted: ended.lasted, size: sizeOf(home) }
      return await body(harness)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** Kill a run at random moments, up to `most` times in a row, and let it end. */
  kills(most: number): Promise<Case> {
    const wanted = 1 + Math.floor(this.draw() * Math.min(4, most))
    const done: string[] = []
    return this.inHome(`${wanted} kills`, async (home) => {
      while (done.length < wanted) {
        const way = this.draw()
        const share = this.draw()
        const at = 1 + Math.floor(this.draw() * this.base.changes)
        // A third from outside at any time, the rest at a change of the file system, half of those with what was not synchronised lost.
        const fault: Fault = way < 1 / 3 ? NO_FAULT : { what: way < 2 / 3 ? 'kill' : 'power', at, share }
        const ended = await this.run(home, fault, way < 1 / 3 ? share * this.base.lasted : undefined)
        if (!ended.killed && ended.told?.outcome !== 'done') return { problem: `run ${done.length + 1} ended as ${why(ended)}`, what: done.join(', '), kills: done.length }
        // A run that ended before its moment came: nothing is left to kill.
        if (!ended.killed) break
        done.push(fault.what === 'none' ? `kill after ${Math.round(share * this.base.lasted)} ms` : `${fault.what} at change ${at}`)
      }
      return { problem: await this.goesOn(home), what: done.join(', '), kills: done.length }
    })
  }

  /** The disk is full, or turns read-only, at a random change: the run says so, and goes on when there is room. */
  refusal(what: 'full' | 'readonly'): Promise<Case> {
    const at = 1 + Math.floor(this.draw() * this.base.changes)
    const share = this.draw()
    return this.inHome(`${what} at change ${at}`, async (home) => {
      const ended = await this.run(home, { what, at, share })
      const expected = what === 'full' ? 'RLP8201' : 'RLP8202'
      const said = ended.told?.outcome === 'failed' && ended.told.codes.includes(expected)
      return { problem: said ? await this.goesOn(home) : `it ended as ${why(ended)}, expected ${expected}` }
    })
  }

  /** A real file system that is too small for the run, and then large enough; undefined where none may be mounted (Linux, user namespaces). */
  fullDisk(): Promise<Case> | undefined {
    if (spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status !== 0) return undefined
    const size = 16 + Math.floor(this.draw() * (this.base.size / 1024 - 16))
    return this.inHome(`disk of ${size} KiB`, async (home) => {
      const copy = `${home}-copy`
      const script = 'mount -t tmpfs -o size=$1k none "$2"; shift; home=$1; shift; copy=$1; shift; "$@"; mount -o remount,size=256m none "$home"; "$@"; cp -r "$home" "$copy"'
      const command = [process.execPath, '--import', tsx, child, this.plan, home, JSON.stringify(NO_FAULT)]
      const output = await outputOf('unshare', ['-rm', 'sh', '-c', script, 'sh', String(size), home, copy, ...command])
      const [first, second] = output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Told)
      if (!first || !second) return { problem: `it crashed: ${output.split('\n').slice(-8).join('\n')}` }
      if (first.outcome !== 'failed' || !first.codes.includes('RLP8201')) return { problem: `it ended as ${first.outcome} ${first.codes.join(' ')}, expected RLP8201` }
      const problem = second.outcome === 'done' ? this.differences(copy, second) : `it did not go on: ${second.codes.join(' ')}`
      rmSync(copy, { recursive: true })
      return { problem }
    })
  }

  /** A file of an interrupted or finished run is cut or has a bit flipped: the end is the same, or the run says why it cannot go on. */
  damage(): Promise<Case> {
    const [at, pick, place, way] = [this.draw(), this.draw(), this.draw(), this.draw()]
    return this.inHome('damage', async (home) => {
      // Somewhere in the second half there is a result, a journal and checkpoints at once.
      const ended = await this.run(home, { what: 'kill', at: Math.floor(this.base.changes * (0.3 + 0.7 * at)), share: 0.5 })
      const files = filesIn(home).filter((file) => !file.startsWith('locks/'))
      const file = files[Math.floor(pick * files.length)] as string
      const content = readFileSync(join(home, file))
      const what = `${way < 0.3 ? 'cut' : 'flipped bit in'} ${file.replace(/[0-9a-f]{64}/, (hash) => hash.slice(0, 8))}`
      if (content.length > 0 && way < 0.3) truncateSync(join(home, file), Math.floor(place * content.length))
      else if (content.length > 0) {
        const byte = Math.floor(place * content.length)
        content[byte] = (content[byte] as number) ^ (1 << Math.floor(way * 8))
        writeFileSync(join(home, file), content)
      }
      return { problem: await this.goesOn(home), what, kills: ended.killed ? 1 : 0 }
    })
  }

  /** The run goes on undisturbed and ends with the bytes of the baseline; undefined when it does. */
  private async goesOn(home: string): Promise<string | undefined> {
    const ended = await this.run(home, NO_FAULT)
    return ended.told?.outcome === 'done' ? this.differences(home, ended.told) : `it did not go on: ${why(ended)}`
  }

  private differences(home: string, told: Told): string | undefined {
    const damaged = new Store(home).list().flatMap((fingerprint) => {
      const found = new Store(home).verify(fingerprint)
      return found && 'damage' in found ? [found.damage] : []
    })
    if (damaged.length > 0) return damaged.join('; ')
    const found = bytesOf(home, told)
    const names = [...new Set([...Object.keys(found), ...Object.keys(this.base.bytes)])]
    const other = names.filter((name) => found[name] !== this.base.bytes[name])
    return other.length === 0 ? undefined : `other bytes than without the fault: ${other.join(', ')}`
  }

  private async inHome(what: string, body: (home: string) => Promise<Partial<Case>>): Promise<Case> {
    const home = mkdtempSync(join(this.folder, 'home-'))
    try {
      return { what, kills: 0, problem: undefined, ...(await body(home)) }
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }

  private get base(): NonNullable<Harness['baseline']> {
    if (!this.baseline) throw new RangeError('no baseline yet')
    return this.baseline
  }

  private draw(): number {
    return uniform(randomKey(this.seed, 'faults'), this.drawn++)
  }

  /** `killAfter`: milliseconds after it began. */
  private run(home: string, fault: Fault, killAfter?: number): Promise<Ended> {
    return new Promise((resolve) => {
      const started = spawn(process.execPath, ['--import', tsx, child, this.plan, home, JSON.stringify(fault)], { stdio: ['ignore', 'pipe', 'pipe'] })
      let [output, errors, begun] = ['', '', 0]
      started.stdout.on('data', (text: Buffer) => {
        if (begun === 0) {
          begun = performance.now()
          if (killAfter !== undefined) setTimeout(() => started.kill('SIGKILL'), killAfter).unref()
        }
        output += text.toString()
      })
      started.stderr.on('data', (text: Buffer) => (errors += text.toString()))
      started.on('close', (code, signal) => {
        const last = output.trimEnd().split('\n').at(-1) ?? ''
        resolve({ told: code === 0 && last.startsWith('{') ? (JSON.parse(last) as Told) : undefined, killed: signal === 'SIGKILL', errors, lasted: performance.now() - begun })
      })
    })
  }
}

/** Everything that a command writes. */
function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const started = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
    started.on('close', () => resolve(output))
  })
}

function bytesOf(home: string, { run, metrics }: Told): Bytes {
  const store = new Store(home)
  const bytes: Record<string, string> = { metrics: JSON.stringify(metrics) }
  for (const fingerprint of store.list()) {
    for (const file of filesIn(store.path(fingerprint))) {
      const path = join(store.path(fingerprint), file)
      if (file !== 'manifest.json') bytes[relative(store.home, path)] = file.endsWith('metrics.jsonl') ? timeless(path) : hashFile(path)
    }
  }
  for (const file of ['metrics.jsonl', 'samples.jsonl']) bytes[`run/${file}`] = timeless(join(home, 'runs', run, file))
  for (const folder of ['work', 'trash', 'locks']) bytes[folder] = filesOrNone(join(home, folder))
  return bytes
}

/** Nothing may be left in the folders where work is done. */
function filesOrNone(folder: string): string {
  try {
    return readdirSync(folder).join()
  } catch {
    return ''
  }
}

/** Lines without what depends on the clock. */
function timeless(path: string): string {
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.stringify({ ...(JSON.parse(line) as object), time: 0 })).join('\n')
}

function why({ told, killed, errors }: Ended): string {
  return told ? `${told.outcome} ${told.codes.join(' ')}` : `${killed ? 'killed' : 'crashed'} ${errors.trim().split('\n').slice(-8).join('\n')}`
}
