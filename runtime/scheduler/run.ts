// Runs a plan: every stage once, in order; what is stored is reused, what fails stops only what needs it.
// Knows stages, folders and events; what a stage does is the engine's.

import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '../../spec/plan/canonical.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { guarded, writeDurably, writeFileAtomic } from '../checkpoint/atomic.js'
import { writeModelFolder } from '../checkpoint/folder.js'
import { readSafetensors, safetensorsBytes } from '../checkpoint/safetensors.js'
import { failure } from '../codes.js'
import { kinds } from '../engines/native/kinds.js'
import type { Progress, StageResult, StageRun } from '../engines/native/stage.js'
import type { Executor } from '../executors/executor.js'
import { HostError } from '../host.js'
import { Artefacts } from './artefacts.js'
import { checkClaim } from './claims.js'
import type { RunError, RunEvent, RunResult, StageOutcome } from './events.js'
import { copyLines, Journal } from './journal.js'
import { lock } from './lock.js'
import { runOrder } from './order.js'
import { preflight } from './preflight.js'
import { Store } from './store.js'

/** A running stage keeps its state at least this often, so that a kill costs little. Milliseconds. */
const SAVE_EVERY = 60_000

export interface RunOptions {
  /** Folder of the spec: relative paths of data and models start there. */
  readonly root: string
  /** The `.rlp` folder: `store/`, `work/`, `runs/`. */
  readonly home: string
  readonly executor: Executor
  /** Make every stage again, whatever is stored. */
  readonly fresh?: boolean
  readonly report?: (event: RunEvent) => void
  /** Aborting it stops the run after the current step; running again continues. */
  readonly signal?: AbortSignal
  /** Milliseconds, for rates and for when to save; the default is the system's clock. */
  readonly now?: () => number
}

/** Run a plan to its end. Never throws on what a user can cause: failures of stages, and of the run itself, are in the result. */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunResult> {
  let unlock = () => {}
  try {
    refuse(plan)
    unlock = lock(options.home)
    return await new Run(plan, options).all()
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause
    return { id: '', folder: options.home, outcome: 'failed', stages: [], claims: [], error: known(cause) }
  } finally {
    unlock()
  }
}

/** Before anything runs: a plan with a stage that nothing here can run would stop halfway. Errors: RLP8012. */
function refuse({ stages, variant }: Plan): void {
  const without = stages.filter(({ engine }) => engine === null)
  const [first] = without
  if (!first) return
  const others = without.length === 1 ? '' : ` and ${without.length - 1} more`
  throw failure('RLP8012', `no engine can run ${first.address}${others}: ${first.obstacle ?? 'none was found'}`, variant === null ? 'use a variant with a smaller model (`--variant mini`), or change the model' : 'use a smaller model')
}

class Run {
  private readonly store: Store
  private readonly artefacts: Artefacts
  private readonly id: string
  private readonly folder: string
  private readonly outcomes = new Map<string, StageOutcome>()
  private readonly made = new Set<string>()
  private readonly now: () => number

  constructor(
    private readonly plan: Plan,
    private readonly options: RunOptions,
  ) {
    this.store = new Store(options.home)
    this.artefacts = new Artefacts(plan, this.store, options.root)
    this.now = options.now ?? (() => performance.now())
    const runs = join(options.home, 'runs')
    this.id = guarded(runs, () => {
      mkdirSync(runs, { recursive: true })
      const id = nextId(readdirSync(runs))
      mkdirSync(join(runs, id))
      return id
    })
    this.folder = join(runs, this.id)
    writeFileAtomic(join(this.folder, 'plan.json'), `${canonicalJson(plan)}\n`)
    for (const file of ['metrics.jsonl', 'samples.jsonl']) writeDurably(join(this.folder, file), '')
  }

