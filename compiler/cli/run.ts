// `rlpc run`: runs a plan (or compiles a spec and runs it), shows progress, prints the claims.

import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { compileEntry, type PlanOrigin } from './compile.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { backendWanted, count, flag, noBackend, UsageError, type Arguments } from './options.js'
import { remade } from './reasons.js'
import { useColour } from './report.js'

export async function run(args: Arguments): Promise<number> {
  const loaded = await load(args)
  if (!loaded) return EXIT.mistakes
  return runLoaded(loaded, { backend: backendWanted(args), threads: count(args, 'threads'), fresh: flag(args, 'fresh'), wait: flag(args, 'wait'), what: 'rlpc run' })
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
}

interface Loaded {
  readonly plan: Plan
  /** Folder of the spec. */
  readonly root: string
  /** Its file in that folder, where that is known. */
  readonly spec: string | undefined
}

/** Run a plan, show how it goes and what it came to; returns the exit code. */
export async function runLoaded({ plan, root, spec }: Loaded, { backend, threads, fresh, wait, what }: RunChoices): Promise<number> {
  const runtime = await import('../../runtime/index.js')
  const executor = await runtime.executorNamed(backend, {
    ...(threads === undefined ? {} : { threads }),
    fallback: (why) => process.stderr.write(`TensorFlow is installed, but does not start: ${why}\nthe run takes the backend \`wasm\` instead; \`rlpc doctor\` says more\n`),
  })
  if (!executor) throw noBackend(backend, runtime.BACKENDS)

  const home = resolve('.rlp')
  if (!fresh && !runtime.ownerOf(home)) {
    const again = remade(plan, runtime.forecast(plan, { root, home, executor: executor.name }))
    if (again.length > 0) process.stderr.write(`made anew, as it is not what an earlier run had:\n${again.map((line) => `  ${line}\n`).join('')}`)
  }
  const stop = new AbortController()
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}stopping after this step; press Ctrl-C again to stop at once\n`)
    stop.abort()
  }
  // A cluster that takes the machine away says so with SIGTERM.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt)
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt)
  process.stdout.write(runtime.summary(result, { colour: useColour(process.stdout) }))
  if (result.outcome === 'stopped') return EXIT.interrupted
  if (result.outcome === 'failed') return EXIT.failed
  return result.claims.every((claim) => claim.holds) ? EXIT.done : EXIT.claim
}

async function load(args: Arguments): Promise<Loaded | undefined> {
  const argument = args.positionals[0]
  if (argument?.endsWith('.rlp') || (argument !== undefined && existsSync(join(argument, 'main.rlp')))) {
    const entry = findEntry(argument)
    const plan = await compileEntry(entry, args)
    return plan && { plan, root: entry.folder, spec: entry.file }
  }
  if (args.options['set'] !== undefined || args.options['variant'] !== undefined) {
    throw new UsageError('--set and --variant change a spec, and a plan is already compiled', 'give the `.rlp` file, or pass them to `rlpc compile`')
  }
  const path = resolve(argument ?? '.rlp/plan.json')
  if (!existsSync(path)) {
    throw new UsageError(argument === undefined ? 'there is no plan in .rlp/plan.json' : `there is no file \`${argument}\``, 'run `rlpc compile` first, or give a `.rlp` file')
  }
  const { readPlan } = await import('../../runtime/index.js')
  const read = readPlan(readFileSync(path, 'utf8'))
  if ('problem' in read) throw new UsageError(`\`${argument ?? '.rlp/plan.json'}\` is not a plan: ${read.problem}`, 'compile it again with `rlpc compile`')
  const { root, spec } = originOf(path)
  if (flag(args, 'locked') && !(await (await import('./lock.js')).isAsLocked(root, undefined, read.plan))) return undefined
  return { plan: read.plan, root, spec }
}

/** Where the spec lies, noted beside the plan when it was compiled; else the folder of the plan. */
function originOf(planPath: string): { root: string; spec: string | undefined } {
  const beside = planPath.replace(/(\.json)?$/, '.origin.json')
  if (!existsSync(beside)) return { root: dirname(planPath), spec: undefined }
  const origin = JSON.parse(readFileSync(beside, 'utf8')) as PlanOrigin
  const path = resolve(dirname(planPath), origin.spec)
  return { root: dirname(path), spec: basename(path) }
}
