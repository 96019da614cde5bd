// How long the programs of a plan take on this machine, measured within about a second: for stages of which nothing like it was ever run.
// Programs run on zeros, with the sizes of the stage or, where that would take too long, with smaller ones. What was measured is kept
// in `probe.json` of the `.rlp` folder for this machine, backend and version. Data, tokens and rewards take time beside that: a guess.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { arch, cpus } from 'node:os'
import { join } from 'node:path'
import { evaluateDim } from '../../spec/graph/dims.js'
import type { DType, Graph } from '../../spec/graph/graph.js'
import { contentHash } from '../../spec/plan/canonical.js'
import { lineage, modelInput } from '../../spec/plan/lineage.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { workOf } from '../../spec/plan/work.js'
import { declareStates, graphsOf, inputs } from '../engines/native/programs.js'
import { WAVE } from '../engines/native/rollout.js'
import { bindingsOf, shapesOf, type Shapes } from '../engines/native/sizes.js'
import type { Bindings, Executor, TensorData } from '../executors/executor.js'

export interface ProbeOptions {
  readonly executor: Executor
  /** What the measurements hold for beside the machine: versions of kernels. */
  readonly version: string
  /** The `.rlp` folder. */
  readonly home: string
  /** Bytes that a stage takes; larger ones than fit in a second are left out. */
  readonly bytes: (stage: StagePlan) => number | undefined
  /** Milliseconds for all measurements together. */
  readonly budget?: number
}

/** More than this is not even set up within a second. */
const MOST_BYTES = 2 ** 29

/** Sizes that a program's time grows with, by its role. */
const GROWS: Readonly<Record<string, readonly string[]>> = {
  score: ['B', 'T'],
  gradient: ['B', 'T'],
  prefill: ['B', 'P'],
  decode: ['B'],
  sample: ['B'],
  advantage: ['G', 'N'],
  weigh: ['G', 'N', 'T'],
  measure: ['G', 'N', 'T'],
}
/** The first measurement is made with this much of each of them. */
const SMALL: Readonly<Record<string, number>> = { T: 16, P: 16 }

/** Measures what is not known yet, and returns the seconds that a stage will take; undefined where the probe says nothing. */
export async function probe(plan: Plan, stages: readonly StagePlan[], options: ProbeOptions): Promise<(stage: StagePlan) => number | undefined> {
  const { executor, version, home, bytes, budget = 1000 } = options
  const machine = [cpus()[0]?.model ?? '', cpus().length, arch(), process.version, executor.name, version]
  const behind = lineage(plan)
  const texts = new WeakMap<object, string>()
  const measured = new Map<string, Measurable>()
  // Stages with the same programs and sizes take the same time, so thousands are looked at once.
  const found = (stage: StagePlan): Measurable | undefined => {
    const model = behind(modelInput(stage))?.model
    const shapes = model && shapesOf(plan, stage, model)
    if (!shapes) return undefined
    const programs = texts.get(stage.programs) ?? JSON.stringify(stage.programs)
    texts.set(stage.programs, programs)
    const text = `${programs} ${JSON.stringify(shapes)}`
    const each = measured.get(text) ?? { stage, shapes, keys: keysOf(stage, shapes, machine) }
    measured.set(text, each)
    return each
  }

  const known = new Map(Object.entries(recall(home)))
  const before = known.size
  const deadline = performance.now() + budget
  for (const each of new Set(stages.map(found))) if (each && (bytes(each.stage) ?? Infinity) <= MOST_BYTES) await measure(plan, each, executor, deadline, known)
  if (known.size > before) remember(home, known)
  return (stage) => {
    const each = found(stage)
    const turns = each && turnsOf(plan, stage, each.shapes)
    return turns && total(turns, each.keys, known)
  }
}

/** Stages that one measurement serves, by the first of them. */
interface Measurable {
  readonly stage: StagePlan
  readonly shapes: Shapes
  /** Role → what its program's time is kept under. */
  readonly keys: ReadonlyMap<string, string>
}

function keysOf({ programs }: StagePlan, shapes: Shapes, machine: readonly unknown[]): ReadonlyMap<string, string> {
  return new Map(Object.entries(programs).flatMap(([role, program]) => (bindingsOf(shapes, role) ? [[role, contentHash([machine, program, bindingsOf(shapes, role)])] as const] : [])))
}

