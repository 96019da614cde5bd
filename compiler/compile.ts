// The phases in order: parse, resolve, kinds, check, elaborate, tests of rewards, lower, plan.
// Each returns its value and diagnostics; a phase with errors is the last one that runs.

import type { Diagnostic } from '../grammar/diagnostics/diagnostic.js'
import type { SourceHost, Span } from '../grammar/source/source.js'
import type { Plan } from '../spec/plan/plan.js'
import { check, checkValue } from './check/check.js'
import type { ModelDraft } from './elaborate/drafts.js'
import { elaborate, type Elaborated } from './elaborate/elaborate.js'
import { unknownParameters, type CheckValue } from './elaborate/parameters.js'
import type { HostCalls } from './lower/reward-tests.js'
import { readKinds } from './kinds/read.js'
import type { Lowering } from './plan/assemble.js'
import type { Program } from './resolve/program.js'
import { resolve } from './resolve/resolve.js'

export interface CompileOptions {
  /** Path of the entry module, as the host knows it. */
  readonly entry: string
  readonly host: SourceHost
  /** `--set name=value`, in order. */
  readonly parameters: readonly { readonly name: string; readonly text: string }[]
  readonly variant?: string | undefined
  /** Runs the signals in tests of rewards; without it these tests are skipped. */
  readonly signals?: HostCalls
}

export interface Checked {
  /** Absent when there are errors. */
  readonly program?: Program
  readonly elaborated?: Elaborated
  readonly diagnostics: readonly Diagnostic[]
}

export interface Compiled extends Checked {
  /** Absent when there are errors. */
  readonly plan?: Plan
}

/** The version that plans are marked with; a test compares it with `package.json`. */
export const COMPILER = 'rlpc 0.1.0'

/** Everything that can be found without lowering models and stages. Never throws on user input. */
export async function checkOnly(options: CompileOptions): Promise<Checked> {
  const { program, diagnostics: resolving } = resolve(options.entry, options.host)
  if (!program) return { diagnostics: resolving }
  const { kinds, diagnostics: reading } = readKinds(program)
  const { diagnostics: checking } = check(program, kinds)
  const before = [...resolving, ...reading, ...checking]
  if (hasErrors(before)) return { diagnostics: [...before, ...unknownParameters(program, options.parameters)] }
  const fits: CheckValue = (value, type, scope, name) => checkValue(value, type, scope, program, kinds, name)
  const { elaborated, diagnostics: elaborating } = elaborate(program, kinds, { parameters: options.parameters, variant: options.variant }, fits)
  const found = [...before, ...news(elaborating, before)]
  if (hasErrors(found) || !elaborated.acyclic) return { diagnostics: found }
  const all = [...found, ...(await modelFolders(elaborated, options.host)), ...(await rewardTests(program, elaborated, options.signals))]
  return hasErrors(all) ? { diagnostics: all } : { program, elaborated, diagnostics: all }
}

/** What is wrong with the models that are read from folders: their configs are at hand, so a check can say it. */
async function modelFolders({ drafts }: Elaborated, { read }: SourceHost): Promise<readonly Diagnostic[]> {
  const folders = [...drafts.values()].filter((draft) => draft.draft === 'model' && draft.kind.name === 'ModelFolder') as ModelDraft[]
  if (folders.length === 0) return []
  const { folderModel } = await import('./model/folder.js')
  return folders.flatMap(({ settings, span }) => folderModel(new Map([...settings.values()].map(({ path, value }) => [path, value])), span, read).diagnostics)
}

/** Loads what runs the tests only when there are some. */
async function rewardTests(program: Program, elaborated: Elaborated, signals: HostCalls | undefined): Promise<readonly Diagnostic[]> {
  if (!signals || program.entry.tests.length === 0) return []
  const { testRewards } = await import('./lower/reward-tests.js')
  return testRewards(program, elaborated, signals)
}

/** The plan of an entry module, and everything there is to say about it. No plan when there are errors. */
export async function compile(options: CompileOptions): Promise<Compiled> {
  const { program, elaborated, diagnostics } = await checkOnly(options)
  if (!program || !elaborated) return { diagnostics }
  // Loaded late: `check` needs none of it.
  const [{ assemble }, { lowerModel }, { lowerReward }, { lowerStage }] = await Promise.all([
    import('./plan/assemble.js'),
    import('./model/models.js'),
    import('./lower/reward.js'),
    import('./lower/stage.js'),
  ])
  const fallbackName = options.entry.replace(/^.*\//, '').replace(/\.rlp$/, '')
  const model: Lowering['model'] = (kind, attributes, span) => lowerModel(kind, attributes, span, options.host.read)
  const lowering = { model, reward: lowerReward, stage: lowerStage }
  const { plan, diagnostics: lowered } = assemble(program, elaborated, lowering, { compiler: COMPILER, fallbackName, variant: options.variant })
  const all = [...diagnostics, ...lowered]
  return plan ? { plan, program, elaborated, diagnostics: all } : { program, elaborated, diagnostics: all }
}

/** Elaboration judges final values by some of the checker's rules again: what was said of a place is not repeated. */
function news(found: readonly Diagnostic[], said: readonly Diagnostic[]): readonly Diagnostic[] {
  return found.filter(({ code, primary: { span } }) => !said.some((other) => other.code === code && meets(other.primary.span, span)))
}

function meets(a: Span, b: Span): boolean {
  return a.file === b.file && a.start <= b.end && b.start <= a.end
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error')
}
