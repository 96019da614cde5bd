// A worker of `threads.ts`: sleeps until it is called, runs its share of a program, says that it has finished.
// Knows programs by number; what fails here is told to the other threads, and the caller says what it was.

import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { take, type Callable } from './queue.js'
import { LOOKS, NO_TURN, WORD, type Message, type Run, type Shared } from './threads.js'

const { control, port, queue } = workerData as { control: Int32Array; port: MessagePort; queue: Int32Array }

interface Loaded {
  readonly shared: Shared
  readonly kernels: WebAssembly.Exports
  run?: Run
}

const programs = new Map<number, Loaded>()
const instances = new Map<number, WebAssembly.Exports>()

function receive(): void {
  for (let got = receiveMessageOnPort(port); got; got = receiveMessageOnPort(port)) {
    const message = got.message as Message
    if ('load' in message) {
      const { load: shared } = message
      const kernels = instances.get(shared.session) ?? new WebAssembly.Instance(shared.kernels, { env: { memory: shared.memory } }).exports
      instances.set(shared.session, kernels)
      programs.set(shared.id, { shared, kernels })
    } else {
      instances.delete(message.forget)
      for (const [id, { shared }] of programs) if (shared.session === message.forget) programs.delete(id)
    }
  }
}

const runOf = (loaded: Loaded): Run => (loaded.run ??= new WebAssembly.Instance(loaded.shared.module, { env: { memory: loaded.shared.memory }, k: loaded.kernels }).exports['run'] as Run)

function callable(id: number): Callable {
  const loaded = programs.get(id) as Loaded
  const { memory, feeds, fetches, loop } = loaded.shared
  // Memory that has grown has another buffer.
  const word = (address: number): number => new Int32Array(memory.buffer, address, 1)[0] as number
  return { run: runOf(loaded), copy: loaded.kernels['copy'] as Callable['copy'], word, feeds, fetches, loop }
}

function takePart(): void {
  const word = (at: number): number => control[at] as number
  const loaded = programs.get(word(WORD.program)) as Loaded
  const { shared, kernels } = loaded
  const [arena, scratch, thread, threads] = [word(WORD.arena), word(WORD.scratch), word(WORD.thread), word(WORD.threads)]
  try {
    if (threads === 0) take(queue, callable, { arena, scratch, thread })
    else runOf(loaded)(arena, scratch, thread, threads, NO_TURN)
  } catch {
    ;(kernels['fail'] as (meeting: number, thread: number) => void)(shared.meeting, word(WORD.thread) + 1)
  }
}

Atomics.store(control, WORD.ready, 1)
parentPort?.postMessage('ready')
for (let seen = 0; ; ) {
  for (let look = 0; look < LOOKS && Atomics.load(control, WORD.called) === seen; look++);
  Atomics.wait(control, WORD.called, seen)
  if (Atomics.load(control, WORD.called) === seen) continue
  seen = Atomics.load(control, WORD.called)
  receive()
  takePart()
  Atomics.store(control, WORD.finished, seen)
  Atomics.notify(control, WORD.finished)
}
