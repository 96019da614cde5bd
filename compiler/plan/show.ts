// The plan in words, for `rlpc plan`: a table of what would be done with each stage and what it costs, then what the spec says
// about each declaration. Short enough to review: defaults and repetitions are left out.

import type { CurriculumPlan, Plan, StagePlan, Value } from '../../spec/plan/plan.js'
import { workOf, type Work } from '../../spec/plan/work.js'
import { metric, showBytes, showExpr, showRange, showSeconds, showValue } from './notation.js'

/** What a run would do with a stage; the runtime knows. */
export interface StageOutlook {
  readonly action: 'run' | 'reuse' | 'resume' | 'skip'
  /** In words: `stored by run 0003`, `optimizer.lr: 1e-3 → 2e-3`. */
  readonly reason: string
  /** What a run would stop at before its first step. */
  readonly problem?: { readonly code: string; readonly message: string; readonly help?: string }
  readonly seconds?: number
  /** Bytes at the peak of the stage, and of what. */
  readonly memory?: { readonly peak: number; readonly parts: Readonly<Record<string, number>> }
}

export interface ShowOptions {
  readonly colour: boolean
  readonly outlook?: ReadonlyMap<string, StageOutlook>
  /** Where times come from: `at the pace of run 0003`. */
  readonly pace?: string
}

/** More stages than this are shown by declaration. */
const MOST_ROWS = 24
const MARKS = { run: ['+', 32], resume: ['>', 33], reuse: ['=', 2], skip: ['!', 31] } as const

/** Text of the plan with a newline at the end. */
export function showPlan(plan: Plan, { colour, outlook, pace }: ShowOptions): string {
  const paint = (code: number, text: string) => (colour && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text)
  const [bold, dim] = [(text: string) => paint(1, text), (text: string) => paint(2, text)]
  const lines = [`${bold(plan.name)}${plan.variant === null ? '' : ` (variant ${plan.variant})`}: ${summary(plan, outlook, pace)}`]
  if (plan.parameters.length > 0) lines.push(`  ${plan.parameters.map(({ name, value, origin }) => `${name} = ${showValue(value)}${origin === 'default' ? '' : ` (${origin})`}`).join(', ')}`)

  const stages = inOrder(plan.stages)
  lines.push('', ...table(rowsOf(plan, stages, outlook)).map((row, i) => (i === 0 ? dim(row) : row.replace(/^ ( *)([+>=!])/, (_, space: string, mark: string) => ` ${space}${paint(Object.values(MARKS).find(([each]) => each === mark)?.[1] ?? 0, mark)}`))))

  const problems = problemsOf(stages, outlook)
  if (problems.length > 0) lines.push('', '  A run would stop before its first step:')
  for (const { addresses, text, help } of problems) lines.push(`  ${paint(31, '✗')} ${addresses}  ${text}`, ...(help === undefined ? [] : [dim(`    help: ${help}`)]))

  lines.push('')
  const firsts = new Map<string, StagePlan>()
  for (const stage of stages) {
    if (firsts.has(stage.name)) continue
    firsts.set(stage.name, stage)
    lines.push(...wrapped(`${bold(stage.name)}:`, [...settings(stage), ...differing(stages, stage)], 2))
    const { batch, reward } = stage.estimate
    const facts = [...(batch === undefined ? [] : [batch]), ...(reward === undefined ? [] : [reward.low === null && reward.high === null ? 'reward without bounds' : `reward in ${showRange(reward)}`])]
    if (facts.length > 0) lines.push(dim(`    ${facts.join('; ')}`))
    const parts = Object.entries(outlook?.get(stage.address)?.memory?.parts ?? {}).filter(([, bytes]) => bytes > 0)
    if (parts.length > 0) lines.push(dim(`    memory: ${parts.map(([name, bytes]) => `${name} ${showBytes(bytes)}`).join(', ')}`))
    if (stage.obstacle !== undefined) lines.push(`    no engine: ${stage.obstacle}`)
  }

  for (const [address, { phases }] of Object.entries(plan.curricula)) lines.push(`  ${bold(address)}: ${phases.map(showPhase).join(', then ')}`)
  for (const { name, text, checks, atLeast, before } of plan.claims) {
    const count = checks.length === 1 ? '' : `  ${dim(atLeast === undefined ? `for all of ${checks.map(({ key }) => key).join(', ')}` : `for at least ${atLeast} of ${checks.length}`)}`
    lines.push(`  ${bold(`${before ? 'gate' : 'claim'} ${name}`)}: ${text}${count}${before ? `  ${dim(`before ${before.join(', ')}`)}` : ""}`)
  }
  for (const [name, value] of Object.entries(plan.outputs)) lines.push(`  ${bold(`output ${name}`)}: ${showValue(value)}`)
  return `${lines.join('\n')}\n`
}