/** How often a stage runs each program at most; undefined when it is not known before the data is read. */
function turnsOf(plan: Plan, stage: StagePlan, { micro, levels, scored = false, rollouts }: Shapes): Readonly<Record<string, number>> | undefined {
  const { steps, completions } = workOf(plan, stage)
  const turns: Record<string, number> = {}
  if (levels && micro) {
    if (steps === undefined) return undefined
    const rows = (levels['G'] ?? 1) * (levels['N'] ?? 1) * (scored ? 2 : 1)
    const parts = steps * Math.ceil(rows / (micro['B'] as number))
    Object.assign(turns, { gradient: parts, ...(scored ? { score: parts } : {}), advantage: steps, weigh: steps, measure: steps, norm: steps, apply: steps })
  } else if (micro) return undefined
  for (const { rows, maxNew } of rollouts ?? []) {
    if (completions === undefined) return undefined
    const waves = Math.ceil(completions / Math.min(WAVE, rows))
    for (const [role, count] of [['prefill', waves], ['decode', waves * maxNew], ['sample', waves * maxNew]] as const) turns[role] = (turns[role] ?? 0) + count
  }
  // Programs over whole weights are not measured.
  return Object.keys(turns).length === 0 ? undefined : turns
}

/** Programs that a kind may have and this stage has not take no time; one that was not measured leaves the sum unknown. */
function total(turns: Readonly<Record<string, number>>, keys: ReadonlyMap<string, string>, known: ReadonlyMap<string, number>): number | undefined {
  let sum = 0
  for (const [role, count] of Object.entries(turns)) {
    const key = keys.get(role)
    const seconds = key === undefined ? 0 : known.get(key)
    if (seconds === undefined) return undefined
    sum += count * seconds
  }
  return sum
}

/** Measures those programs of a stage that are not known, until the time is over. */
async function measure(plan: Plan, { stage, shapes, keys }: Measurable, executor: Executor, deadline: number, known: Map<string, number>): Promise<void> {
  const graphs = graphsOf(plan, stage)
  for (const [role, key] of keys) {
    if (performance.now() >= deadline) return
    const [graph, full] = [graphs[role], bindingsOf(shapes, role)]
    if (!graph || !full || known.has(key)) continue
    // What fills the caches does not read them: their sizes are said by what does.
    const states = role === 'prefill' && graphs['decode'] ? [graph, graphs['decode']] : [graph]
    const seconds = (bindings: Bindings) => secondsOf(graph, states, bindings, executor)
    const grows = (GROWS[role] ?? []).filter((name) => full[name] !== undefined)
    const small = { ...full, ...Object.fromEntries(grows.map((name) => [name, Math.min(full[name] as number, SMALL[name] ?? 1)])) }
    const ratio = grows.reduce((product, name) => product * ((full[name] as number) / (small[name] as number)), 1)
    const guess = (await seconds(small)) * ratio
    // Two runs and the loading.
    known.set(key, ratio > 1 && 3000 * guess < deadline - performance.now() ? await seconds(full) : guess)
  }
}

/** Of one run; the first of a session is not counted. */
async function secondsOf(graph: Graph, states: readonly Graph[], bindings: Bindings, executor: Executor): Promise<number> {
  const session = await executor.open()
  try {
    for (const each of states) declareStates(session, each, bindings)
    const [program, feeds] = [session.load(graph, bindings), zeros(graph, bindings)]
    await program.run(feeds)
    const start = performance.now()
    await program.run(feeds)
    return (performance.now() - start) / 1000
  } finally {
    session.close()
  }
}

const ARRAYS: Readonly<Record<DType, new (size: number) => TensorData>> = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array }

/** Feeds of a program: zeros, and 1 for single numbers, which are divided by. */
function zeros(graph: Graph, bindings: Bindings): Record<string, TensorData> {
  return Object.fromEntries(
    inputs(graph, 'feed').map(({ attributes, type: { dtype, shape } }) => {
      const data = new ARRAYS[dtype](shape.reduce<number>((size, dim) => size * evaluateDim(dim, bindings), 1))
      return [String(attributes['name']), shape.length === 0 ? data.fill(1) : data]
    }),
  )
}

/** What was measured before; nothing when the file is not there or not readable as such. */
function recall(home: string): Readonly<Record<string, number>> {
  const path = join(home, 'probe.json')
  try {
    const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : {}
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return {}
    return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] >= 0))
  } catch {
    return {}
  }
}

/** A folder that cannot be written costs a second, not the plan. */
function remember(home: string, known: ReadonlyMap<string, number>): void {
  const path = join(home, 'probe.json')
  try {
    mkdirSync(home, { recursive: true })
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(Object.fromEntries(known)))
    renameSync(`${path}.${process.pid}`, path)
  } catch {
    return
  }
}
