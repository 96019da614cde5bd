// The threads of this process that run programs together: the caller is the first of them, the others are workers that sleep between runs.
// Results do not depend on how many there are, so a run takes those that are awake yet; `assembly/threads.ts` has what happens inside of a run.

import { availableParallelism } from 'node:os'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'

/** Words of a worker's control block. The last ones are the arguments of `run`. */
export const WORD = { ready: 0, called: 1, finished: 2, program: 3, arena: 4, scratch: 5, thread: 6, threads: 7 } as const
export const CONTROL_WORDS = 8

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
}

export type Message = { readonly load: Shared } | { readonly forget: number }

export type Run = (arena: number, scratch: number, thread: number, threads: number) => void

interface Crewmate {
  /** Resolves when the worker takes part in runs, or never will. */
  readonly ready: Promise<void>
  readonly control: Int32Array
  readonly port: MessagePort
}

const crew: Crewmate[] = []
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
  const options = { workerData: { control, port: port2 }, transferList: [port2] }
  const worker = import.meta.url.endsWith('.ts')
    ? // From source, as in tests: threads do not inherit the loader of TypeScript.
      new Worker(`import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ tsImport }) => tsImport('./thread.ts', ${JSON.stringify(import.meta.url)}))`, { ...options, eval: true })
    : new Worker(new URL('./thread.js', import.meta.url), options)
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

/**
 * Runs a program with up to `threads` threads and returns when all are done. `scratch` is the first thread's scratch memory, the others'
 * follow `stride` bytes apart. Throws what the caller's own part throws, after `failed` has let the others go.
 */
export function runTogether(program: number, run: Run, { arena, scratch, stride, threads, failed }: { arena: number; scratch: number; stride: number; threads: number; failed: () => void }): void {
  const called = crew.slice(0, threads - 1).filter(isReady)
  const together = called.length + 1
  called.forEach(({ control }, i) => {
    control.set([program, arena, scratch + (i + 1) * stride, i + 1, together], WORD.program)
    Atomics.add(control, WORD.called, 1)
    Atomics.notify(control, WORD.called)
  })
  try {
    run(arena, scratch, 0, together)
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
