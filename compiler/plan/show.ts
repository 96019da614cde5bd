// The plan in words, for `rlpc plan`: what each stage does, costs and reads, and the settings that make it what it is.
// Later instances of a declaration show only what differs from the first.

import type { CurriculumPlan, Plan, StagePlan, Value } from '../../spec/plan/plan.js'
import { metric, showExpr, showRange, showValue } from './notation.js'

export interface ShowOptions {
  readonly colour: boolean
}

/** Text of the plan with a newline at the end. */
export function showPlan(plan: Plan, { colour }: ShowOptions): string {
  const bold = (text: string) => (colour ? `\x1b[1m${text}\x1b[0m` : text)
  const dim = (text: string) => (colour ? `\x1b[2m${text}\x1b[0m` : text)
  const lines = [`${bold(plan.name)}${plan.variant === null ? '' : ` (variant ${plan.variant})`}: ${summary(plan)}`]
  for (const { name, value, origin } of plan.parameters) lines.push(`  ${name} = ${showValue(value)}  ${dim(`from the ${origin}`)}`)

  const firsts = new Map<string, StagePlan>()
  for (const stage of inOrder(plan.stages)) {
    const first = firsts.get(stage.name)
    if (!first) firsts.set(stage.name, stage)
    lines.push('', `  ${bold(stage.address)}  ${stage.kind} ${stage.engine === null ? '(no engine)' : `on ${stage.engine}`}${cost(stage)}`)
    if (!first && stage.obstacle !== undefined) lines.push(`      no engine: ${stage.obstacle}`)
    const known = new Set(first ? settings(first) : [])
    const shown = settings(stage).filter((line) => !known.has(line))
    lines.push(...shown.map((line) => `      ${line}`))
    if (first) lines.push(dim(`      ${shown.length > 0 ? 'else ' : ''}as ${first.address}`))
    else lines.push(...wrapped('defaults:', defaults(stage), 6).map(dim))
  }

  const curricula = Object.entries(plan.curricula)
  if (curricula.length > 0) lines.push('', bold('Curricula'))
  for (const [address, { phases }] of curricula) lines.push(`  ${address}: ${phases.map(showPhase).join(', then ')}`)

  if (plan.claims.length > 0) lines.push('', bold('Claims'))
  for (const { name, text, checks, atLeast } of plan.claims) {
    const count = checks.length === 1 ? '' : `  ${dim(atLeast === undefined ? `for all of ${checks.map(({ key }) => key).join(', ')}` : `for at least ${atLeast} of ${checks.length}`)}`
    lines.push(`  ${name}: ${text}${count}`)
  }
  const outputs = Object.entries(plan.outputs)
  if (outputs.length > 0) lines.push('', bold('Outputs'), ...outputs.map(([name, value]) => `  ${name} = ${showValue(value)}`))
  return `${lines.join('\n')}\n`
}

function showPhase({ name, least, most, advance }: CurriculumPlan['phases'][number]): string {
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

function summary({ stages }: Plan): string {
  const sum = (of: (stage: StagePlan) => number | undefined) => stages.reduce((total, stage) => total + (of(stage) ?? 0), 0)
  const [tokens, flops] = [sum(({ estimate }) => estimate.tokens), sum(({ estimate }) => estimate.flops)]
  return [`${stages.length} ${stages.length === 1 ? 'stage' : 'stages'}`, ...(tokens > 0 ? [`at most ${metric(tokens).trimEnd()} tokens`] : []), ...(flops > 0 ? [`${metric(flops)}FLOP`] : [])].join(', ')
}

function cost({ estimate: { steps, tokens, flops } }: StagePlan): string {
  const parts = [steps === undefined ? '' : showValue({ value: steps, unit: 'steps' }), tokens === undefined ? '' : `at most ${metric(tokens).trimEnd()} tokens`, flops === undefined ? '' : `${metric(flops)}FLOP`]
  const given = parts.filter((part) => part !== '')
  return given.length === 0 ? '' : `: ${given.join(', ')}`
}

/** One line for each thing that the spec says about a stage, and for what follows from it. */
function settings(stage: StagePlan): readonly string[] {
  const { estimate, inputs, written } = stage
  const lines = Object.entries(inputs).flatMap(([name, value]) => (value === null ? [] : [`${name} = ${showValue(value)}`]))
  for (const path of written) if (!(path in inputs)) lines.push(`${path} = ${showValue(attribute(stage, path))}`)
  if (estimate.batch !== undefined) lines.push(`batch: ${estimate.batch}`)
  if (estimate.reward !== undefined) lines.push(`reward lies in ${showRange(estimate.reward)}`)
  return lines
}

function defaults(stage: StagePlan): readonly string[] {
  const paths = Object.entries(stage.attributes).flatMap(([name, value]) => (isSection(value) ? Object.keys(value.record).map((inner) => `${name}.${inner}`) : [name]))
  return paths.filter((path) => !stage.written.includes(path)).map((path) => `${path} = ${showValue(attribute(stage, path))}`)
}

function attribute({ attributes }: StagePlan, path: string): Value {
  const [head, inner] = path.split('.') as [string, string | undefined]
  const value = attributes[head] ?? null
  return inner === undefined ? value : isSection(value) ? (value.record[inner] ?? null) : null
}

function isSection(value: Value): value is { readonly record: Readonly<Record<string, Value>> } {
  return typeof value === 'object' && value !== null && 'record' in value
}

/** Items after a heading, as many on a line as fit; none without items. */
function wrapped(heading: string, items: readonly string[], indent: number, width = 110): readonly string[] {
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
