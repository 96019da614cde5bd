// The threads of this process that run programs together: the caller is the first of them, the others are workers that sleep between runs.
// Results do not depend on how many there are, so a run takes those that are awake yet; `assembly/threads.ts` has what happens inside of a run.

import { availableParallelism } from 'node:os'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { startWorker } from '../../start-worker.js'
import { fill, QUEUE_WORDS, take, type Call, type Callable, type Looping, type Span } from './queue.js'

/** Words of a worker's control block. From `program` on, what a call says; `threads` is 0 where calls are to be taken from the queue. */
export const WORD = { ready: 0, called: 1, finished: 2, program: 3, arena: 4, scratch: 5, thread: 6, threads: 7 } as const
export const CONTROL_WORDS = 8
/** `turn` of a run that is not one of a queue. */
export const NO_TURN = -1

/** How long to look before going to sleep, in loads: tens of microseconds. */
export const LOOKS = 5000

/** As many threads as the machine has cores for us. */
export const defaultThreads = (): number => availableParallelism()

/** What a worker needs to take part in runs of a program. */
export interface Shared {
  readonly id: number
  /** Of the session: programs of one session share the kernels' instance. */
  readonly session: number
  readonly memory: WebAssembly.Memory
  readonly kernels: WebAssembly.Module
  readonly module: WebAssembly.Module
  /** Address of the block where the threads meet. */
  readonly meeting: number
  readonly feeds: readonly Span[]
  readonly fetches: readonly Span[]
  readonly loop?: Looping | undefined
}

export type Message = { readonly load: Shared } | { readonly forget: number }

export type Run = Callable['run']

interface Crewmate {
  /** Resolves when the worker takes part in runs, or never will. */
  readonly ready: Promise<void>
  readonly control: Int32Array
  readonly port: MessagePort
}

const crew: Crewmate[] = []
/** One for the process: its first thread fills it and waits until it is empty. */
export const queue = new Int32Array(new SharedArrayBuffer(QUEUE_WORDS * 4))
let ids = 0

/** A number that no program or session had before. */
export const newId = (): number => ++ids

/** Makes sure that there are workers for so many threads, the caller's included. Nobody has to wait until they are ready. */
export async function enlist(threads: number): Promise<void> {
  while (crew.length < threads - 1) crew.push(start())
  await Promise.all(crew.slice(0, threads - 1).map(({ ready }) => ready))
}

function start(): Crewmate {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * 4))
  const { port1, port2 } = new MessageChannel()
  const worker = startWorker('./thread', import.meta.url, { workerData: { control, port: port2, queue }, transferList: [port2] })
  const ready = new Promise<void>((done) => {
    // A worker that cannot start is never called.
    worker.on('error', () => done())
    worker.once('message', () => {
      worker.unref()
      done()
    })
  })
  // What we send it does not keep the process alive.
  port1.unref()
  return { ready, control, port: port1 }
}

/** Tells all workers, those that come later excepted. */
export function tell(message: Message): void {
  for (const { port } of crew) port.postMessage(message)
}

const isReady = ({ control }: Crewmate): boolean => Atomics.load(control, WORD.ready) === 1

/** Where threads compute: the first one's scratch memory, the others' `stride` bytes apart; `failed` lets the others go when the caller's own part fails. */
export interface Together {
  readonly arena: number
  readonly scratch: number
  readonly stride: number
  readonly threads: number
  readonly failed: () => void
}

/** Runs a program with up to `threads` threads and returns when all are done. Throws what the caller's own part throws. */
export function runTogether(program: number, run: Run, { arena, scratch, stride, threads, failed }: Together): void {
  const called = crew.slice(0, threads - 1).filter(isReady)
  const together = called.length + 1
  callAll(called, (thread) => [program, arena, scratch + thread * stride, thread, together], () => run(arena, scratch, 0, together, NO_TURN), failed)
}

/** Runs calls, each by one of up to `threads` threads with an arena of its own, `room` bytes apart. Throws what the caller's own part throws. */
export function runApart(calls: readonly Call[], programOf: (id: number) => Callable, { arena, room, scratch, stride, threads, failed }: Together & { readonly room: number }): void {
  fill(queue, calls)
  const called = crew.slice(0, Math.min(threads, calls.length) - 1).filter(isReady)
  const first = calls[0] as Call
  callAll(called, (thread) => [first.program, arena + thread * room, scratch + thread * stride, thread, 0], () => take(queue, programOf, { arena, scratch, thread: 0 }), failed)
}

/** Calls workers with what `say` says for each, counted from 1, does the caller's own part and waits for theirs. */
function callAll(called: readonly Crewmate[], say: (thread: number) => readonly number[], own: () => void, failed: () => void): void {
  called.forEach(({ control }, i) => {
    control.set(say(i + 1), WORD.program)
    Atomics.add(control, WORD.called, 1)
    Atomics.notify(control, WORD.called)
  })
  try {
    own()
  } catch (error) {
    failed()
    throw error
  } finally {
    for (const { control } of called) waitFor(control, WORD.finished, Atomics.load(control, WORD.called))
  }
}

/** Returns when a word has a value. */
export function waitFor(control: Int32Array, word: number, value: number): void {
  for (let look = 0; look < LOOKS; look++) if (Atomics.load(control, word) === value) return
  for (let now = Atomics.load(control, word); now !== value; now = Atomics.load(control, word)) Atomics.wait(control, word, now)
}
