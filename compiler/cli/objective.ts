// `rlpc objective STAGE`: its advantage, loss and aggregate as formulas, the presets they equal, and how they differ from another.
// Equality is decided by meaning: by the graphs, or else by values and gradients on random batches; which of the two is said.

import type { Expression } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { SourceHost } from '../../grammar/source/source.js'
import type { StageDraft } from '../elaborate/drafts.js'
import { compareGraphs, type ConstantPair } from '../graph/compare.js'
import { checkOnly, type Checked } from '../index.js'
import { fitsPart, lowerPart, PARTS, type PartName } from '../lower/part.js'
import { candidates, functionTerm, PRESETS } from '../lower/presets.js'
import { apart, BATCHES, probe, RESOLUTION, type RunGraph } from '../lower/probe.js'
import { termOf, type FunctionTerm } from '../lower/terms.js'
import type { LoweringContext } from '../lower/types.js'
import { argumentsOf, callText, formulaText } from '../plan/formula.js'
import { isFunction, qualifiedName, type ModuleScope } from '../resolve/program.js'
import { diskHost } from './disk-host.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { assignments, text, UsageError, type Arguments } from './options.js'
import { hasErrors, print } from './report.js'

type Library = Required<Pick<Checked, 'program' | 'elaborated'>>

export async function run(args: Arguments): Promise<number> {
  const shown = await showObjective(args)
  if (shown === undefined) return EXIT.mistakes
  process.stdout.write(shown)
  return EXIT.done
}

/** What the command prints; `undefined` when mistakes were printed instead. Wrong names are a `UsageError`. */
export async function showObjective(args: Arguments): Promise<string | undefined> {
  const [file, name] = args.positionals.length > 1 ? args.positionals : [undefined, args.positionals[0]]
  if (name === undefined || name.endsWith('.rlp')) throw new UsageError('which stage?', 'for example `rlpc objective main.rlp practice`')
  const entry = findEntry(file)
  const host = diskHost(entry.folder)
  const { program, elaborated, diagnostics } = await checkOnly({ entry: entry.file, host, parameters: assignments(args), variant: text(args, 'variant') })
  print(diagnostics.filter(({ severity }) => severity === 'error'), 'text')
  if (!program || !elaborated) return undefined

  const stages = [...elaborated.drafts.values()].filter((draft) => draft.draft === 'stage')
  const stage = chosenStage(stages, name)
  const parts = partsOf(stage)
  const against = text(args, 'against')
  const library = await readLibrary(host, against)
  if (!library) return undefined
  const other = against === undefined ? undefined : chosenFunction(library, against)
  const comparison = new Comparison(stage.kind.levels, elaborated, library.elaborated)
  const compared = other ? parts.filter(({ part }) => fitsPart(part, other) && comparison.lowers(part, other)) : []
  if (other && compared.length === 0) {
    throw new UsageError(`\`${callText(other)}\` cannot stand in \`${stage.address}\``, `\`${stage.kind.name}\` provides ${parts.map(({ part }) => `${Object.keys(PARTS[part].provides).join(', ')} to its ${part}`).join('; ')}`)
  }

  const instances = stages.filter((each) => each.name === stage.name).length
  const sections = [`${stage.address}: ${stage.kind.name}${stage.address === name || instances === 1 ? '' : `, the first of ${instances} instances`}`]
  for (const { part, fn, written } of parts) {
    const lines = [formulaText(part, fn, written, elaborated), '', ...(await comparison.equals(part, fn, library.program.modules))]
    if (other && compared.some((each) => each.part === part)) lines.push('', ...(await comparison.against(part, fn, other)))
    sections.push(lines.join('\n'))
  }
  return `${sections.join('\n\n')}\n`
}

/** A stage by its address, or by its name where it has instances: the first stands for all. */
function chosenStage(stages: readonly StageDraft[], name: string): StageDraft {
  const found = stages.find(({ address }) => address === name) ?? stages.find((each) => each.name === name)
  if (!found) {
    const names = [...new Set(stages.flatMap((stage) => [stage.name, stage.address]))]
    const near = suggest(name, names)
    throw new UsageError(`there is no stage \`${name}\``, near !== undefined ? `did you mean \`${near}\`?` : `stages are ${[...new Set(stages.map((stage) => `\`${stage.name}\``))].join(', ')}`)
  }
  if (partsOf(found).length > 0) return found
  const others = [...new Set(stages.filter((stage) => partsOf(stage).length > 0).map((stage) => `\`${stage.name}\``))]
  throw new UsageError(`\`${found.address}\` is of kind \`${found.kind.name}\`, which has no objective`, others.length > 0 ? `stages with one are ${others.join(', ')}` : undefined)
}

