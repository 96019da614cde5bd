// What a program becomes on this executor, for people: its steps in order, what was fused into each loop, where threads wait.
// Not a format: it is never parsed. Runs nothing.

import type { DType, Graph } from '../../../spec/graph/graph.js'
import type { Bindings } from '../executor.js'
import { prepared } from './index.js'
import { lower } from './plan/lower.js'
import { mergeLoops, type Access, type Instruction, type Nest } from './plan/nest.js'
import { isDivided, phases, WORTH } from './plan/phases.js'
import { place, type Placement } from './plan/place.js'
import { POOL, type Arg, type Schedule, type Step } from './plan/step.js'

/** The steps of a graph at given sizes. A value that is used twice in a loop has a name there; buffers have numbers, feeds and states their names; threads wait for each other where `--` is. */
export function printSchedule(graph: Graph, bindings: Bindings): string {
  const schedule = lower(prepared(graph, bindings))
  const placement = place(schedule)
  const counts = { loops: schedule.steps.filter(({ work }) => work.kind === 'nest').length, calls: schedule.steps.filter(({ work }) => work.kind === 'call').length }
  const sizes = Object.entries(bindings).map(([name, size]) => `${name} = ${size}`).join(', ')
  const lines = [`${graph.name}${sizes && ` with ${sizes}`}: kernel calls ${counts.calls}, fused loops ${counts.loops}, inputs and intermediate values ${bytes(placement.arenaBytes)}`]
  const names = namesOf(schedule, placement)
  phases(schedule, placement, WORTH).forEach((turns, phase) => {
    if (phase > 0) lines.push('  --')
    for (const { steps } of turns) for (const i of steps) lines.push(...printStep(schedule.steps[i] as Step, names, schedule.pool).map((line) => `  ${line}`))
  })
  for (const { state, buffer } of placement.copies) lines.push(`  copy  ${names(buffer)} → ${state}`)
  for (const { name, buffer } of schedule.fetches) lines.push(`  fetch ${name} = ${names(buffer)}`)
  return `${lines.join('\n')}\n`
}

type Names = (buffer: number) => string

function namesOf({ buffers }: Schedule, { places }: Placement): Names {
  return (buffer) => {
    const { name } = buffers[buffer] as Schedule['buffers'][number]
    const at = places[buffer]
    return name ?? (at?.in === 'state' ? `${at.name}′` : `#${buffer}`)
  }
}

function printStep(step: Step, names: Names, pool: readonly number[]): string[] {
  const threads = isDivided(step, WORTH) ? ', divided' : ''
  const { work } = step
  if (work.kind === 'call') return [`call  ${work.kernel}(${[...step.reads.map(names), sizes(work.kernel, work.args)].join(', ')}) → ${step.writes.map(names).join(', ')}${threads}`]
  const nest = mergeLoops(work.nest)
  const [outer, reduced] = [nest.loops.slice(0, nest.outer), nest.loops.slice(nest.outer)]
  const over = reduced.length > 0 ? `, ${nest.reduction?.slice('reduce_'.length)} over ${reduced.join(' x ')}` : ''
  return [`loop  ${outer.join(' x ') || 'once'}${over}${threads}`, ...statements(nest, names, pool).map((line) => `        ${line}`)]
}

/** The numbers among the arguments; of a product, whose strides say little, rows, columns and depth. */
function sizes(kernel: string, args: readonly Arg[]): string {
  const numbers = args.flatMap((arg) => (typeof arg === 'number' ? [arg] : 'float' in arg ? [arg.float] : []))
  return kernel.startsWith('gemm') ? numbers.slice(-5, -2).join(' x ') : numbers.join(', ')
}

/** One line for each store, and one before for each value that is used more than once. */
function statements(nest: Nest, names: Names, pool: readonly number[]): string[] {
  const uses = nest.code.map(() => 0)
  for (const each of nest.code) if (each.kind === 'apply') for (const arg of each.args) uses[arg] = (uses[arg] as number) + 1
  for (const { value } of nest.stores) uses[value] = (uses[value] as number) + 1
  const lines: string[] = []
  const texts: string[] = []
  nest.code.forEach((each, i) => {
    const text = instruction(each, texts, names, pool)
    if (each.kind === 'apply' && (uses[i] as number) > 1) {
      texts.push(`v${i}`)
      lines.push(`v${i} = ${text}`)
    } else texts.push(text)
  })
  const combine = nest.reduction?.slice('reduce_'.length)
  for (const { value, access } of nest.stores) lines.push(`${element(access, names)} = ${combine ? `${combine}(${texts[value]})` : texts[value]}`)
  return lines
}

function instruction(each: Instruction, texts: readonly string[], names: Names, pool: readonly number[]): string {
  if (each.kind === 'load') return each.access.buffer === POOL ? constant(pool[each.access.offset] as number, each.dtype) : element(each.access, names)
  if (each.kind === 'index') return linear(each.offset, each.strides)
  return `${each.op}(${each.args.map((arg) => texts[arg]).join(', ')})`
}

const element = ({ buffer, offset, strides }: Access, names: Names): string => `${names(buffer)}[${linear(offset, strides)}]`

/** A word of the pool, read as what it is. */
function constant(word: number, dtype: DType): string {
  if (dtype === 'bool') return String(word !== 0)
  if (dtype !== 'f32') return String(dtype === 'u32' ? word >>> 0 : word)
  const view = new DataView(new ArrayBuffer(4))
  view.setInt32(0, word)
  return String(Number(view.getFloat32(0).toPrecision(7)))
}

/** `i`, `j`, `k`, … count the loops from the outermost on. */
function linear(offset: number, strides: readonly number[]): string {
  const terms = strides.flatMap((stride, loop) => (stride === 0 ? [] : [`${stride === 1 ? '' : `${stride}`}${'ijklmnopq'[loop] ?? `i${loop}`}`]))
  return [...terms, ...(offset === 0 && terms.length > 0 ? [] : [String(offset)])].join(' + ')
}

const bytes = (count: number): string => (count < 2 ** 20 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 2 ** 20).toFixed(1)} MiB`)
