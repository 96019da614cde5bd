// One WebAssembly module for one program: a function for each distinct nest of loops, and `run`, which calls all steps.
// Does not plan anything: it writes down a schedule and its placement.

import { kernelTypes } from '../kernels.js'
import type { Place, Placement } from '../plan/place.js'
import type { Arg, Schedule, Step } from '../plan/step.js'
import { FunctionWriter, ModuleWriter, op } from './encoder.js'
import { sharedTrips, writeNest } from './loops.js'

export interface Addresses {
  /** Byte address of the constants. */
  readonly pool: number
  /** A word that holds the number of the last kernel call, so that a trap can be told apart. */
  readonly progress: number
  state(name: string): number
}

const ARENA = 0
const index = new Map<string, number>(kernelTypes.map(([name], i) => [name, i]))

function kernel(name: string): number {
  const found = index.get(name)
  if (found === undefined) throw new Error(`no kernel "${name}"`)
  return found
}

/**
 * The module's bytes. It imports the kernels as `k` and the memory as `env.memory`, and exports `run(arena)`.
 * With `each`, also one function for each step, `0`, `1`, …, to time them.
 */
export function writeModule(schedule: Schedule, placement: Placement, addresses: Addresses, { each = false } = {}): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter(kernelTypes)
  const main = new FunctionWriter(['i32'])
  schedule.steps.forEach((step, i) => {
    if (isIdle(step, placement)) return
    if (step.work.kind === 'call') main.i32(addresses.progress).i32(i).emit(op.i32_store, 2, 0)
    writeStep(step, main, module, placement, addresses)
    if (each) {
      const single = new FunctionWriter(['i32'])
      writeStep(step, single, module, placement, addresses)
      module.export(String(i), module.add(single))
    }
  })
  for (const { state, buffer } of placement.copies) {
    pushPlace(main, placement.places[buffer] as Place, 0, addresses)
    main.i32(addresses.state(state)).i32(schedule.buffers[buffer]?.elements ?? 0).call(kernel('copy'))
  }
  module.export('run', module.add(main))
  return module.finish()
}

/** A copy onto itself. */
function isIdle({ work }: Step, { places }: Placement): boolean {
  if (work.kind !== 'call' || work.kernel !== 'copy') return false
  const [from, to] = work.args.map((arg) => (typeof arg === 'object' && 'buffer' in arg ? places[arg.buffer] : undefined))
  return JSON.stringify(from) === JSON.stringify(to)
}

function writeStep({ reads, writes, work }: Step, f: FunctionWriter, module: ModuleWriter, placement: Placement, addresses: Addresses): void {
  if (work.kind === 'call') {
    for (const arg of work.args) pushArg(f, arg, placement, addresses)
    f.call(kernel(work.kernel))
    return
  }
  const buffers = [...new Set([...reads, ...writes])]
  f.i32(0).i32(sharedTrips(work.nest))
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
  else f.i32((place.in === 'pool' ? addresses.pool : addresses.state(place.name)) + offset)
}
