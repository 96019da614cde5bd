// Backends by name: which there are, which one `auto` means here for a plan, and their executors, loaded when they are asked for.
// Loads nothing itself: `rlpc plan` only wants a name.

import { existsSync } from 'node:fs'
import type { Plan } from '../spec/plan/plan.js'
import type { Executor } from './executors/executor.js'
import { installed } from './executors/tensorflow/install/place.js'
import { kernelsInUse } from './executors/wasm/kernels.js'

/** Backend → its executor with so many threads, or as many as there are cores. */
const executors: Readonly<Record<string, (threads?: number) => Promise<Executor>>> = {
  wasm: async (threads) => (await import('./executors/wasm/index.js')).wasmWith(threads),
  tensorflow: async (threads) => (await withThreads(threads)).tensorflow,
  'tensorflow-bf16': async (threads) => (await withThreads(threads)).tensorflowBf16,
  reference: async () => (await import('./executors/reference/reference.js')).reference,
}

async function withThreads(threads: number | undefined): Promise<typeof import('./executors/tensorflow/index.js')> {
  // Its process inherits them.
  if (threads !== undefined) process.env['TF_NUM_INTRAOP_THREADS'] = process.env['TF_NUM_INTEROP_THREADS'] = String(threads)
  return import('./executors/tensorflow/index.js')
}

const tensorflowVersion = (): string | undefined => {
  const place = installed()
  return 'note' in place ? place.note.version : undefined
}
const versions: Readonly<Record<string, () => string | undefined>> = { wasm: () => kernelsInUse().slice(0, 12), tensorflow: tensorflowVersion, 'tensorflow-bf16': tensorflowVersion }

/** What computes behind a backend here: other kernels give other last digits. Undefined where nothing is known of it. */
export const versionOf = (backend: string): string | undefined => versions[backend]?.()

export const isTensorflow = (backend: string | undefined): boolean => backend?.startsWith('tensorflow') === true

/** What `--backend` takes. */
export const BACKENDS: readonly string[] = ['auto', ...Object.keys(executors)]

type Models = Pick<Plan, 'models'>

/** Models whose matrices are at least so wide are taken to TensorFlow's CPU; below, XLA's compiling is never earned back (decision 8). */
export const WIDE = 256

/** What `auto` means here, and why where there is a choice: TensorFlow where it is installed, unless it has no GPU and all models of the plan are small. */
export function automatic(plan?: Models): { readonly backend: string; readonly because?: string } {
  const place = installed()
  if ('problem' in place) return { backend: 'wasm' }
  if (place.note.gpu && existsSync('/proc/driver/nvidia/version')) return { backend: 'tensorflow', because: 'it is installed, and there is a GPU' }
  if (plan === undefined) return { backend: 'tensorflow', because: `it is installed; without a GPU, models narrower than ${WIDE} run on \`wasm\`` }
  const width = widthOf(plan)
  return width < WIDE ? { backend: 'wasm', because: `the widest model is ${width}, and TensorFlow without a GPU pays from ${WIDE} on` } : { backend: 'tensorflow', because: `it is installed, and a model is ${width} wide` }
}

/** The smaller side of the largest matrices: what a product with them sums over or gives. */
const widthOf = ({ models }: Models): number => Math.max(0, ...Object.values(models).flatMap(({ weights }) => weights.filter(({ shape }) => shape.length > 1).map(({ shape }) => Math.min(...shape))))

/** The backend that a name means here for a plan. Undefined when there is none of that name. */
export function backendNamed(name: string, plan?: Models): string | undefined {
  if (name === 'auto') return automatic(plan).backend
  return Object.hasOwn(executors, name) ? name : undefined
}

/**
 * The executor of a backend, ready to open sessions; undefined when there is none of that name. `auto` that cannot start TensorFlow falls
 * back to `wasm`, and `fallback` says why. Errors: RLP8015 when TensorFlow was asked for by name and cannot be had.
 */
export async function executorNamed(name: string, { plan, threads, fallback = () => undefined }: { readonly plan?: Models; readonly threads?: number; readonly fallback?: (why: string) => void } = {}): Promise<Executor | undefined> {
  const backend = backendNamed(name, plan)
  const executor = backend === undefined ? undefined : await executors[backend]?.(threads)
  if (!isTensorflow(backend)) return executor
  try {
    await (await import('./executors/tensorflow/index.js')).running()
    return executor
  } catch (error) {
    if (name !== 'auto') throw error
    fallback((error as Error).message)
    return executors['wasm']?.(threads)
  }
}
