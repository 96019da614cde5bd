// A plan from the command line: a spec is compiled, a compiled plan is read.
// Does not say which commands want which.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, relative, resolve } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { changedModules, compileEntry, type PlanOrigin } from './compile.js'
import { findEntry } from './entry.js'
import { flag, UsageError, type Arguments } from './options.js'

export interface Loaded {
  readonly plan: Plan
  /** Folder of the spec: relative paths in the plan start here. */
  readonly root: string
  /** File name of the spec, where it is known. */
  readonly spec: string | undefined
}

/** Whether an argument is a compiled plan: a file that is not a `.rlp` file. */
export const isPlanFile = (argument: string): boolean => !argument.endsWith('.rlp') && !(existsSync(argument) && statSync(argument).isDirectory())

/** The plan of a spec; undefined when it has mistakes, which were printed. */
export async function loadSpec(argument: string | undefined, args: Arguments): Promise<Loaded | undefined> {
  const entry = findEntry(argument)
  const compiled = await compileEntry(entry, args)
  return compiled && { plan: compiled.plan, root: entry.folder, spec: entry.file }
}

/** A compiled plan; undefined when it is not as it was locked. */
export async function loadPlan(argument: string | undefined, args: Arguments): Promise<Loaded | undefined> {
  if (args.options['set'] !== undefined || args.options['variant'] !== undefined) {
    throw new UsageError('--set and --variant change a spec, and a plan is already compiled', 'give the `.rlp` file, or pass them to `rlpc compile`')
  }
  const path = resolve(argument ?? '.rlp/plan.json')
  if (!existsSync(path)) {
    throw new UsageError(argument === undefined ? 'there is no plan in .rlp/plan.json' : `there is no file \`${argument}\``, 'run `rlpc compile` first, or give a `.rlp` file')
  }
  if (!statSync(path).isFile()) throw new UsageError(`\`${argument ?? '.rlp/plan.json'}\` is not a file`, 'give a `.rlp` file or a compiled plan')
  const { readPlan } = await import('../../runtime/scheduler/read-plan.js')
  const read = readPlan(readFileSync(path, 'utf8'))
  if ('problem' in read) throw new UsageError(`\`${argument ?? '.rlp/plan.json'}\` is not a plan: ${read.problem}`, 'compile it again with `rlpc compile`')
  const { root, spec, changed } = originOf(path)
  if (changed.length > 0) process.stderr.write(`${changed.join(', ')} ${changed.length === 1 ? 'has' : 'have'} changed since \`${relative(process.cwd(), path)}\` was compiled; the plan is taken as it was: \`rlpc compile\` makes it anew\n`)
  if (flag(args, 'locked') && !(await (await import('./lock.js')).isAsLocked(root, undefined, read.plan))) return undefined
  return { plan: read.plan, root, spec }
}

/** Where the spec lies, noted beside the plan when it was compiled, and which of its modules are others by now; else the folder of the plan. */
function originOf(planPath: string): { readonly root: string; readonly spec: string | undefined; readonly changed: readonly string[] } {
  const beside = planPath.replace(/(\.json)?$/, '.origin.json')
  if (!existsSync(beside)) return { root: dirname(planPath), spec: undefined, changed: [] }
  const origin = readOrigin(readFileSync(beside, 'utf8'))
  if (!origin) throw new UsageError(`\`${relative(process.cwd(), beside)}\` does not say where the spec is`, 'compile it again with `rlpc compile`')
  const path = resolve(dirname(planPath), origin.spec)
  return { root: dirname(path), spec: basename(path), changed: changedModules(dirname(path), origin.modules) }
}

function readOrigin(text: string): PlanOrigin | undefined {
  try {
    const { spec, modules = {} } = JSON.parse(text) as Partial<PlanOrigin>
    return typeof spec === 'string' && typeof modules === 'object' ? { spec, modules } : undefined
  } catch {
    return undefined
  }
}
