// Where each buffer lies: one arena packed by lifetime, values that overwrite a dead input, new state computed in place.
// Does not reorder steps.

import type { Schedule, Step } from './step.js'

/** `arena`: bytes from the arena's start; `state`, `packed`: the session's memory of that name; `pool`: the constants. */
export type Place = { readonly in: 'arena'; readonly at: number } | { readonly in: 'state' | 'packed'; readonly name: string } | { readonly in: 'pool' }

export interface Placement {
  readonly places: readonly Place[]
  readonly arenaBytes: number
  /** Assigned values that could not be computed in place: copied after the last step. */
  readonly copies: readonly { readonly state: string; readonly buffer: number }[]
}

const ALIGNMENT = 64
const FOREVER = Number.MAX_SAFE_INTEGER

interface Life {
  first: number
  last: number
}

export function place(schedule: Schedule): Placement {
  const { buffers, steps } = schedule
  const lives = lifetimes(schedule)
  const places: (Place | undefined)[] = buffers.map(({ kind, name }) => (kind === 'pool' ? { in: kind } : kind === 'state' || kind === 'packed' ? { in: kind, name: name as string } : undefined))
  const copies: { state: string; buffer: number }[] = []
  for (const { state, buffer } of schedule.assigns) {
    const old = buffers.findIndex((each) => each.kind === 'state' && each.name === state)
    if (buffer === old) continue
    if (!places[buffer] && buffers[buffer]?.kind === 'arena' && writableInPlace(steps, buffer, old)) places[buffer] = { in: 'state', name: state }
    else copies.push({ state, buffer })
  }

  const owner = buffers.map((_, id) => id)
  const root = (id: number): number => {
    while (owner[id] !== id) id = owner[id] as number
    return id
  }
  steps.forEach((step, now) => {
    for (const [from, to] of step.sharing) {
      const [old, fresh] = [buffers[from], buffers[to]]
      const [a, b] = [root(from), root(to)]
      const [dying, born] = [lives[a] as Life, lives[b] as Life]
      const movable = (old?.kind === 'arena' || old?.kind === 'feed') && fresh?.kind === 'arena' && !places[a] && !places[b]
      if (!movable || a === b || old.elements !== fresh.elements || dying.last !== now || born.first !== now) continue
      owner[b] = a
      dying.last = born.last
    }
  })

  const arenaBytes = pack(buffers.flatMap(({ elements }, id) => (root(id) === id && !places[id] ? [{ id, bytes: elements * 4, ...(lives[id] as Life) }] : [])), places)
  return { places: buffers.map((_, id) => places[root(id)] as Place), arenaBytes, copies }
}

function lifetimes({ buffers, steps, feeds, fetches, assigns }: Schedule): Life[] {
  const lives = buffers.map((): Life => ({ first: FOREVER, last: -1 }))
  const touch = (id: number, now: number): void => {
    const life = lives[id] as Life
    life.first = Math.min(life.first, now)
    life.last = Math.max(life.last, now)
  }
  for (const { buffer } of feeds) touch(buffer, -1)
  steps.forEach(({ reads, writes }, now) => {
    for (const id of [...reads, ...writes]) touch(id, now)
  })
  for (const { buffer } of [...fetches, ...assigns]) touch(buffer, FOREVER)
  return lives
}

/** Whether `fresh` may be written over the old value of its state: nobody reads that afterwards, or element by element in the same step. */
function writableInPlace(steps: readonly Step[], fresh: number, old: number): boolean {
  const firstWrite = steps.findIndex(({ writes }) => writes.includes(fresh))
  return steps.every(({ reads, sharing }, now) => {
    if (now < firstWrite || !reads.includes(old)) return true
    return now === firstWrite && sharing.some(([from, to]) => from === old && to === fresh)
  })
}

/** Largest first, each at the lowest offset that is free for all of its life. Returns the size of the arena. */
function pack(blocks: readonly { id: number; bytes: number; first: number; last: number }[], places: (Place | undefined)[]): number {
  const placed: { start: number; end: number; first: number; last: number }[] = []
  let size = 0
  for (const block of [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const bytes = Math.ceil(block.bytes / ALIGNMENT) * ALIGNMENT
    let start = 0
    for (const other of placed) {
      if (other.first > block.last || other.last < block.first) continue
      if (other.start >= start + bytes) break
      start = Math.max(start, other.end)
    }
    const behind = placed.findIndex((other) => other.start > start)
    placed.splice(behind < 0 ? placed.length : behind, 0, { start, end: start + bytes, first: block.first, last: block.last })
    places[block.id] = { in: 'arena', at: start }
    size = Math.max(size, start + bytes)
  }
  return size
}
