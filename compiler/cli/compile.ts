// `rlpc compile`: writes the plan, whole or not at all.

import { dirname, relative, resolve } from 'node:path'
import { dump } from '../../spec/graph/dump.js'
import { contentHash } from '../../spec/plan/canonical.js'
import type { Plan } from '../../spec/plan/plan.js'
import { sealed } from '../../spec/plan/sealed.js'
import { compile } from '../index.js'
import type { Program } from '../resolve/program.js'
import { diskHost } from './disk-host.js'
import { findEntry, type Entry } from './entry.js'
import { EXIT } from './exit.js'
import { assignments, flag, format, text, UsageError, type Arguments } from './options.js'
import { hasErrors, print } from './report.js'
import { signalsFor } from './signals.js'

/** Beside a plan: where its spec lies, so that relative data paths are found, and what it was. Not part of the plan, which knows no paths. */
export interface PlanOrigin {
  readonly spec: string
  /** Hash of the text of each module of ours, by its path from the spec's folder. */
  readonly modules: Readonly<Record<string, string>>
}

/** The modules of a program that lie beside its spec, each with the hash of its text. */
const modulesOf = (program: Program): PlanOrigin['modules'] =>
  Object.fromEntries(program.modules.filter(({ path }) => !path.startsWith('std/')).map(({ path, module }) => [path, contentHash(module.file.text)]))

/** Of modules that a plan was compiled from, those that are there and have another text by now. */
export const changedModules = (folder: string, modules: PlanOrigin['modules']): readonly string[] => {
  const { read } = diskHost(folder)
  return Object.entries(modules).flatMap(([path, hash]) => {
    const text = read(path)
    return text === undefined || contentHash(text) === hash ? [] : [path]
  })
}

export async function compileEntry(entry: Entry, args: Arguments): Promise<{ readonly plan: Plan; readonly program: Program } | undefined> {
  const result = await compile({
    entry: entry.file,
    host: diskHost(entry.folder),
    parameters: assignments(args),
    variant: text(args, 'variant'),
    signals: signalsFor(entry.folder),
  })
  // Without errors, standard output is for what the command makes.
  print(result.diagnostics, hasErrors(result.diagnostics) ? format(args) : 'text')
  const { plan, program } = result
  if (hasErrors(result.diagnostics) || !plan || !program) return undefined
  if (flag(args, 'locked') && !(await (await import('./lock.js')).isAsLocked(entry.folder, program, plan))) return undefined
  return { plan, program }
}

/** Errors: RLP8201, RLP8202. */
async function writePlan(plan: Plan, program: Program, path: string, entry: Entry): Promise<void> {
  const { writeFileAtomic } = await import('../../runtime/checkpoint/atomic.js')
  const origin: PlanOrigin = { spec: relative(dirname(path), resolve(entry.folder, entry.file)).split('\\').join('/'), modules: modulesOf(program) }
  writeFileAtomic(path.replace(/(\.json)?$/, '.origin.json'), `${JSON.stringify(origin)}\n`)
  writeFileAtomic(path, sealed(plan))
}

export async function run(args: Arguments): Promise<number> {
  const emit = text(args, 'emit')
  if (emit !== undefined && !(emit in emitters)) throw new UsageError(`--emit is \`graphs\`, \`kernels\` or \`torch\`, found \`${emit}\``)
  const entry = findEntry(args.positionals[0])
  const compiled = await compileEntry(entry, args)
  if (!compiled) return EXIT.mistakes
  const { plan, program } = compiled
  if (emit !== undefined) {
    process.stdout.write(await (emitters[emit] as Emitter)(plan))
    return EXIT.done
  }
  const path = resolve(text(args, 'output') ?? '.rlp/plan.json')
  await writePlan(plan, program, path, entry)
  const stages = plan.stages.length
  const shown = relative(process.cwd(), path) || path
  if (format(args) === 'json') process.stdout.write(`${JSON.stringify({ plan: shown, stages })}\n`)
  else process.stderr.write(`${entry.file}: ${stages} ${stages === 1 ? 'stage' : 'stages'} → ${shown}\n`)
  return EXIT.done
}

type Emitter = (plan: Plan) => string | Promise<string>

/** What `--emit` prints instead of writing the plan. */
const emitters: Readonly<Record<string, Emitter>> = {
  graphs,
  kernels: async (plan) => (await import('../../runtime/engines/native/print-kernels.js')).printKernels(plan),
  torch: async (plan) => (await import('../../runtime/executors/torch/plan.js')).printPlanTorch(plan),
}

/** Every program once, under the stages and roles that use it. */
function graphs(plan: Plan): string {
  const users = new Map<string, string[]>()
  for (const stage of plan.stages) for (const [role, key] of Object.entries(stage.programs)) users.set(key, [...(users.get(key) ?? []), `${stage.address} ${role}`])
  for (const [name, reward] of Object.entries(plan.rewards)) users.set(reward.program, [...(users.get(reward.program) ?? []), `reward ${name}`])
  return [...users].map(([key, names]) => `# ${names.join(', ')}\n${dump(plan.programs[key] as Parameters<typeof dump>[0])}\n`).join('\n')
}
