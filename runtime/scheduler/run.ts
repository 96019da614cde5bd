// Runs a plan: every stage once, in order; what is stored is reused, what fails stops only what needs it.
// Knows stages, folders and events; what a stage does is the engine's.

import type { ClaimPlan, Plan, StagePlan } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import type { Executor } from '../executors/executor.js'
import { HostError } from '../host.js'
import { takeLock, type Claim } from '../store/process-lock.js'
import { OriginsOfStages, staleness } from '../store/origins.js'
import type { Manifest } from '../store/manifest.js'
import { Store } from '../store/store.js'
import { LINE_FILES } from '../store/work.js'
import { Artefacts } from './artefacts.js'
import { checkClaim } from './claims.js'
import type { ClaimOutcome, RunError, RunEvent, RunResult, StageOutcome } from './events.js'
import { execute } from './execute.js'
import { Gates } from './gates.js'
import { intentions } from './intentions.js'
import { runOrder } from './order.js'
import { preflight } from './preflight.js'
import { RunFolder } from './run-folder.js'

export interface RunOptions {
  /** Folder of the spec: relative paths of data and models start there. */
  readonly root: string
  /** File of the spec in that folder, for whoever asks later where things were written. */
  readonly spec?: string | undefined
  /** The `.rlp` folder: `store/`, `work/`, `runs/`. */
  readonly home: string
  readonly executor: Executor
  /** Make every stage again, whatever is stored. */
  readonly fresh?: boolean
  /** The command, for others that find the folder in use. */
  readonly what?: string
  /** Called when another run works in the same folder: then wait for it. Without it this run fails with RLP8206. */
  readonly wait?: (owner: Claim) => void
  readonly report?: (event: RunEvent) => void
  /** Aborting it stops the run after the current step; running again continues. */
  readonly signal?: AbortSignal
  /** Milliseconds that the current step then has, on executors that can give it up; default 700. */
  readonly grace?: number
  /** Milliseconds, for rates and for when to save; the default is the system's clock. */
  readonly now?: () => number
}

/** Run a plan to its end. Never throws on what a user can cause: failures of stages, and of the run itself, are in the result. */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunResult> {
  let unlock = () => {}
  const { home, what = 'rlpc run', wait, signal, executor, grace = 700 } = options
  let patience: NodeJS.Timeout | undefined
  const stop = () => (patience = setTimeout(() => executor.abandon?.(), grace))
  signal?.addEventListener('abort', stop)
  executor.watch?.((program, seconds) => options.report?.({ type: 'compiling', what: program, ...(seconds === undefined ? {} : { seconds }) }))
  try {
    refuse(plan)
    unlock = await takeLock(home, { what, ...(wait ? { wait } : {}), signal })
    return await new Run(plan, options).all()
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause
    return { id: '', folder: options.home, outcome: cause.code === 'RLP8002' ? 'stopped' : 'failed', stages: [], claims: [], error: known(cause) }
  } finally {
    signal?.removeEventListener('abort', stop)
    clearTimeout(patience)
    executor.watch?.(undefined)
    unlock()
  }
}

/** Before anything runs: a plan with a stage that nothing here can run would stop halfway. Errors: RLP8012. */
function refuse({ stages, variant }: Plan): void {
  const without = stages.filter(({ engine }) => engine === null)
  const [first] = without
  if (!first) return
  const others = without.length === 1 ? '' : ` and ${without.length - 1} more`
  throw failure('RLP8012', `no engine can run ${first.address}${others}: ${first.obstacle ?? 'none was found'}`, `${variant === null ? 'run a variant with a smaller model, as recipes have (\`--variant mini\`), or ' : ''}leave such stages out: \`rlpc plan\` says which they are and why`)
}

class Run {
  private readonly store: Store
  private readonly artefacts: Artefacts
  private readonly origins: OriginsOfStages
  private readonly gates: Gates
  private readonly folder: RunFolder
  private readonly outcomes = new Map<string, StageOutcome>()
  private readonly made = new Set<string>()
  /** Gates that were decided. */
  private readonly verdicts = new Map<string, ClaimOutcome>()
  private readonly now: () => number

  constructor(
    private readonly plan: Plan,
    private readonly options: RunOptions,
  ) {
    const { home, root, executor } = options
    this.store = new Store(home, { locked: true })
    this.store.onOneFileSystem()
    this.store.emptyTrash()
    this.artefacts = new Artefacts(plan, this.store, root)
    this.origins = new OriginsOfStages(plan, this.store, root)
    this.gates = new Gates(plan)
    this.now = options.now ?? (() => performance.now())
    this.folder = RunFolder.create(home, plan, { executor: executor.name, root, spec: options.spec })
  }

  async all(): Promise<RunResult> {
    try {
      const result = this.artefacts.secrets.redact(await this.stages())
      this.folder.ended(result)
      return result
    } finally {
      this.folder.close()
      this.store.close()
    }
  }