function partsOf(stage: StageDraft): readonly { readonly part: PartName; readonly fn: FunctionTerm; readonly written: Expression | undefined }[] {
  return (Object.keys(PARTS) as PartName[]).flatMap((part) => {
    const setting = stage.settings.get(part)
    const fn = setting && termOf(setting.value)
    return fn?.type === 'function' ? [{ part, fn, written: setting?.written }] : []
  })
}

/** `std/presets/verl-0.9.vanilla(clip_ratio_c = 5)`; `std/presets/` may be left out. */
function parseName(name: string): { readonly module: string; readonly fn: string; readonly call: string } {
  const [, path = '', fn = '', call = ''] = /^([^(]*)\.(\w+)\s*(\(.*\))?$/s.exec(name.trim()) ?? []
  return { module: path === '' || path.startsWith('std/') ? path : `std/presets/${path}`, fn, call }
}

/** The presets, and what `--against` names as the constant `against`, checked like any other module. */
async function readLibrary(host: SourceHost, against: string | undefined): Promise<Library | undefined> {
  const { module, fn, call } = parseName(against ?? '')
  const imports = [...new Set([...PRESETS, ...(module !== '' && host.read(module) !== undefined ? [module] : [])])]
  const lines = imports.map((path, i) => `import * as m${i} from "${path}"`)
  if (call !== '') lines.push(`const against = m${imports.indexOf(module)}.${fn}${call}`)
  const file = 'command line'
  const source = `rlp 1\n${lines.join('\n')}\n`
  const overlay: SourceHost = { ...host, read: (path) => (path === file ? source : host.read(path)), resolve: (specifier, from) => host.resolve(specifier, from) }
  if (against !== undefined) {
    // A wrong name is wrong use of the command, before it is a mistake in a module.
    const bare = await checkOnly({ entry: file, host: { ...overlay, read: (path) => (path === file ? `rlp 1\n${lines.slice(0, imports.length).join('\n')}\n` : host.read(path)) }, parameters: [] })
    const modules = bare.program?.modules ?? []
    if (!modules.some(({ path, declared }) => path === module && declared.get(fn)?.declaration.node === 'Function')) throw unknownFunction(against, modules.filter(({ path }) => imports.includes(path)))
  }
  const { program, elaborated, diagnostics } = await checkOnly({ entry: file, host: overlay, parameters: [] })
  print(diagnostics.filter(({ severity }) => severity === 'error'), 'text')
  return program && elaborated && !hasErrors(diagnostics) ? { program, elaborated } : undefined
}

function unknownFunction(name: string, modules: readonly ModuleScope[]): UsageError {
  const known = modules.flatMap(({ declared }) => [...declared.values()].flatMap((symbol) => (isFunction(symbol.declaration) ? [qualifiedName(symbol)] : [])))
  const { module, fn } = parseName(name)
  const near = suggest(`${module}.${fn}`, known) ?? suggest(name, known.map((each) => each.slice(each.lastIndexOf('.') + 1)))
  const full = known.find((each) => each === near || each.endsWith(`.${near}`))
  return new UsageError(`there is no function \`${name}\` in the standard library`, full !== undefined ? `did you mean \`${full}\`?` : `for example \`--against ${PRESETS[1]}.vanilla\``)
}

function chosenFunction({ program, elaborated }: Library, name: string): FunctionTerm {
  const { module, fn, call } = parseName(name)
  const constant = program.entry.declared.get('against')
  const bound = call !== '' && constant ? termOf(elaborated.constant(constant)) : undefined
  if (bound?.type === 'function') return bound
  const symbol = program.modules.find(({ path }) => path === module)?.declared.get(fn)
  const found = call === '' && symbol ? functionTerm(symbol) : undefined
  if (!found) throw new UsageError(`\`${name}\` is not a function with arguments bound by name`, `for example \`--against '${PRESETS[1]}.vanilla(clip_ratio_c = 5)'\``)
  return found
}

class Comparison {
  private executor: RunGraph | undefined

  constructor(
    private readonly levels: readonly string[],
    private readonly ours: LoweringContext,
    private readonly theirs: LoweringContext,
  ) {}

  lowers(part: PartName, fn: FunctionTerm): boolean {
    return lowerPart(part, this.levels, fn, this.theirs) !== undefined
  }

  /** What of the presets it is, or that it is none of them. */
  async equals(part: PartName, fn: FunctionTerm, modules: readonly ModuleScope[]): Promise<readonly string[]> {
    const graph = lowerPart(part, this.levels, fn, this.ours)
    if (!graph) return ['  cannot be compared by itself: `rlpc compile` says why']
    const given = new Map(argumentsOf(part, fn, this.ours).map(({ name, term }) => [name, term]))
    const found = new Map<string, string>()
    /** Functions whose constants differ by less than batches can show. */
    const near = new Map<string, string>()
    for (const module of modules.filter(({ path }) => PRESETS.includes(path))) {
      for (const candidate of candidates(part, module, given)) {
        // Once a function is known to be equal, other arguments say nothing new.
        const name = qualifiedName(candidate.symbol)
        const other = found.has(name) ? undefined : lowerPart(part, this.levels, candidate, this.theirs)
        if (!other) continue
        const like = compareGraphs(graph, other)
        if (like.likeness === 'same') found.set(name, `  same graph as ${callText(candidate)}`)
        else if ((await probe(part, this.levels, graph, other, await this.run(), true)).length > 0) continue
        else if (like.likeness === 'other') found.set(name, `  equals ${callText(candidate)} on ${BATCHES} random batches`)
        else if (!near.has(name)) near.set(name, [`  nearly ${callText(candidate)}: no difference above ${RESOLUTION} on ${BATCHES} random batches, but other constants:`, ...pairLines(like.pairs)].join('\n'))
      }
    }
    const nearly = [...near].flatMap(([name, line]) => (found.has(name) ? [] : [line]))
    return found.size > 0 || nearly.length > 0 ? [...found.values(), ...nearly] : [`  equals no preset of ${PRESETS.map((path) => path.replace('std/presets/', '')).join(' or ')}`]
  }

  /** Whether it is the same as `other`, else where they differ. */
  async against(part: PartName, fn: FunctionTerm, other: FunctionTerm): Promise<readonly string[]> {
    const [mine, theirs] = [lowerPart(part, this.levels, fn, this.ours), lowerPart(part, this.levels, other, this.theirs)]
    if (!mine || !theirs) return []
    const name = callText(other)
    const like = compareGraphs(mine, theirs)
    if (like.likeness === 'same') return [`  against ${name}: the same graph`]
    const differences = await probe(part, this.levels, mine, theirs, await this.run())
    if (differences.length === 0) {
      if (like.likeness === 'constants') return [`  against ${name}: nearly equal: no difference above ${RESOLUTION} on ${BATCHES} random batches, but other constants:`, ...pairLines(like.pairs)]
      return [`  against ${name}: another graph, equal on ${BATCHES} random batches`, ...constantsLine('here', like.ours), ...constantsLine('there', like.theirs)]
    }
    const defaults = argumentsOf(part, other, this.theirs).filter(({ from }) => from === 'default')
    const constants =
      like.likeness === 'constants'
        ? ['    the same formula with other constants:', ...pairLines(like.pairs)]
        : ['    another formula', ...constantsLine('here', like.ours), ...constantsLine('there', like.theirs)]
    return [
      `  against ${name}: differs`,
      ...(defaults.length > 0 ? [`    its defaults: ${defaults.map(({ name: parameter, term }) => callText({ ...other, bound: new Map([[parameter, term]]) }, '').slice(1, -1)).join(', ')}`] : []),
      ...constants,
      `    largest differences on ${BATCHES} random batches${PARTS[part].by.length > 0 ? ' (gradients are those of a randomly weighted sum)' : ''}:`,
      ...differences.map((each) => {
        const [here, there] = apart(each.ours, each.theirs)
        return `      ${each.of}, ${each.batches}: ${each.input}: ours ${here}, theirs ${there}`
      }),
    ]
  }

  /** The float64 executor, loaded when something must be computed. */
  private async run(): Promise<RunGraph> {
    if (!this.executor) {
      const { reference } = await import('../../runtime/executors/reference/reference.js')
      const session = await reference.open()
      this.executor = (graph, bindings, feeds) => session.load(graph, bindings).run(feeds)
    }
    return this.executor
  }
}

const pairLines = (pairs: readonly ConstantPair[]): string[] => pairs.map((pair) => `      ${pair.ours} here, ${pair.theirs} there (in ${pair.in})`)

const constantsLine = (where: string, values: readonly string[]): string[] => (values.length > 0 ? [`    constants only ${where}: ${values.join(', ')}`] : [])
