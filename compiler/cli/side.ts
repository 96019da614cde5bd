// What an argument of `rlpc diff` means as a plan: a spec, a compiled plan, a past run, or a spec of a git revision.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { SourceHost } from '../../grammar/source/source.js'
import type { Plan } from '../../spec/plan/plan.js'
import { compile, type Compiled } from '../index.js'
import { diskHost } from './disk-host.js'
import { findEntry } from './entry.js'
import { isRevision, openRevision, revisionOf } from './git-host.js'
import { assignments, text, UsageError, type Arguments } from './options.js'
import { hasErrors, print } from './report.js'

export interface Side {
  readonly label: string
  readonly plan: Plan
  /** Of sides that are specs: formulas can be shown as they are written. */
  readonly compiled?: Compiled
}

/** Undefined when the spec has mistakes, which are printed. What names nothing is a `UsageError`. */
export async function openSide(argument: string, args: Arguments): Promise<Side | undefined> {
  if (argument.endsWith('.json')) return { label: argument, plan: await planFile(argument) }
  const run = runOf(argument)
  if (run !== undefined) return { label: `run ${run}`, plan: await planOfRun(run) }
  if (existsSync(argument)) {
    const entry = findEntry(argument)
    return fromSpec(argument, entry.file, diskHost(entry.folder), args)
  }
  const revision = revisionOf(argument) ?? (isRevision(argument) ? { revision: argument, path: findEntry(undefined).file } : undefined)
  if (!revision) throw new UsageError(`\`${argument}\` is no spec, plan, run or git revision`, 'for example `rlpc diff HEAD~1:main.rlp main.rlp`, or two runs: `rlpc diff 3 4`')
  const { file, host } = openRevision(revision)
  return fromSpec(`${revision.revision}:${revision.path}`, file, host, args)
}

async function fromSpec(label: string, entry: string, host: SourceHost, args: Arguments): Promise<Side | undefined> {
  const compiled = await compile({ entry, host, parameters: assignments(args), variant: text(args, 'variant') })
  const errors = compiled.diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) process.stderr.write(`${label} has mistakes:\n`)
  print(errors, 'text')
  return compiled.plan && !hasErrors(compiled.diagnostics) ? { label, plan: compiled.plan, compiled } : undefined
}

async function planFile(path: string): Promise<Plan> {
  if (!existsSync(path)) throw new UsageError(`there is no file \`${path}\``)
  const { readPlan } = await import('../../runtime/scheduler/read-plan.js')
  const read = readPlan(readFileSync(path, 'utf8'))
  if ('problem' in read) throw new UsageError(`\`${path}\` is not a plan: ${read.problem}`)
  return read.plan
}

/** `3`, `0003` or `.rlp/runs/0003` → the id. */
function runOf(argument: string): string | undefined {
  if (/^\d+$/.test(argument)) return argument
  const isFolder = existsSync(argument) && statSync(argument).isDirectory() && existsSync(join(argument, 'plan.json'))
  return isFolder ? basename(resolve(argument)) : undefined
}

async function planOfRun(wanted: string): Promise<Plan> {
  const { readRun, runIds } = await import('../../runtime/index.js')
  const home = resolve('.rlp')
  const ids = runIds(home)
  const id = ids.find((one) => Number(one) === Number(wanted))
  if (id === undefined) throw new UsageError(`there is no run \`${wanted}\``, ids.length === 0 ? 'there is none in .rlp/runs' : `the runs are ${ids[0]} to ${ids.at(-1)}`)
  return readRun(home, id).plan
}
