// `rlpc plan`: what a run would do with each stage, why, and what it costs; writes nothing but the measurements of its probe.

import { resolve } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { workOf, type Work } from '../../spec/plan/work.js'
import type { StageForecast } from '../../runtime/index.js'
import type { RunError } from '../../runtime/scheduler/events.js'
import type { Store } from '../../runtime/store/store.js'
import { showPlan, type StageOutlook } from '../plan/show.js'
import { EXIT } from './exit.js'
import { isPlanFile, loadPlan, loadSpec } from './load.js'
import { backendWanted, flag, format, noBackend, type Arguments } from './options.js'
import { inWords } from './reasons.js'
import { useColour } from './report.js'

export async function run(args: Arguments): Promise<number> {
  const [argument] = args.positionals
  const loaded = argument !== undefined && isPlanFile(argument) ? await loadPlan(argument, args) : await loadSpec(argument, args)
  if (!loaded) return EXIT.mistakes
  const { plan, root } = loaded
  // Not the whole runtime: what runs a plan takes as long to load as a small plan takes to make.
  const [{ backendNamed, BACKENDS }, { forecast }, { paceOf }, { memoryOf }, { Store }] = await Promise.all([
    import('../../runtime/backends.js'),
    import('../../runtime/scheduler/forecast.js'),
    import('../../runtime/scheduler/pace.js'),
    import('../../runtime/engines/native/memory.js'),
    import('../../runtime/store/store.js'),
  ])
  const home = resolve('.rlp')
  const wanted = backendWanted(args)
  const backend = backendNamed(wanted, plan)
  if (backend === undefined) throw noBackend(wanted, BACKENDS)
  const found = forecast(plan, { root, home, executor: backend })
  const pace = paceOf(plan, found.last, new Store(home))
  const memory = memoryOf(plan)
  const unpaced = plan.stages.filter((stage) => pace.seconds(stage) === undefined)
  const probed = flag(args, 'no-probe') || unpaced.length === 0 ? nothing : await probeOf(plan, unpaced, backend, home, (stage) => memory(stage)?.peak)
  const stages = new Map(plan.stages.map((stage) => [stage.address, stage]))
  const problems = await problemsOf(plan, found.stages.flatMap(({ address, action }) => (action === 'run' || action === 'resume' ? [stages.get(address) as Plan['stages'][number]] : [])), new Store(home), root)
  const outlook = new Map(
    found.stages.map((each): [string, StageOutlook] => {
      const stage = stages.get(each.address) as Plan['stages'][number]
      const seconds = secondsLeft(each, pace.seconds(stage) ?? probed(stage), workOf(plan, stage))
      const bytes = memory(stage)
      const problem = problems.get(each.address)
      return [each.address, { action: each.action, ...(problem ? { problem } : {}), reason: inWords(each.reason, plan, found.last?.plan), ...(seconds === undefined ? {} : { seconds }), ...(bytes === undefined ? {} : { memory: bytes }) }]
    }),
  )
  if (format(args) === 'json') process.stdout.write(`${JSON.stringify(review(plan, found.stages, outlook, (stage) => (pace.seconds(stage) === undefined ? 'probe' : 'run')), null, 2)}\n`)
  else process.stdout.write(showPlan(plan, { colour: useColour(process.stdout), outlook, ...paceInWords(pace.run, unpaced.some((stage) => probed(stage) !== undefined)) }))
  if (problems.size > 0) return EXIT.failed
  // What a gate holds back would not run; of a stage without an engine nobody knows what it would do.
  const idle = found.stages.every(({ action, reason }) => (action === 'skip' ? reason.why !== 'no engine' : reason.why === 'stored'))
  return flag(args, 'detailed-exitcode') && !idle ? EXIT.differs : EXIT.done
}

const nothing = (): undefined => undefined

/** What a run would stop at before its first step: data, words, model folders, secrets. */
async function problemsOf(plan: Plan, stages: Plan['stages'], store: Store, root: string): Promise<ReadonlyMap<string, RunError>> {
  if (stages.length === 0) return new Map()
  const [{ preflight }, { Artefacts }] = await Promise.all([import('../../runtime/scheduler/preflight.js'), import('../../runtime/scheduler/artefacts.js')])
  const artefacts = new Artefacts(plan, store, root)
  return new Map([...(await preflight(plan, stages, artefacts))].map(([address, problem]) => [address, artefacts.secrets.redact(problem)]))
}

/** Seconds by a measurement of the plan's own programs. TensorFlow takes longer to start than a probe may. */
async function probeOf(plan: Plan, stages: Plan['stages'], backend: string, home: string, bytes: (stage: Plan['stages'][number]) => number | undefined): Promise<(stage: Plan['stages'][number]) => number | undefined> {
  const { isTensorflow, executorNamed } = await import('../../runtime/backends.js')
  if (isTensorflow(backend)) return nothing
  const [{ probe }, { kernelsHash }] = await Promise.all([import('../../runtime/scheduler/probe.js'), import('../../runtime/executors/wasm/kernels.js')])
  const executor = await executorNamed(backend)
  return executor ? probe(plan, stages, { executor, version: `${plan.compiler} ${kernelsHash()}`, home, bytes }) : nothing
}

/** Where times come from. */
function paceInWords(run: string | undefined, probed: boolean): { pace?: string } {
  const sources = [...(run === undefined ? [] : [`at the pace of run ${run}`]), ...(probed ? ['by a probe of this machine'] : [])]
  return sources.length === 0 ? {} : { pace: sources.join(' and ') }
}

/** What is left of a stage: nothing of a stored one, the rest of an interrupted one. */
function secondsLeft({ action, reason }: StageForecast, seconds: number | undefined, { steps, completions }: Work): number | undefined {
  if (action === 'reuse' || action === 'skip') return 0
  if (reason.why !== 'interrupted' || seconds === undefined) return seconds
  const [done, all] = reason.steps > 0 ? [reason.steps, steps] : [reason.completions, completions]
  return all === undefined ? seconds : seconds * Math.max(0, 1 - done / all)
}

/** What `--format json` prints: `spec/schemas/review.schema.json`. */
function review(plan: Plan, forecasts: readonly StageForecast[], outlook: ReadonlyMap<string, StageOutlook>, paceOf: (stage: Plan['stages'][number]) => 'run' | 'probe'): object {
  const stages = new Map(plan.stages.map((stage) => [stage.address, stage]))
  return {
    format: 1,
    name: plan.name,
    variant: plan.variant,
    stages: forecasts.map(({ address, reason }) => {
      const stage = stages.get(address) as Plan['stages'][number]
      const { action, reason: words, seconds, memory, problem } = outlook.get(address) as StageOutlook
      const { kind, engine, fingerprint, needs, written, estimate } = stage
      return {
        address,
        kind,
        engine,
        fingerprint,
        needs,
        action,
        why: reason.why,
        reason: words,
        differences: reason.why === 'changed' ? reason.comparison.differences.map(({ path }) => path) : [],
        written,
        work: workOf(plan, stage),
        batch: estimate.batch ?? null,
        reward: estimate.reward ?? null,
        seconds: seconds ?? null,
        pace: seconds === undefined ? null : paceOf(stage),
        memory: memory ?? null,
        problem: problem ?? null,
      }
    }),
  }
}
