// `rlpc run`: runs a plan (or compiles a spec and runs it), shows progress, prints the claims.

import { resolve } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { EXIT } from './exit.js'
import { isPlanFile, loadPlan, loadSpec, type Loaded } from './load.js'
import { backendWanted, count, flag, format, noBackend, type Arguments } from './options.js'
import { remade } from './reasons.js'
import { useColour } from './report.js'
import { systemError } from './system-error.js'

export async function run(args: Arguments): Promise<number> {
  const [argument] = args.positionals
  const loaded = argument === undefined || isPlanFile(argument) ? await loadPlan(argument, args) : await loadSpec(argument, args)
  if (!loaded) return EXIT.mistakes
  return runLoaded(loaded, { backend: backendWanted(args), threads: count(args, 'threads'), fresh: flag(args, 'fresh'), wait: flag(args, 'wait'), what: 'rlpc run', format: format(args) })
}

export interface RunChoices {
  readonly backend: string
  /** As many as there are cores where absent. */
  readonly threads: number | undefined
  readonly fresh: boolean
  /** Wait for another run in the same folder. */
  readonly wait: boolean
  /** The command, for others that find the folder in use. */
  readonly what: string
  /** How the result is printed. */
  readonly format: 'text' | 'json'
}

/** Run a plan, show how it goes and what it came to; returns the exit code. */
export async function runLoaded({ plan, root, spec }: Loaded, { backend, threads, fresh, wait, what, format }: RunChoices): Promise<number> {
  const runtime = await import('../../runtime/index.js')
  const executor = await runtime.executorNamed(backend, {
    plan,
    ...(threads === undefined ? {} : { threads }),
    fallback: (why) => process.stderr.write(`TensorFlow is installed, but does not start: ${why}\nthe run takes the backend \`wasm\` instead; \`rlpc doctor\` says more\n`),
  })
  if (!executor) throw noBackend(backend, runtime.BACKENDS)
  const { because } = runtime.automatic(plan)
  if (backend === 'auto' && because !== undefined) process.stderr.write(`backend \`${executor.name}\`: ${because}\n`)

  const home = resolve('.rlp')
  if (!fresh) tellRemade(runtime, plan, { root, home, executor: executor.name })
  const stop = new AbortController()
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}stopping after this step; press Ctrl-C again to stop at once\n`)
    stop.abort()
  }
  // A terminal that is closed says so once or more often, and nobody reads any longer. Without a terminal, as behind `nohup`, the run goes on.
  const hangUp = () => {
    if (process.stderr.isTTY) stop.abort()
  }
  // A cluster that takes the machine away says so with SIGTERM.
  const heard = [['SIGINT', interrupt], ['SIGTERM', interrupt], ['SIGHUP', hangUp]] as const
  for (const [signal, then] of heard) process.on(signal, then)
  const progress = runtime.progress({ stream: process.stderr, colour: useColour(process.stderr) })
  const result = await runtime.runPlan(plan, {
    root,
    spec,
    home,
    executor,
    fresh,
    what,
    ...(wait ? { wait: ({ what: other, pid }) => void process.stderr.write(`waiting for \`${other}\`, process ${pid}; press Ctrl-C to leave\n`) } : {}),
    report: progress.report,
    signal: stop.signal,
  })
  progress.close()
  for (const [signal, then] of heard) process.off(signal, then)
  process.stdout.write(format === 'json' ? runtime.resultText(result) : runtime.summary(result, { colour: useColour(process.stdout) }))
  if (result.outcome === 'stopped') return EXIT.interrupted
  if (result.outcome === 'failed') return EXIT.failed
  return result.claims.every((claim) => claim.holds) ? EXIT.done : EXIT.claim
}

/** What an earlier run had otherwise. A folder that cannot be looked into is the run's to tell of. */
function tellRemade(runtime: typeof import('../../runtime/index.js'), plan: Plan, options: { readonly root: string; readonly home: string; readonly executor: string }): void {
  try {
    if (runtime.ownerOf(options.home)) return
    const again = remade(plan, runtime.forecast(plan, options))
    if (again.length > 0) process.stderr.write(`made anew, as it is not what an earlier run had:\n${again.map((line) => `  ${line}\n`).join('')}`)
  } catch (cause) {
    if (systemError(cause) === undefined) throw cause
  }
}
