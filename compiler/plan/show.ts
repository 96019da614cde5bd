// The plan in words, for `rlpc plan`: what each stage does, costs and reads, and the settings that make it what it is.
// Later instances of a declaration show only what differs from the first.

import type { CurriculumPlan, Expr, Plan, RangeValue, StagePlan, Value } from '../../spec/plan/plan.js'

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

/** More items than this of a list are counted instead of shown. */
const MOST_ITEMS = 8

/** A value in the notation of the language; functions by their short names. */
export function showValue(value: Value): string {
  if (value === null) return 'none'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return showNumber(value)
  if (typeof value !== 'object') return String(value)
  if (isList(value)) return value.length > MOST_ITEMS ? `[${value.slice(0, 3).map(showValue).join(', ')}, … ${value.length} in all]` : `[${value.map(showValue).join(', ')}]`
  if ('unit' in value) return `${showNumber(value.value)} ${value.value === 1 ? value.unit.replace(/s$/, '') : value.unit}`
  if ('record' in value) return `{ ${Object.entries(value.record).map(([name, field]) => `${name} = ${showValue(field)}`).join(', ')} }`
  if ('call' in value) return `${short(value.call)}(${args(value.args)})`
  if ('fn' in value) return Object.keys(value.args).length === 0 ? short(value.fn) : `${short(value.fn)}(${args(value.args)})`
  if ('expr' in value) return showExpr(value.expr)
  if ('secret' in value) return `secret ${value.secret}`
  if ('model' in value) return value.model
  if ('dataset' in value) return value.dataset
  if ('curriculum' in value) return value.curriculum
  if ('reward' in value) return value.term === undefined ? value.reward : `${value.reward}.${value.term}`
  if ('stage' in value) return `${value.stage}.${value.output}`
  return showRange(value)
}

/** An expression in the notation of the language, with every operation in parentheses. */
export function showExpr(expr: Expr): string {
  if ('const' in expr) return showValue(expr.const)
  if ('name' in expr) return expr.name
  if ('field' in expr) return `${showExpr(expr.of)}.${expr.field}`
  if ('if' in expr) return `if ${showExpr(expr.if)} then ${showExpr(expr.then)} else ${showExpr(expr.else)}`
  if ('call' in expr) return `${short(expr.call)}(${Object.entries(expr.args).map(([name, arg]) => `${name} = ${showExpr(arg)}`).join(', ')})`
  if ('stage' in expr) return `${expr.stage}.${expr.metric}`
  const [left, right] = expr.args.map((arg) => ('op' in arg && arg.args.length > 1 ? `(${showExpr(arg)})` : showExpr(arg)))
  if (/^[a-z_]+$/.test(expr.op) && !['and', 'or', 'in', 'not', 'neg'].includes(expr.op)) return `${expr.op}(${expr.args.map(showExpr).join(', ')})`
  return right === undefined ? `${expr.op === 'neg' ? '-' : `${expr.op} `}${left}` : `${left} ${expr.op} ${right}`
}

function showRange({ low, high }: RangeValue): string {
  return `${low ?? ''}..${high ?? ''}`
}

function args(given: Readonly<Record<string, Value>>): string {
  return Object.entries(given).map(([name, value]) => `${name} = ${showValue(value)}`).join(', ')
}

/** `std/tasks/knights.puzzles` → `puzzles` */
function short(qualified: string): string {
  return qualified.slice(qualified.lastIndexOf('.') + 1)
}

/** What a person wrote: `10 * 3e-4` is 0.003 to them. The plan has all digits. */
function showNumber(value: number): string {
  return String(Number(value.toPrecision(12)))
}

/** `2.25 M` before the name of what is counted, three digits. */
function metric(value: number): string {
  const steps = ['', 'k', 'M', 'G', 'T', 'P', 'E']
  const power = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(value, 1)) / 3)))
  const scaled = value / 1000 ** power
  return `${Number(scaled.toPrecision(3))} ${steps[power]}`
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

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