  private async stages(): Promise<RunResult> {
    const order = runOrder(this.plan.stages, (address) => this.gates.measured(address))
    const { id, path: folder } = this.folder
    this.tell({ type: 'run', id, folder, stages: order.map(({ address }) => address) })
    const { root, executor, fresh } = this.options
    const intended = intentions(this.plan, { store: this.store, root, executor: executor.name, fresh, origins: this.origins })
    const problems = await preflight(this.plan, order.filter(({ address }) => intended.get(address)?.will !== 'reuse'), this.artefacts)
    for (const stage of order) {
      const outcome = problems.size > 0 ? this.withheld(stage, problems.get(stage.address)) : await this.one(stage)
      this.outcomes.set(stage.address, outcome)
      this.folder.stageEnded(outcome)
      this.tell({ type: 'finished', stage: stage.address, outcome })
    }
    const stages = [...this.outcomes.values()]
    const claims = this.plan.claims.map((claim) => this.check(claim))
    for (const claim of claims) if (!this.verdicts.has(claim.name)) this.folder.decided(this.artefacts.secrets.redact(claim))
    const outcome = stages.some(({ status }) => status === 'failed') ? 'failed' : stages.every(({ status }) => status === 'done' || status === 'reused' || status === 'gated') ? 'done' : 'stopped'
    return { id, folder, outcome, stages, claims }
  }

  private check(claim: ClaimPlan): ClaimOutcome {
    return checkClaim(claim, (stage, metric) => this.outcomes.get(stage)?.metrics[metric])
  }

  /** The verdict of a gate, told when it is first asked for: all that it measures is done then. */
  private decide(gate: ClaimPlan): ClaimOutcome {
    const known = this.verdicts.get(gate.name)
    if (known) return known
    const verdict = this.check(gate)
    this.verdicts.set(gate.name, verdict)
    this.folder.decided(this.artefacts.secrets.redact(verdict))
    this.tell({ type: 'gate', gate: verdict })
    return verdict
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
    if (missing?.status === 'gated') return { address, kind, status: 'gated', metrics: {}, seconds: 0, ...(missing.because === undefined ? {} : { because: missing.because }) }
    if (missing) return { address, kind, status: 'skipped', metrics: {}, seconds: 0, because: missing.because ?? missing.address }
    if (this.options.signal?.aborted) return { address, kind, status: 'stopped', metrics: {}, seconds: 0 }
    const closed = this.gates.of(address).map((gate) => this.decide(gate)).find(({ holds }) => !holds)
    if (closed) return { address, kind, status: 'gated', metrics: {}, seconds: 0, because: closed.name }
    const start = this.now()
    const seconds = () => (this.now() - start) / 1000
    try {
      const from = this.origins.of(stage)
      const found = this.options.fresh && !this.made.has(fingerprint) ? undefined : this.store.find(fingerprint)
      const unfit = found && ('damage' in found ? found.damage : staleness(found.manifest, from, this.options.executor.name))
      const lines = found && unfit === undefined ? this.store.texts(fingerprint, LINE_FILES) : undefined
      const obstacle = lines && 'damage' in lines ? lines.damage : unfit
      if (found && 'manifest' in found && lines && 'texts' in lines) {
        this.store.clear(fingerprint)
        this.folder.copyLines(lines.texts, address)
        return { address, kind, status: 'reused', ...outcomeOf(found.manifest), seconds: seconds() }
      }
      if (found && obstacle !== undefined) this.tell({ type: 'note', stage: address, code: 'RLP8203', message: `${obstacle}; the stage is made again` })
      if (this.options.fresh) this.store.clear(fingerprint)
      const manifest = await execute(stage, from, {
        ...this.options,
        plan: this.plan,
        store: this.store,
        artefacts: this.artefacts,
        folder: this.folder,
        metric: (of, metric) => this.outcomes.get(of)?.metrics[metric] ?? NaN,
        tell: (event) => this.tell(event),
        signal: this.options.signal,
        now: this.now,
      })
      this.made.add(fingerprint)
      return { address, kind, status: 'done', ...outcomeOf(manifest), seconds: seconds() }
    } catch (cause) {
      const error = this.errorOf(address, cause)
      return { address, kind, status: error.code === 'RLP8002' ? 'stopped' : 'failed', metrics: {}, seconds: seconds(), error }
    }
  }

  private errorOf(stage: string, cause: unknown): RunError {
    if (cause instanceof HostError) return known(cause)
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const log = this.folder.logFault(stage, this.artefacts.secrets.redact(error.stack ?? error.message))
    return { code: 'RLP8001', message: error.message, help: `this is a fault of rlpc; please report it with \`${log}\`` }
  }

  private tell(event: RunEvent): void {
    this.options.report?.(this.artefacts.secrets.redact(event))
  }
}

function outcomeOf({ metrics, notes }: Manifest): Pick<StageOutcome, 'metrics' | 'notes'> {
  return { metrics, ...(notes ? { notes } : {}) }
}

function known({ code, message, help }: HostError): RunError {
  return { code, message, ...(help === undefined ? {} : { help }) }
}
