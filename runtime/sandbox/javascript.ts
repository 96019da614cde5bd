// JavaScript programs, a few at a time, in worker threads. What a program may do is in `javascript-worker.ts`; here are the
// threads, and the clock behind the counted limits: what runs for too long without counting is ended with its thread.

import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { startWorker } from '../start-worker.js'
import { atMost } from './at-most.js'
import type { Program, Ran, Sandbox } from './sandbox.js'

/** Seconds by the clock after which a thread is ended: a few single operations of the language count as one step and can be long. */
const backstop = (time: number): number => 5 + 10 * time

const inTurn = atMost(Math.min(4, availableParallelism()))
const idle: Worker[] = []

/** Runs a program; results are the same whatever else runs. Rejects only when a thread of ours breaks. */
export const javascript: Sandbox = (program) => inTurn(() => runIn(idle.pop() ?? start(), program))

// Nothing of the environment, not even for QuickJS.
const start = (): Worker => startWorker('./javascript-worker', import.meta.url, { env: {}, resourceLimits: { stackSizeMb: 16 } })

function runIn(worker: Worker, program: Program): Promise<Ran> {
  return new Promise((done, broke) => {
    const finish = (usable: boolean) => {
      clearTimeout(timer)
      worker.off('message', answered).off('error', broken)
      // An idle worker does not keep the process alive.
      worker.unref()
      if (usable) idle.push(worker)
      else {
        worker.on('error', () => {})
        void worker.terminate()
      }
    }
    const answered = (ran: Ran) => {
      finish(true)
      done(ran)
    }
    // A program that breaks its instance is told as its failure; a thread that stops, say because it cannot be loaded, is not the program's doing.
    const broken = (error: Error) => {
      finish(false)
      if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') done({ ending: 'memory', output: '', message: 'its thread ran out of memory' })
      else broke(error)
    }
    const limit = backstop(program.limits.time)
    const timer = setTimeout(() => {
      finish(false)
      done({ ending: 'timeout', output: '', message: `it ran for ${limit} s by the clock` })
    }, limit * 1000)
    worker.ref()
    worker.on('message', answered).on('error', broken)
    worker.postMessage(program)
  })
}
