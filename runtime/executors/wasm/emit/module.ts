// One WebAssembly module for one program: a function for each distinct nest of loops, and `run`, which calls all steps.
// Does not plan anything: it writes down a schedule and its placement.

import { kernelTypes } from '../kernels.js'
import type { Place, Placement } from '../plan/place.js'
import { isDivided, phases, WORTH } from '../plan/phases.js'
import { COPIES, turnstiles } from '../plan/turns.js'
import { wholeLines, type Arg, type Division, type Schedule, type Step } from '../plan/step.js'
import { FunctionWriter, ModuleWriter, op } from './encoder.js'
import { writeNest } from './loops.js'

export interface Addresses {
  /** Byte address of the constants. */
  readonly pool: number
  /** Where the threads of the session meet (`assembly/threads.ts`). */
  readonly meeting: number
  state(name: string): number
  packed(name: string): number
  /** Word where runs await their turn to add to a state. */
  turn(name: string): number
}

/** Bytes before the scratch memory of each thread; the first word holds the number of the last kernel call, so that a trap can be told apart. */
export const SCRATCH_HEADER = 64

/** Bytes that each thread needs to run a schedule, whole cache lines. */
export const scratchBytes = ({ steps }: Schedule): number => SCRATCH_HEADER + Math.ceil(Math.max(0, ...steps.map(({ scratch }) => scratch ?? 0)) / 16) * 64

/** Parameters of `run`. */
const [ARENA, SCRATCH, THREAD, THREADS, TURN] = [0, 1, 2, 3, 4]
const NOTHING: ReadonlySet<string> = new Set()
const index = new Map<string, number>(kernelTypes.map(([name], i) => [name, i]))

function kernel(name: string): number {
  const found = index.get(name)
  if (found === undefined) throw new Error(`no kernel "${name}"`)
  return found
}

/**
 * The module's bytes. It imports the kernels as `k` and the memory as `env.memory`, and exports `run(arena, scratch, thread, threads, turn)`,
 * which every thread calls with its own scratch memory. Where `turn` is not negative, runs add to the states `adds` in the order of their turns.
 * With `each`, also one function for each step, `0`, `1`, …, to time them.
 */
export function writeModule(schedule: Schedule, placement: Placement, addresses: Addresses, { worth = WORTH, adds = NOTHING, each = false } = {}): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter(kernelTypes)
  const main = new FunctionWriter(['i32', 'i32', 'i32', 'i32', 'i32'])
  const cut = phases(schedule, placement, worth)
  const { before, after } = turnstiles(schedule, placement, adds, cut.flatMap((turns) => turns.flatMap(({ steps }) => steps)))
  const awaitTurns = (step: number): void => {
    for (const state of before.get(step) ?? []) main.i32(addresses.turn(state)).get(TURN).i32(addresses.meeting).call(kernel('await_turn'))
  }
  const passTurns = (step: number): void => {
    for (const state of after.get(step) ?? []) main.i32(addresses.turn(state)).get(TURN).call(kernel('pass_turn'))
  }
  cut.forEach((turns, phase) => {
    if (phase > 0) main.i32(addresses.meeting).get(THREADS).call(kernel('barrier'))
    for (const { divided, steps } of turns) {
      const write = (): void => {
        for (const i of steps) {
          const step = schedule.steps[i] as Step
          if (step.work.kind === 'call') main.get(SCRATCH).i32(i).emit(op.i32_store, 2, 0)
          awaitTurns(i)
          writeStep(step, divided, main, module, placement, addresses)
          passTurns(i)
        }
      }
      if (divided) write()
      else main.get(THREAD).emit(op.i32_eqz).if(write)
    }
  })
  if (placement.copies.length > 0) main.i32(addresses.meeting).get(THREADS).call(kernel('barrier'))
  awaitTurns(COPIES)
  for (const { state, buffer } of placement.copies) {
    pushPlace(main, placement.places[buffer] as Place, 0, addresses)
    main.i32(addresses.state(state))
    writeRange(main, wholeLines(schedule.buffers[buffer]?.elements ?? 0), true)
    main.call(kernel('copy'))
  }
  passTurns(COPIES)
  module.export('run', module.add(main))
  if (each) {
    schedule.steps.forEach((step, i) => {
      const single = new FunctionWriter(main.parameters)
      writeStep(step, isDivided(step, worth), single, module, placement, addresses)
      module.export(String(i), module.add(single))
    })
  }
  return module.finish()
}

/** Pushes the first item of this thread and the one behind its last. */
function writeRange(f: FunctionWriter, { items, grain }: Division, divided: boolean): void {
  if (!divided) f.i32(0).i32(items)
  else {
    f.i32(items).i32(grain).get(THREAD).get(THREADS).call(kernel('share'))
    f.i32(items).i32(grain).get(THREAD).i32(1).emit(op.i32_add).get(THREADS).call(kernel('share'))
  }
}

function writeStep({ reads, writes, work, division, scratch }: Step, divided: boolean, f: FunctionWriter, module: ModuleWriter, placement: Placement, addresses: Addresses): void {
  if (work.kind === 'call') {
    for (const arg of work.args) pushArg(f, arg, placement, addresses)
    if (scratch !== undefined) f.get(SCRATCH).i32(SCRATCH_HEADER).emit(op.i32_add)
    if (division) writeRange(f, division, divided)
    f.call(kernel(work.kernel))
    return
  }
  const buffers = [...new Set([...reads, ...writes])]
  writeRange(f, division ?? { items: 1, grain: 1 }, divided)
  for (const buffer of buffers) pushPlace(f, placement.places[buffer] as Place, 0, addresses)
  f.call(module.add(writeNest(work.nest, buffers, kernel)))
}

function pushArg(f: FunctionWriter, arg: Arg, { places }: Placement, addresses: Addresses): void {
  if (typeof arg === 'number') f.i32(arg)
  else if ('float' in arg) f.f32(arg.float)
  else pushPlace(f, places[arg.buffer] as Place, arg.offset * 4, addresses)
}

function pushPlace(f: FunctionWriter, place: Place, offset: number, addresses: Addresses): void {
  if (place.in === 'arena') f.get(ARENA).i32(place.at + offset).emit(op.i32_add)
  else f.i32((place.in === 'pool' ? addresses.pool : addresses[place.in](place.name)) + offset)
}
