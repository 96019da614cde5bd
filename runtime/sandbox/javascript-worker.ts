// Runs JavaScript programs inside QuickJS, compiled to WebAssembly, in a worker thread: one instance for each program, with a
// memory of its own that cannot grow beyond the limit. A program sees the language and four functions, `input`-reading and
// printing; there is nothing else to reach: no files, no network, no modules, no clock.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'
import variant from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSContext, type QuickJSHandle, type QuickJSSyncVariant } from 'quickjs-emscripten-core'
import { cutBytes, oneLine, type Ending, type Program, type Ran } from './sandbox.js'

/**
 * QuickJS asks whether to go on after every 10,000 loop rounds, calls and steps of a regular expression. A counted second is
 * a thousand of these questions: about a second of work, and the same number on every machine.
 */
const QUESTIONS_PER_SECOND = 1000
/** Questions that are still granted to read the message of an exception, which may run code of the program. */
const GRACE = 10
/** Bytes of QuickJS's own stack; a deep recursion ends with its exception. */
const STACK = 256 * 1024
const PAGE = 65536
/** Pages that QuickJS itself needs to start. */
const LEAST_PAGES = 256

/** `print` writes texts as they are and other values as `String` does. `write` is the only function of ours that a program holds. */
const PRELUDE = `((write, all) => {
  const lines = all.split('\\n')
  if (lines.at(-1) === '') lines.pop()
  let next = 0
  const print = (...values) => write(values.map(String).join(' ') + '\\n')
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
  define('print', print)
  define('console', { log: print, info: print, error() {}, warn() {}, debug() {} })
  define('input', all)
  define('readline', () => (next < lines.length ? lines[next++] : null))
})`

// QuickJS takes the time, and the seed of its random numbers, from here.
Date.now = () => 0

const wasmModule = new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')))

/** The package's types describe its CommonJS build, where the variant is one level deeper. */
const quickjs = variant as unknown as QuickJSSyncVariant

/** What an instance says when it breaks is no output of ours. Emscripten reads this; the types leave it out. */
const SILENT: object = { printErr: () => {} }

async function run({ source, input, limits }: Program): Promise<Ran> {
  const most = Math.max(LEAST_PAGES, Math.floor(limits.memory / PAGE))
  const wasmMemory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: most })
  const instance = await newQuickJSWASMModuleFromVariant(newVariant(quickjs, { wasmModule, wasmMemory, emscriptenModule: SILENT }))
  const runtime = instance.newRuntime({ maxStackSizeBytes: STACK })
  const context = runtime.newContext()
  const printed: string[] = []
  let bytes = 0
  let questions = 0
  let granted = Math.max(1, Math.round(limits.time * QUESTIONS_PER_SECOND))
  let over: Ending | undefined
  runtime.setInterruptHandler(() => {
    if (++questions <= granted) return false
    over ??= 'timeout'
    return true
  })
  const write = context.newFunction('write', (text) => {
    if (over) return
    const written = context.getString(text)
    bytes += Buffer.byteLength(written)
    printed.push(written)
    if (bytes > limits.output) {
      over = 'output'
      granted = 0
    }
  })
  const ended = (ending: Ending, message: string): Ran => ({ ending, output: cutBytes(printed.join(''), limits.output), message: oneLine(message) })
  const outcome = (): Ran => {
    const limit = over === 'timeout' ? `it did more than ${limits.time} s of counted work` : `it printed more than ${limits.output} bytes`
    return over ? ended(over, limit) : ended('done', '')
  }
  /** What an uncaught exception makes of the program. */
  const thrown = (error: QuickJSHandle): Ran => {
    if (over) return outcome()
    granted = questions + GRACE
    const message = describe(context, error)
    // When memory is short there may be none left to make the exception of.
    const full = wasmMemory.buffer.byteLength >= (most - 64) * PAGE && message === ''
    if (full || message.startsWith('InternalError: out of memory')) return ended('memory', `it needed more than ${limits.memory} bytes`)
    return ended('failed', message || 'it threw an exception')
  }

  const prelude = context.unwrapResult(context.evalCode(PRELUDE, 'prelude.js'))
  context.unwrapResult(context.callFunction(prelude, context.undefined, write, context.newString(input)))
  questions = 0
  const result = context.evalCode(source, 'program.js', { type: 'global' })
  if (result.error) return thrown(result.error)
  // Promises: each job runs until it waits for another.
  while (!over && runtime.hasPendingJob()) {
    const jobs = runtime.executePendingJobs(100)
    if (jobs.error) return thrown(jobs.error)
  }
  return outcome()
}

function describe(context: QuickJSContext, error: QuickJSHandle): string {
  if (context.typeof(error) !== 'object') return context.typeof(error) === 'string' ? context.getString(error) : ''
  const [name = '', message = ''] = ['name', 'message'].map((property) => {
    const value = context.getProp(error, property)
    return context.typeof(value) === 'string' ? context.getString(value) : ''
  })
  return name === '' ? message : `${name}: ${message}`
}

/** An instance that breaks (its own recursion is too deep for the machine's stack, or its last memory went) took only its program with it. */
async function contained(program: Program): Promise<Ran> {
  try {
    return await run(program)
  } catch (cause) {
    return { ending: 'failed', output: '', message: cause instanceof RangeError ? 'InternalError: stack overflow' : oneLine(`the interpreter stopped: ${cause instanceof Error ? cause.message : String(cause)}`) }
  }
}

parentPort?.on('message', (program: Program) => void contained(program).then((ran) => parentPort?.postMessage(ran)))
