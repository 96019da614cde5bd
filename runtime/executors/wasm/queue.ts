// Calls that threads take from one after the other: each is computed by one thread as a whole, all turns of a loop, in an arena of its own.
// Does not know which calls may stand in a queue together (`plan/turns.ts`), nor who the threads are (`threads.ts`).

/** Words of the queue: the next call, how many there are, which one each thread has; then of each call program, staged address and turns. */
const [NEXT, COUNT, HELD] = [0, 1, 2]
const MOST_THREADS = 256
const CALLS = HELD + MOST_THREADS
const CALL_WORDS = 3
/** Calls that a queue holds; what goes in and comes out of all of them is in memory at once. */
export const CAPACITY = 64
export const QUEUE_WORDS = CALLS + CALL_WORDS * CAPACITY

/** Part of an arena, from `at` bytes on. */
export interface Span {
  readonly at: number
  readonly words: number
}

/** What a loop does with the fetches of a turn, by their numbers. */
export interface Looping {
  /** Fetches that are feeds of the next turn. */
  readonly carried: readonly { readonly fetch: number; readonly feed: number }[]
  readonly collected: readonly number[]
  /** Not zero when the turn was the last. */
  readonly until: number
}

/** A program as a thread calls it. */
export interface Callable {
  readonly run: (arena: number, scratch: number, thread: number, threads: number, turn: number) => void
  readonly copy: (from: number, to: number, begin: number, end: number) => void
  readonly word: (address: number) => number
  readonly feeds: readonly Span[]
  readonly fetches: readonly Span[]
  readonly loop?: Looping | undefined
}

export interface Call {
  readonly program: number
  readonly staged: number
  /** Turns at most; 1 where it is not a loop. */
  readonly turns: number
}

const LINE = 64

/** Where feeds and fetches of a call lie in staged memory, in bytes from its address, each in whole cache lines; of what is collected all turns are there. */
export function layout({ feeds, fetches, loop }: Pick<Callable, 'feeds' | 'fetches' | 'loop'>, turns: number): { readonly feeds: readonly number[]; readonly fetches: readonly number[]; readonly bytes: number } {
  let bytes = 0
  const place = (words: number): number => {
    const at = bytes
    bytes += Math.ceil((words * 4) / LINE) * LINE
    return at
  }
  return { feeds: feeds.map(({ words }) => place(words)), fetches: fetches.map(({ words }, i) => place(loop?.collected.includes(i) ? turns * words : words)), bytes }
}

/** Fills the queue; nobody may be taking from it. */
export function fill(queue: Int32Array, calls: readonly Call[]): void {
  calls.forEach(({ program, staged, turns }, i) => queue.set([program, staged, turns], CALLS + CALL_WORDS * i))
  queue[COUNT] = calls.length
  Atomics.store(queue, NEXT, 0)
}

/** The call that a thread took last. */
export const heldBy = (queue: Int32Array, thread: number): number => queue[HELD + thread] as number

/** How many turns a call has made, once it is done. */
export const turnsOf = (queue: Int32Array, call: number): number => queue[CALLS + CALL_WORDS * call + 2] as number

/** Takes calls until there are no more. Throws what a call throws, and then nobody takes another one. */
export function take(queue: Int32Array, programOf: (id: number) => Callable, { arena, scratch, thread }: { readonly arena: number; readonly scratch: number; readonly thread: number }): void {
  const count = queue[COUNT] as number
  for (let call = Atomics.add(queue, NEXT, 1); call < count; call = Atomics.add(queue, NEXT, 1)) {
    queue[HELD + thread] = call
    const at = CALLS + CALL_WORDS * call
    const program = programOf(queue[at] as number)
    const [staged, most] = [queue[at + 1] as number, queue[at + 2] as number]
    const places = layout(program, most)
    let turns = 0
    try {
      do turn(program, places, { arena, scratch, staged, call, turn: turns++ })
      while (turns < most && program.word(staged + (places.fetches[program.loop?.until as number] as number)) === 0)
    } catch (error) {
      Atomics.store(queue, NEXT, CAPACITY)
      throw error
    }
    queue[at + 2] = turns
  }
}

function turn({ run, copy, feeds, fetches, loop }: Callable, places: ReturnType<typeof layout>, { arena, scratch, staged, call, turn }: { readonly arena: number; readonly scratch: number; readonly staged: number; readonly call: number; readonly turn: number }): void {
  const fedFrom = (feed: number): number => staged + (places.feeds[feed] as number)
  const fetchedTo = (fetch: number): number => staged + (places.fetches[fetch] as number)
  feeds.forEach(({ at, words }, i) => copy(fedFrom(i), arena + at, 0, words))
  run(arena, scratch, 0, 1, call)
  fetches.forEach(({ at, words }, i) => copy(arena + at, fetchedTo(i) + (loop?.collected.includes(i) ? 4 * turn * words : 0), 0, words))
  loop?.carried.forEach(({ fetch, feed }) => copy(fetchedTo(fetch), fedFrom(feed), 0, (feeds[feed] as Span).words))
}