  async all(): Promise<RunResult> {
    const order = runOrder(this.plan.stages)
    this.tell({ type: 'run', id: this.id, folder: this.folder, stages: order.map(({ address }) => address) })
    const problems = await preflight(this.plan, order.filter((stage) => !this.stored(stage)), { dataset: (value) => this.artefacts.dataset(value), reader: (policy) => this.artefacts.reader(policy) })
    for (const stage of order) {
      const outcome = problems.size > 0 ? this.withheld(stage, problems.get(stage.address)) : await this.one(stage)
      this.outcomes.set(stage.address, outcome)
      this.tell({ type: 'finished', stage: stage.address, outcome })
    }
    const stages = [...this.outcomes.values()]
    const claims = this.plan.claims.map((claim) => checkClaim(claim, (stage, metric) => this.outcomes.get(stage)?.metrics[metric]))
    const outcome = stages.some(({ status }) => status === 'failed') ? 'failed' : stages.every(({ status }) => status === 'done' || status === 'reused') ? 'done' : 'stopped'
    const result: RunResult = { id: this.id, folder: this.folder, outcome, stages, claims }
    writeFileAtomic(join(this.folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`)
    return result
  }

  /** Whether an earlier run made it with this executor, so that it will be reused unless it is damaged. */
  private stored({ fingerprint }: StagePlan): boolean {
    return this.options.fresh !== true && this.store.madeBy(fingerprint) === this.options.executor.name
  }

  /** The outcome of a stage of a run that does not start because data is wrong: all problems are told at once. */
  private withheld({ address, kind, needs }: StagePlan, error: RunError | undefined): StageOutcome {
    const nothing = { address, kind, metrics: {}, seconds: 0 }
    if (error) return { ...nothing, status: 'failed', error }
    const cause = needs.map((need) => this.outcomes.get(need)).find((need) => need?.status === 'failed' || need?.status === 'skipped')
    return cause ? { ...nothing, status: 'skipped', because: cause.because ?? cause.address } : { ...nothing, status: 'stopped' }
  }

  private async one(stage: StagePlan): Promise<StageOutcome> {
    const { address, kind, fingerprint } = stage
    const missing = stage.needs.map((need) => this.outcomes.get(need)).find((need) => need && need.status !== 'done' && need.status !== 'reused')
    if (missing) return { address, kind, status: 'skipped', metrics: {}, seconds: 0, because: missing.because ?? missing.address }
    if (this.options.signal?.aborted) return { address, kind, status: 'stopped', metrics: {}, seconds: 0 }
    const start = this.now()
    try {
      const found = this.options.fresh && !this.made.has(fingerprint) ? undefined : this.store.find(fingerprint)
      if (found && 'damage' in found) this.tell({ type: 'note', stage: address, code: 'RLP8203', message: `${found.damage}; the stage is made again` })
      if (found && 'manifest' in found && found.manifest.executor === this.options.executor.name) {
        copyLines(this.store.path(fingerprint), this.folder, address)
        return { address, kind, status: 'reused', metrics: found.manifest.metrics, seconds: (this.now() - start) / 1000 }
      }
      const metrics = await this.make(stage)
      this.made.add(fingerprint)
      return { address, kind, status: 'done', metrics, seconds: (this.now() - start) / 1000 }
    } catch (cause) {
      const error = this.errorOf(address, cause)
      return { address, kind, status: error.code === 'RLP8002' ? 'stopped' : 'failed', metrics: {}, seconds: (this.now() - start) / 1000, error }
    }
  }

  /** Run a stage in its work folder and publish what it made. */
  private async make(stage: StagePlan): Promise<Readonly<Record<string, number>>> {
    const { address, kind, fingerprint } = stage
    const run = kinds[kind]
    if (!run) throw new RangeError(`the native engine cannot run the kind ${kind}`)
    const work = this.store.work(fingerprint)
    const checkpoint = join(work, 'checkpoint.safetensors')
    const saved = this.options.fresh ? undefined : readCheckpoint(checkpoint, this.options.executor.name)
    if (!saved) this.store.clear(fingerprint)
    const from = saved?.progress.updates ?? 0
    this.tell({ type: 'started', stage: address, kind, from })
    const result = await run(this.stageRun(stage, checkpoint, saved, new Journal(address, work, this.folder, from)))
    rmSync(checkpoint, { force: true })
    const outputs = writeOutputs(work, result)
    this.store.publish({ fingerprint, kind, madeBy: { stage: address, run: this.id }, executor: this.options.executor.name, metrics: result.metrics, outputs })
    return result.metrics
  }

  private stageRun(stage: StagePlan, checkpoint: string, saved: ReturnType<typeof readCheckpoint>, journal: Journal): StageRun {
    const { address } = stage
    const { signal, executor, root } = this.options
    const start = this.now()
    const from = saved?.progress.updates ?? 0
    let savedAt = start
    return {
      plan: this.plan,
      stage,
      executor,
      root,
      openDataset: (value) => this.artefacts.dataset(value),
      openPolicy: (value) => this.artefacts.policy(value),
      openModel: (value) => this.artefacts.model(value),
      metric: (of, metric) => this.outcomes.get(of)?.metrics[metric] ?? NaN,
      step: (step, steps, metrics) => {
        const seconds = (this.now() - start) / 1000
        journal.metrics(step, metrics, { seconds })
        const rate = (step - from) / Math.max(seconds, 1e-9)
        this.tell({ type: 'step', stage: address, step, steps, metrics, rate, left: (steps - step) / rate })
      },
      tick: (what, done, of) => this.tell({ type: 'tick', stage: address, what, done, of }),
      sample: (line) => journal.sample(line),
      stopping: () => signal?.aborted === true,
      saveDue: () => this.now() - savedAt >= SAVE_EVERY,
      save: (tensors, progress) => {
        savedAt = this.now()
        journal.sync()
        writeFileAtomic(checkpoint, safetensorsBytes(tensors, { executor: executor.name, progress: JSON.stringify(progress) }))
      },
      saved: () => saved,
    }
  }

  private errorOf(stage: string, cause: unknown): RunError {
    if (cause instanceof HostError) return known(cause)
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const log = join(this.folder, 'errors.log')
    appendFileSync(log, `${stage}: ${error.stack ?? error.message}\n`)
    return { code: 'RLP8001', message: error.message, help: `this is a fault of rlpc; please report it with \`${log}\`` }
  }

  private tell(event: RunEvent): void {
    this.options.report?.(event)
  }
}

function known({ code, message, help }: HostError): RunError {
  return { code, message, ...(help === undefined ? {} : { help }) }
}

function readCheckpoint(path: string, executor: string): ReturnType<StageRun['saved']> {
  try {
    const { tensors, metadata } = readSafetensors(path)
    return metadata['executor'] !== executor ? undefined : { tensors, progress: JSON.parse(metadata['progress'] ?? '') as Progress }
  } catch {
    // Absent or damaged, or of an executor with other numbers: the stage starts anew.
    return undefined
  }
}

function writeOutputs(work: string, { policies = {}, datasets = {} }: StageResult): Record<string, string> {
  const outputs: Record<string, string> = {}
  for (const [name, { at, weights }] of Object.entries(policies)) {
    writeModelFolder(join(work, name), at.model, weights, at.source)
    outputs[name] = name
  }
  for (const [name, rows] of Object.entries(datasets)) {
    outputs[name] = `${name}.jsonl`
    writeDurably(join(work, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }
  return outputs
}

/** `0001`, `0002`, … */
function nextId(existing: readonly string[]): string {
  const last = Math.max(0, ...existing.map((name) => Number.parseInt(name, 10)).filter(Number.isFinite))
  return String(last + 1).padStart(4, '0')
}