/** Each problem once, with the stages that have it. */
function problemsOf(stages: readonly StagePlan[], outlook: ShowOptions['outlook']): readonly { addresses: string; text: string; help?: string }[] {
  const found = new Map<string, { of: string[]; help?: string }>()
  for (const { address } of stages) {
    const problem = outlook?.get(address)?.problem
    if (!problem) continue
    const text = `${problem.code}: ${problem.message}`
    const known = found.get(text) ?? { of: [], ...(problem.help === undefined ? {} : { help: problem.help }) }
    known.of.push(address)
    found.set(text, known)
  }
  return [...found].map(([text, { of, ...help }]) => ({ addresses: of.length > 3 ? `${of.slice(0, 2).join(', ')} and ${of.length - 2} more` : of.join(', '), text, ...help }))
}

function showPhase({ name, least, most, advance }: CurriculumPlan['phases'][number]): string {
  if (least > 0 && least === most && !advance) return `${name} (${least} steps)`
  const bounds = [...(least > 0 ? [`at least ${least} steps`] : []), ...(most === null ? [] : [`at most ${most} steps`]), ...(advance ? [`until ${showExpr(advance)}`] : [])]
  return bounds.length === 0 ? name : `${name} (${bounds.join(', ')})`
}

/** Stages after those that they need, otherwise in the order of their addresses. */
export function inOrder(stages: readonly StagePlan[]): readonly StagePlan[] {
  const byAddress = new Map(stages.map((stage) => [stage.address, stage]))
  const done = new Set<string>()
  const ordered: StagePlan[] = []
  const visit = (stage: StagePlan) => {
    if (done.has(stage.address)) return
    done.add(stage.address)
    for (const need of stage.needs) {
      const needed = byAddress.get(need)
      if (needed) visit(needed)
    }
    ordered.push(stage)
  }
  stages.forEach(visit)
  return ordered
}

function summary(plan: Plan, outlook: ShowOptions['outlook'], pace: string | undefined): string {
  const { stages } = plan
  const doing = stages.filter(({ address }) => ['run', 'resume'].includes(outlook?.get(address)?.action ?? 'run'))
  const count = (action: StageOutlook['action']) => stages.filter(({ address }) => outlook?.get(address)?.action === action).length
  const actions = (['run', 'resume', 'reuse', 'skip'] as const).flatMap((action) => (count(action) === 0 ? [] : [`${count(action)} to ${action}`]))
  const sum = (numbers: readonly (number | undefined)[]) => numbers.reduce<number>((total, each) => total + (each ?? 0), 0)
  const [tokens, flops] = [sum(doing.map((stage) => workOf(plan, stage).tokens)), sum(doing.map(({ estimate }) => estimate.flops))]
  const times = doing.map(({ address }) => outlook?.get(address)?.seconds)
  const peak = Math.max(0, ...doing.map(({ address }) => outlook?.get(address)?.memory?.peak ?? 0))
  const timed = doing.length > 0 && times.every((each) => each !== undefined)
  return [
    `${stages.length} ${stages.length === 1 ? 'stage' : 'stages'}${actions.length === 0 ? '' : `, ${actions.join(', ')}`}`,
    ...(tokens > 0 ? [`at most ${metric(tokens).trimEnd()} tokens`] : []),
    ...(flops > 0 ? [`${metric(flops)}FLOP`] : []),
    ...(timed ? [`about ${showSeconds(sum(times))}${pace === undefined ? '' : ` ${pace}`}`] : []),
    ...(peak > 0 ? [`${showBytes(peak)} at the peak`] : []),
  ].join(', ')
}

