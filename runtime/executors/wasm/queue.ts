// Calls that threads take from one after the other: each is computed by one thread as a whole, in an arena of its own.
// Does not know which calls may stand in a queue together (`plan/turns.ts`), nor who the threads are (`threads.ts`).

/** Words of the queue: the next call, how many there are, which one each thread has; then program and staged address of each. */
const [NEXT, COUNT, HELD] = [0, 1, 2]
const MOST_THREADS = 256
const CALLS = HELD + MOST_THREADS
/** Calls that a queue holds; what goes in and comes out of all of them is in memory at once. */
export const CAPACITY = 64
export const QUEUE_WORDS = CALLS + 2 * CAPACITY

/** Part of an arena, from `at` bytes on. */
export interface Span {
  readonly at: number
  readonly words: number
}

/** A program as a thread calls it. Staged memory holds its feeds, then room for its fetches, each in whole cache lines. */
export interface Callable {
  readonly run: (arena: number, scratch: number, thread: number, threads: number, turn: number) => void
  readonly copy: (from: number, to: number, begin: number, end: number) => void
  readonly feeds: readonly Span[]
  readonly fetches: readonly Span[]
}

export interface Call {
  readonly program: number
  readonly staged: number
}

const LINE = 64
export const linesOf = ({ words }: Pick<Span, 'words'>): number => Math.ceil((words * 4) / LINE) * LINE

/** Fills the queue; nobody may be taking from it. */
export function fill(queue: Int32Array, calls: readonly Call[]): void {
  calls.forEach(({ program, staged }, i) => queue.set([program, staged], CALLS + 2 * i))
  queue[COUNT] = calls.length
  Atomics.store(queue, NEXT, 0)
}

/** The call that a thread took last. */
export const heldBy = (queue: Int32Array, thread: number): number => queue[HELD + thread] as number

/** Takes calls until there are no more. Throws what a call throws, and then nobody takes another one. */
export function take(queue: Int32Array, programOf: (id: number) => Callable, { arena, scratch, thread }: { readonly arena: number; readonly scratch: number; readonly thread: number }): void {
  const count = queue[COUNT] as number
  for (let turn = Atomics.add(queue, NEXT, 1); turn < count; turn = Atomics.add(queue, NEXT, 1)) {
    queue[HELD + thread] = turn
    const { run, copy, feeds, fetches } = programOf(queue[CALLS + 2 * turn] as number)
    let staged = queue[CALLS + 2 * turn + 1] as number
    for (const span of feeds) {
      copy(staged, arena + span.at, 0, span.words)
      staged += linesOf(span)
    }
    try {
      run(arena, scratch, 0, 1, turn)
    } catch (error) {
      Atomics.store(queue, NEXT, CAPACITY)
      throw error
    }
    for (const span of fetches) {
      copy(arena + span.at, staged, 0, span.words)
      staged += linesOf(span)
    }
  }
}
