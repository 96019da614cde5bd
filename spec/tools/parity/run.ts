// Runs counterparts on executors and compares them with what the original gave, at the tolerances of the recording.
// Does not know any system: tables say what equals what.

import type { TensorData } from '../../../runtime/executors/executor.js'
import { Levels } from '../../../compiler/lower/levels.js'
import { flat, rowOf, type Block, type Case, type Counterpart, type Layout, type Nested, type Table } from './cases.js'
import { headInputs, type HeadInput } from './head.js'
import { gradientFetch, gradientsOf, lowerJobs, maskFeed, type Job, type Lowered, type ReadLibrary } from './program.js'
import type { Subject } from './subjects.js'

export interface Verdict {
  readonly case: Case
  readonly executor: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What differs, or why the case is skipped. */
  readonly notes: readonly string[]
}

const SINGLE = { rtol: 1e-5, atol: 1e-6 }
const DOUBLE = { rtol: 1e-10, atol: 1e-12 }

/** Every case on every subject. */
export async function runCases(cases: readonly Case[], tables: readonly Table[], subjects: readonly Subject[], read?: ReadLibrary): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for (const table of tables) {
    const jobs: Job[] = []
    for (const c of cases.filter(({ system }) => system === table.system)) {
      const row = rowOf(c, [table])?.row
      if (!row || 'skip' in row) for (const { name } of subjects) verdicts.push({ case: c, executor: name, outcome: 'skipped', notes: [row && 'skip' in row ? row.skip : `no row for ${c.function}`] })
      else jobs.push({ case: c, counterpart: row.counterpart(c) })
    }
    if (jobs.length === 0) continue
    const lowered = lowerJobs(table.imports, jobs, read)
    for (const subject of subjects) for (const [i, job] of jobs.entries()) verdicts.push(await runJob(job, lowered[i] as Lowered, subject))
  }
  const known = new Set(tables.map(({ system }) => system))
  for (const c of cases) if (!known.has(c.system)) verdicts.push({ case: c, executor: '', outcome: 'skipped', notes: [`no table for ${c.system}`] })
  return verdicts
}

async function runJob(job: Job, { graph, mistakes }: Lowered, subject: Subject): Promise<Verdict> {
  const { case: c, counterpart } = job
  const raises = c.outputs['raises']
  const verdict = (notes: readonly string[]): Verdict => ({ case: c, executor: subject.name, outcome: notes.length > 0 ? 'failed' : 'passed', notes })
  if (!graph) return verdict(raises === undefined ? mistakes : [])
  const names = new Set(graph.nodes.flatMap(({ op, attributes }) => (op === 'input' ? [String(attributes['name'])] : [])))
  const double = subject.precision === 'double'
  const feeds: Record<string, TensorData> = {}
  for (const { name, dtype, values, inner } of headsOf(counterpart)) {
    const ordered = inner === undefined ? values : placed(counterpart, 'token', values, inner)
    if (names.has(name)) feeds[name] = dtype === 'i32' ? Int32Array.from(ordered) : (double ? Float64Array : Float32Array).from(ordered)
  }
  const feed = (name: string, level: string, values: Nested): void => {
    if (names.has(name)) feeds[name] = (double ? Float64Array : Float32Array).from(placed(counterpart, level, flat(values)))
  }
  for (const [name, [level, values]] of Object.entries(counterpart.feeds)) feed(name, level, values)
  for (const [level, values] of Object.entries(counterpart.masks)) feed(maskFeed(level), level, values)
  let fetched: Readonly<Record<string, TensorData>>
  try {
    fetched = await subject.run(job, graph, feeds)
  } catch (error) {
    return verdict([error instanceof Error ? error.message : String(error)])
  }
  if (raises !== undefined) {
    const silent = Object.keys(counterpart.outputs).filter((name) => !Array.from(fetched[name] ?? []).every(Number.isNaN))
    return verdict(silent.length > 0 ? [`the original raises ${String(raises)}; ours gives ${silent.join(', ')}`] : [])
  }
  const [block, tolerance] = double && c.float64 ? ([c.float64, DOUBLE] as const) : ([c, SINGLE] as const)
  return verdict(differences(job, block, fetched, double && !c.float64 ? SINGLE : tolerance))
}

