// `rlpc run`: runs a plan (or compiles a spec and runs it), shows progress, prints the claims.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { compileEntry, type PlanOrigin } from './compile.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { flag, text, UsageError, type Arguments } from './options.js'
import { useColour } from './report.js'

export async function run(args: Arguments): Promise<number> {
  const backend = text(args, 'backend') ?? 'wasm'
  const loaded = await load(args)
  if (!loaded) return EXIT.mistakes
  const runtime = await import('../../runtime/index.js')
  const executor = await runtime.executorNamed(backend)
  if (!executor) throw new UsageError(`there is no backend \`${backend}\``, 'use `wasm` or `reference`')

  const stop = new AbortController()
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130)
    process.stderr.write('\nstopping after this step; press Ctrl-C again to stop at once\n')
    stop.abort()
  }
  process.on('SIGINT', interrupt)
  const progress = runtime.progress({ stream: process.stderr, colour: useColour(process.stderr) })
  const result = await runtime.runPlan(loaded.plan, {
    root: loaded.root,
    home: resolve('.rlp'),
    executor,
    fresh: flag(args, 'fresh'),
    report: progress.report,
    signal: stop.signal,
  })
  progress.close()
  process.off('SIGINT', interrupt)
  process.stdout.write(runtime.summary(result, { colour: useColour(process.stdout) }))
  if (result.outcome !== 'done') return EXIT.failed
  return result.claims.every((claim) => claim.holds) ? EXIT.done : EXIT.claim
}

async function load(args: Arguments): Promise<{ plan: Plan; root: string } | undefined> {
  const argument = args.positionals[0]
  if (argument?.endsWith('.rlp') || (argument !== undefined && existsSync(join(argument, 'main.rlp')))) {
    const entry = findEntry(argument)
    const plan = await compileEntry(entry, args)
    return plan && { plan, root: entry.folder }
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
  return { plan: read.plan, root: rootOf(path) }
}

/** The folder of the spec, noted beside the plan when it was compiled; else that of the plan. */
function rootOf(planPath: string): string {
  const beside = planPath.replace(/(\.json)?$/, '.origin.json')
  if (!existsSync(beside)) return dirname(planPath)
  const origin = JSON.parse(readFileSync(beside, 'utf8')) as PlanOrigin
  return dirname(resolve(dirname(planPath), origin.spec))
}
