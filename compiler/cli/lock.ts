// `rlpc lock` writes `rlp.lock` beside the spec; `--locked` refuses what is not as it says. Here is how what is there now is found.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stageFiles } from '../../spec/plan/files.js'
import type { Plan } from '../../spec/plan/plan.js'
import { compile, COMPILER } from '../index.js'
import { lockProblems, lockText, problemText, readLock, type Lock, type LockProblem } from '../lock/lock.js'
import { wordOf, type Program } from '../resolve/program.js'
import { diskHost } from './disk-host.js'
import { findEntry, type Entry } from './entry.js'
import { EXIT } from './exit.js'
import { assignments, type Arguments } from './options.js'
import { hasErrors, print } from './report.js'

const NAME = 'rlp.lock'

export async function run(args: Arguments): Promise<number> {
  const entry = findEntry(args.positionals[0])
  const found = await compileAll(entry, args)
  if (!found) return EXIT.mistakes
  const lock = await present(entry.folder, found.program, found.plans)
  const missing = Object.entries({ ...lock.data, ...lock.models }).filter(([, hash]) => hash === MISSING || hash === UNPINNED)
  for (const [name, why] of missing) process.stderr.write(`warning: \`${name}\` is ${why}\n`)
  const path = join(entry.folder, NAME)
  const text = lockText(lock)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  if (before !== text) {
    const { writeFileAtomic } = await import('../../runtime/checkpoint/atomic.js')
    writeFileAtomic(path, text)
  }
  const count = Object.values(lock).reduce((sum, table) => sum + Object.keys(table as object).length, 0)
  process.stderr.write(before === text ? `${NAME}: nothing has changed (${count} entries)\n` : `${NAME}: ${count} entries${before === undefined ? '' : changesOf(before, lock)}\n`)
  return EXIT.done
}

/** Prints what is not as it was locked; false when there is such a thing. Without a program (of a compiled plan) modules are not looked at. */
export async function isAsLocked(folder: string, program: Program | undefined, plan: Plan): Promise<boolean> {
  const problems = await problemsOf(folder, program, plan)
  process.stderr.write(problems.map(problemText).join('\n'))
  return problems.length === 0
}

async function problemsOf(folder: string, program: Program | undefined, plan: Plan): Promise<readonly LockProblem[]> {
  const path = join(folder, NAME)
  const none = (message: string): LockProblem[] => [{ code: 'RLP9101', message, notes: [], help: 'write one with `rlpc lock`' }]
  if (!existsSync(path)) return none(`there is no \`${NAME}\` beside the spec`)
  const read = readLock(readFileSync(path, 'utf8'))
  return 'problem' in read ? none(`\`${NAME}\` cannot be used: ${read.problem}`) : lockProblems(read.lock, await present(folder, program, [plan]))
}

/** The plans of the spec as it is, and of each of its variants: one lock serves all. */
async function compileAll(entry: Entry, args: Arguments): Promise<{ program: Program; plans: readonly Plan[] } | undefined> {
  const compiled = (variant: string | undefined) => compile({ entry: entry.file, host: diskHost(entry.folder), parameters: assignments(args), variant })
  const first = await compiled(undefined)
  print(first.diagnostics.filter(({ severity }) => severity === 'error'), 'text')
  if (!first.program || !first.plan || hasErrors(first.diagnostics)) return undefined
  const plans = [first.plan]
  for (const [name, symbol] of first.program.entry.declared) {
    const variant = wordOf(symbol) === 'variant' ? await compiled(name) : undefined
    if (variant?.plan) plans.push(variant.plan)
  }
  return { program: first.program, plans }
}

const MISSING = 'missing'
const UNPINNED = 'not pinned: give its `revision` as a commit'

/** What is used now, as a lock says it. */
async function present(folder: string, program: Program | undefined, plans: readonly Plan[]): Promise<Lock> {
  const { contentOf, kernelsHash } = await import('../../runtime/index.js')
  const [data, models]: [Record<string, string>, Record<string, string>] = [{}, {}]
  for (const plan of plans) {
    const files = stageFiles(plan)
    for (const stage of plan.stages) for (const { path, what } of files(stage)) (what === 'data' ? data : models)[path] ??= contentOf(resolve(folder, path)) ?? MISSING
    for (const { source } of Object.values(plan.models)) if ('repository' in source) models[`hub:${source.repository}`] = /^[0-9a-f]{40}$/.test(source.revision ?? '') ? (source.revision as string) : UNPINNED
  }
  const modules = program?.modules.filter((module) => module !== program.entry) ?? []
  return {
    versions: { compiler: COMPILER, 'backend wasm': kernelsHash() },
    modules: Object.fromEntries(modules.map(({ path, module }) => [path, createHash('sha256').update(module.file.text).digest('hex')])),
    data,
    models,
  }
}

/** A line for each thing that is not as the old lock had it. */
function changesOf(before: string, now: Lock): string {
  const read = readLock(before)
  if ('problem' in read) return ` (the old one could not be used: ${read.problem})`
  const entries = (lock: Lock) => new Map((['data', 'models', 'modules', 'versions'] as const).flatMap((table) => Object.entries(lock[table]).map(([name, hash]) => [`${table} ${name}`, hash] as const)))
  const [old, fresh] = [entries(read.lock), entries(now)]
  const lines = [
    ...[...fresh].filter(([name, hash]) => old.has(name) && old.get(name) !== hash).map(([name]) => `  changed ${name}`),
    ...[...fresh.keys()].filter((name) => !old.has(name)).map((name) => `  new ${name}`),
    ...[...old.keys()].filter((name) => !fresh.has(name)).map((name) => `  gone ${name}`),
  ]
  return `\n${lines.join('\n')}`
}