function differences({ case: c, counterpart }: Job, block: Block, fetched: Readonly<Record<string, TensorData>>, tolerance: { rtol: number; atol: number }): string[] {
  const notes: string[] = []
  const compare = (name: string, level: string | undefined, actual: TensorData | undefined, expected: Nested, inner = 1, within = tolerance): void => {
    const ours = actual && (level === undefined ? Array.from(actual) : taken(counterpart, level, Array.from(actual), inner))
    const theirs = flat(expected)
    if (ours?.length !== theirs.length) return void notes.push(`${name}: ${ours?.length ?? 'no'} numbers, the original has ${theirs.length}`)
    const wrong = theirs.flatMap((value, i) => (close(ours[i] as number, value, within) ? [] : [i]))
    const [first] = wrong
    if (first !== undefined) notes.push(`${name}[${first}]: ${ours[first]}, the original has ${theirs[first]}${wrong.length > 1 ? ` (${wrong.length} of ${theirs.length} differ)` : ''}`)
  }
  for (const [name, expected] of outputsOf(block)) {
    if (expected === null) continue
    const output = counterpart.outputs[name]
    if (output) compare(name, output[0], fetched[name], expected, 1, counterpart.single?.includes(name) ? SINGLE : tolerance)
    else if (!name.startsWith('metrics.') && counterpart.omitted?.[name] === undefined) notes.push(`${name}: no counterpart`)
  }
  const compared = new Set(outputsOf(block).map(([name]) => name))
  for (const name of Object.keys(counterpart.outputs)) if (!compared.has(name)) notes.push(`${name}: the original does not have it`)
  for (const name of gradientsOf(c)) {
    const expected = block.gradients[name]
    const feed = counterpart.gradientNames?.[name] ?? name
    const level = counterpart.feeds[feed]?.[0]
    const input = headsOf(counterpart).find((each) => each.name === feed)
    if (input && expected !== undefined) compare(`gradient of ${name}`, input.inner === undefined ? undefined : 'token', fetched[gradientFetch(name)], expected, input.inner)
    else if (level === undefined) notes.push(`gradient of ${name}: no such feed`)
    else if (expected !== undefined) compare(`gradient of ${name}`, level, fetched[gradientFetch(name)], expected)
  }
  return notes
}

const headsOf = ({ heads = {} }: Counterpart): HeadInput[] => Object.entries(heads).flatMap(([prefix, head]) => headInputs(prefix, head))

/** Outputs by name, `metrics` one by one. */
export function outputsOf(block: Block): (readonly [string, Nested])[] {
  return Object.entries(block.outputs).flatMap(([name, value]) =>
    value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value).map(([key, inner]) => [`${name}.${key}`, inner as Nested] as const) : [[name, value as Nested] as const],
  )
}

const close = (x: number, y: number, { rtol, atol }: { rtol: number; atol: number }): boolean => Object.is(x, y) || x === y || Math.abs(x - y) <= atol + rtol * Math.abs(y)

/** Elements of one row at a level inside it (1 for the row's own level); 0 at levels outside, which are in their own order. */
function widthOf({ levels, sizes, row }: Layout, level: string): number {
  const shapes = new Levels(levels)
  const [inner, outer] = [shapes.depthOf(level) as number, shapes.depthOf(row) as number]
  if (!shapes.holds(outer, inner)) return 0
  return shapes.shapeAt(inner).slice(shapes.shapeAt(outer).length).reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : (sizes[dim] as number)), 1)
}

/** Values in the order of rows → in the order of places; 0 where there is no row. */
function placed(layout: Layout, level: string, values: readonly number[], inner = 1): number[] {
  const width = widthOf(layout, level) * inner
  if (width === 0) return [...values]
  const shapes = new Levels(layout.levels)
  const places = shapes.shapeAt(shapes.depthOf(layout.row) as number).reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : (layout.sizes[dim] as number)), 1)
  const out = new Array<number>(places * width).fill(0)
  layout.place.forEach((place, i) => {
    for (let k = 0; k < width; k++) out[place * width + k] = values[i * width + k] as number
  })
  return out
}

/** The way back. */
function taken(layout: Layout, level: string, values: readonly number[], inner = 1): number[] {
  const width = widthOf(layout, level) * inner
  return width === 0 ? [...values] : layout.place.flatMap((place) => values.slice(place * width, (place + 1) * width))
}
