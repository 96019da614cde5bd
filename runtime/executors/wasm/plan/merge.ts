// Joins nests of loops that walk the same elements: one reads what another computes, or both read the same buffer.
// Does not change what is computed, only how often it goes through memory.

import { accessKey, count, mergeLoops, type Instruction, type Nest, type Store } from './nest.js'
import { divisionOf } from '../emit/loops.js'
import { POOL, type Schedule, type Step } from './step.js'

/** How many steps apart two nests may be, and how many instructions one may hold. */
const WINDOW = 24
const LARGEST = 96

type NestStep = Step & { readonly work: { readonly kind: 'nest'; readonly nest: Nest } }

export function mergeNests(schedule: Schedule): Schedule {
  const steps: (Step | undefined)[] = [...schedule.steps]
  for (let j = 0; j < steps.length; j++) {
    for (let i = j - 1; i >= Math.max(0, j - WINDOW); i--) {
      const [first, second] = [steps[i], steps[j]]
      if (!first || !second || !isNest(first) || !isNest(second) || !related(first, second)) continue
      const between = steps.slice(i + 1, j).filter((step) => step !== undefined)
      const [up, down] = [mayRise(second, first, between), maySink(first, between)]
      const joined = up || down ? join(first, second) : undefined
      if (!joined) continue
      // Later nests look for partners too: go on from where the joint one is.
      steps[down ? i : j] = undefined
      steps[down ? j : i] = joined
      if (!down) break
    }
  }
  return dropUnread({ ...schedule, steps: steps.filter((step) => step !== undefined) })
}

const isNest = (step: Step): step is NestStep => step.work.kind === 'nest'
/** Constants apart, whether both know some buffer. */
const related = (first: Step, second: Step): boolean => second.reads.some((buffer) => buffer !== POOL && (first.writes.includes(buffer) || first.reads.includes(buffer)))
const touches = (steps: readonly Step[], buffers: readonly number[]): boolean => steps.some(({ reads, writes }) => buffers.some((buffer) => reads.includes(buffer) || writes.includes(buffer)))
const changes = (steps: readonly Step[], buffers: readonly number[]): boolean => steps.some(({ writes }) => buffers.some((buffer) => writes.includes(buffer)))

/** Whether a step may run where `first` does, before the steps between. */
const mayRise = (second: Step, first: Step, between: readonly Step[]): boolean => !changes(between, second.reads) && !touches([first, ...between], second.writes)
/** Whether a step may run after the steps between. */
const maySink = (first: Step, between: readonly Step[]): boolean => !touches(between, first.writes) && !changes(between, first.reads)

/** One nest that does both, or undefined where they walk differently or have nothing in common. */
function join(first: NestStep, second: NestStep): Step | undefined {
  if (first.writes.some((buffer) => second.writes.includes(buffer))) return undefined
  const [a, b] = aligned(first.work.nest, second.work.nest) ?? []
  if (!a || !b || a.code.length + b.code.length > LARGEST) return undefined
  const produced = new Map(a.stores.map((store) => [accessKey(store.access), store.value]))
  const fresh = new Set(first.writes)
  const known = new Map(a.code.map((each, i) => [key(each), i]))
  const code = [...a.code]
  const moved: number[] = []
  let shared = 0
  for (const each of b.code) {
    if (each.kind === 'load' && fresh.has(each.access.buffer)) {
      const value = a.reduction ? undefined : produced.get(accessKey(each.access))
      if (value === undefined) return undefined
      moved.push(value)
      shared++
      continue
    }
    const here: Instruction = each.kind === 'apply' ? { ...each, args: each.args.map((arg) => moved[arg] as number) } : each
    const same = known.get(key(here))
    if (same !== undefined && here.kind === 'load' && here.access.strides.some((stride) => stride !== 0)) shared++
    moved.push(same ?? code.push(here) - 1)
    known.set(key(here), moved.at(-1) as number)
  }
  if (shared === 0) return undefined
  const stores: Store[] = [...a.stores, ...b.stores.map((store) => ({ ...store, value: moved[store.value] as number }))]
  return withSharing({ ...a, code, stores })
}

function aligned(a: Nest, b: Nest): [Nest, Nest] | undefined {
  if (a.reduction !== b.reduction) return undefined
  const same = (x: Nest, y: Nest): boolean => x.outer === y.outer && x.loops.join() === y.loops.join()
  const [x, y] = [mergeLoops(a), mergeLoops(b)]
  return same(x, y) ? [x, y] : same(a, b) ? [a, b] : undefined
}

const key = (each: Instruction): string =>
  each.kind === 'load' ? `@${accessKey(each.access)}:${each.dtype}` : each.kind === 'index' ? `#${each.dtype}${each.offset}:${each.strides.join()}` : `${each.op}:${each.dtype}:${each.args.join()}`

/** A step for a nest. An input may be overwritten where each element is read just before its own place is written. */
export function withSharing(nest: Nest): Step {
  const loads = nest.code.flatMap((each) => (each.kind === 'load' ? [each.access] : []))
  const reads = [...new Set(loads.map(({ buffer }) => buffer))]
  const writes = [...new Set(nest.stores.map(({ access }) => access.buffer))]
  const sharing = nest.reduction ? [] : nest.stores.flatMap(({ access }) =>
    reads
      .filter((buffer) => loads.every((load) => load.buffer !== buffer || (load.offset === access.offset && load.strides.join() === access.strides.join())))
      .map((buffer) => [buffer, access.buffer] as const),
  )
  const division = divisionOf(nest)
  return { reads, writes, sharing, operations: count(nest.loops) * nest.code.length, ...(division ? { division } : {}), work: { kind: 'nest', nest } }
}

/** Values that every reader now has in a register need no place in memory. */
function dropUnread(schedule: Schedule): Schedule {
  const wanted = new Set([...schedule.fetches, ...schedule.assigns].map(({ buffer }) => buffer))
  for (const { reads } of schedule.steps) for (const buffer of reads) wanted.add(buffer)
  const steps = schedule.steps.flatMap((step) => {
    if (!isNest(step)) return [step]
    const stores = step.work.nest.stores.filter(({ access }) => wanted.has(access.buffer))
    return stores.length === step.work.nest.stores.length ? [step] : stores.length === 0 ? [] : [withSharing({ ...step.work.nest, stores })]
  })
  return { ...schedule, steps }
}