/** One row for each stage, or for all instances of a declaration that fare alike when there are many. */
function rowsOf(plan: Plan, stages: readonly StagePlan[], outlook: ShowOptions['outlook']): readonly (readonly string[])[] {
  const groups = new Map<string, StagePlan[]>()
  for (const stage of stages) {
    const fate = outlook?.get(stage.address)
    const key = stages.length <= MOST_ROWS ? stage.address : JSON.stringify([stage.name, fate?.action, fate?.reason.replace(/\[[^\]]*\]/g, '')])
    const group = groups.get(key)
    if (group) group.push(stage)
    else groups.set(key, [stage])
  }
  const rows = [...groups.values()].map((group) => {
    const stage = group[0] as StagePlan
    const fate = outlook?.get(stage.address)
    const { steps, prompts, completions, tokens, flops } = total(group.map((each) => workOf(plan, each)))
    const seconds = group.reduce<number | undefined>((sum, { address }) => add(sum, outlook?.get(address)?.seconds), 0)
    // What is stored costs nothing; what cannot run here would cost that elsewhere.
    const cost = (text: string | undefined) => (fate?.action === 'reuse' || text === undefined ? '' : text)
    return [
      `  ${fate ? MARKS[fate.action][0] : ' '} ${group.length === 1 ? stage.address : `${stage.name} x ${group.length}`}`,
      stage.kind,
      cost(steps === undefined ? undefined : metric(steps).trimEnd()),
      cost(prompts === undefined ? undefined : metric(prompts).trimEnd()),
      cost(completions === undefined ? undefined : metric(completions).trimEnd()),
      cost(tokens === undefined ? undefined : metric(tokens).trimEnd()),
      cost(flops === undefined ? undefined : metric(flops).trimEnd()),
      cost(seconds === undefined || !outlook || fate?.action === 'skip' ? undefined : showSeconds(seconds)),
      cost(fate?.memory === undefined ? undefined : showBytes(fate.memory.peak)),
      fate === undefined ? '' : `${fate.action}: ${fate.reason}`,
    ]
  })
  const head = ['    stage', 'kind', 'steps', 'prompts', 'completions', 'tokens', 'FLOP', 'time', 'memory', '']
  const all = [head, ...rows]
  const used = head.map((_, column) => rows.some((row) => row[column] !== ''))
  return all.map((row) => row.filter((_, column) => used[column]))
}

/** Of several stages together; a number that one of them lacks is not known. */
function total(works: readonly Work[]): Work {
  const names = ['steps', 'prompts', 'completions', 'tokens', 'flops'] as const
  return Object.fromEntries(names.flatMap((name) => (works.every((work) => work[name] !== undefined) ? [[name, works.reduce((sum, work) => sum + (work[name] as number), 0)]] : [])))
}

const add = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : a + b)

/** Columns two spaces apart, those of numbers to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  return rows.map((row) => row.map((cell, column) => (column < 2 || column === row.length - 1 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join('  ').trimEnd())
}

/** What the spec says about a stage: its inputs, and the attributes that it does not leave at their defaults. */
function settings(stage: StagePlan): readonly string[] {
  const { inputs, written } = stage
  return [...Object.entries(inputs).flatMap(([name, value]) => (value === null ? [] : [`${name} = ${showValue(value)}`])), ...written.filter((path) => !(path in inputs)).map((path) => `${path} = ${showValue(attribute(stage, path))}`)]
}

/** Which settings its other instances have otherwise. */
function differing(stages: readonly StagePlan[], first: StagePlan): readonly string[] {
  const paths = [...Object.keys(first.inputs), ...first.written]
  const others = stages.filter((stage) => stage.name === first.name && stage !== first)
  const value = (stage: StagePlan, path: string) => stage.inputs[path] ?? attribute(stage, path)
  const found = [...new Set(paths)].filter((path) => {
    const own = value(first, path)
    // Instances share the values that are the same for all of them.
    return others.some((other) => value(other, path) !== own && JSON.stringify(value(other, path)) !== JSON.stringify(own))
  })
  return found.length === 0 ? [] : [`(${found.join(', ')} by instance)`]
}

/** The value at a path such as `optimizer.lr`; `null` where the stage has none. */
export function attribute({ attributes }: StagePlan, path: string): Value {
  const [head, inner] = path.split('.') as [string, string | undefined]
  const value = attributes[head] ?? null
  return inner === undefined ? value : isSection(value) ? (value.record[inner] ?? null) : null
}

function isSection(value: Value): value is { readonly record: Readonly<Record<string, Value>> } {
  return typeof value === 'object' && value !== null && 'record' in value
}

/** Items after a heading, as many on a line as fit; none without items. */
function wrapped(heading: string, items: readonly string[], indent: number, width = 118): readonly string[] {
  if (items.length === 0) return []
  const lines: string[] = []
  let line = `${' '.repeat(indent)}${heading}`
  items.forEach((item, i) => {
    const piece = `${item}${i < items.length - 1 ? ',' : ''}`
    if (line.length + piece.length >= width) {
      lines.push(line)
      line = `${' '.repeat(indent + 2)}${piece}`
    } else line = `${line} ${piece}`
  })
  return [...lines, line]
}
