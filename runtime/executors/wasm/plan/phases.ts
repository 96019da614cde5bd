// Where threads have to wait for each other: steps of one phase may run in any order between threads, so there is a barrier between phases only.
// Does not say who does what: a divided step is shared by all threads, any other one is done by the first.

import type { Place, Placement } from './place.js'
import type { Schedule, Step } from './step.js'

/** Consecutive steps, by number, that all threads share, or that the first one does. */
export interface Turn {
  readonly divided: boolean
  readonly steps: number[]
}

/** Work that is worth dividing, in operations (`Step.operations`). */
export interface Worth {
  /** Of a step: with less, one thread is done before the others would have begun. */
  readonly step: number
  /** Of all such steps of a program: waking the other threads takes tens of microseconds. */
  readonly program: number
  /** Whether the clock has a say, too (`thread-choice.ts`). */
  readonly timed: boolean
}

export const WORTH: Worth = { step: 8192, program: 200_000, timed: true }

export const isDivided = ({ division, operations }: Step, worth: Worth): boolean => division !== undefined && operations >= worth.step && division.items > division.grain

/** Whether a program has enough work for several threads. */
export const isShared = ({ steps }: Schedule, worth: Worth): boolean => steps.reduce((sum, step) => sum + (isDivided(step, worth) ? step.operations : 0), 0) >= worth.program

/** Cuts the steps that do something where one touches what another thread may still be reading or writing. */
export function phases(schedule: Schedule, placement: Placement, worth: Worth): Turn[][] {
  const found: Turn[][] = []
  let turns: Turn[] = []
  let touched: Touch[] = []
  schedule.steps.forEach((step, i) => {
    if (isIdle(step, placement)) return
    const divided = isDivided(step, worth)
    const touches = touchesOf(step, divided, schedule, placement)
    if (touches.some((one) => touched.some((other) => collide(one, other)))) {
      found.push(turns)
      turns = []
      touched = []
    }
    touched.push(...touches)
    const last = turns.at(-1)
    if (last?.divided === divided) last.steps.push(i)
    else turns.push({ divided, steps: [i] })
  })
  if (turns.length > 0) found.push(turns)
  return found
}

interface Touch {
  /** The arena, or a state. */
  readonly where: string
  readonly start: number
  readonly end: number
  readonly writes: boolean
  readonly divided: boolean
}

const collide = (a: Touch, b: Touch): boolean => (a.writes || b.writes) && (a.divided || b.divided) && a.where === b.where && a.start < b.end && b.start < a.end

function touchesOf({ reads, writes }: Step, divided: boolean, { buffers }: Schedule, { places }: Placement): Touch[] {
  const touch = (writes: boolean) => (buffer: number): Touch[] => {
    const place = places[buffer] as Place
    if (place.in === 'pool' || place.in === 'packed') return []
    const start = place.in === 'arena' ? place.at : 0
    return [{ where: place.in === 'arena' ? 'arena' : `state ${place.name}`, start, end: start + (buffers[buffer]?.elements ?? 0) * 4, writes, divided }]
  }
  return [...reads.flatMap(touch(false)), ...writes.flatMap(touch(true))]
}

/** A copy onto itself. */
function isIdle({ work }: Step, { places }: Placement): boolean {
  if (work.kind !== 'call' || work.kernel !== 'copy') return false
  const [from, to] = work.args.map((arg) => (typeof arg === 'object' && 'buffer' in arg ? places[arg.buffer] : undefined))
  return JSON.stringify(from) === JSON.stringify(to)
}
