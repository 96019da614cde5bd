// Backends by name: which there are, which one `auto` means here, and their executors, loaded when they are asked for.
// Loads nothing itself: `rlpc plan` only wants a name.

import type { Executor } from './executors/executor.js'
import { installed } from './executors/tensorflow/install/place.js'

/** Backend → its executor with so many threads, or as many as there are cores. */
const executors: Readonly<Record<string, (threads?: number) => Promise<Executor>>> = {
  wasm: async (threads) => (await import('./executors/wasm/index.js')).wasmWith(threads),
  tensorflow: async (threads) => {
    // Its process inherits them.
    if (threads !== undefined) process.env['TF_NUM_INTRAOP_THREADS'] = process.env['TF_NUM_INTEROP_THREADS'] = String(threads)
    return (await import('./executors/tensorflow/index.js')).tensorflow
  },
  reference: async () => (await import('./executors/reference/reference.js')).reference,
}

/** What `--backend` takes. */
export const BACKENDS: readonly string[] = ['auto', ...Object.keys(executors)]

/** The backend that a name means here: `auto` is TensorFlow where it is installed, else `wasm`. Undefined when there is none of that name. */
export function backendNamed(name: string): string | undefined {
  if (name === 'auto') return 'problem' in installed() ? 'wasm' : 'tensorflow'
  return Object.hasOwn(executors, name) ? name : undefined
}

/**
 * The executor of a backend, ready to open sessions; undefined when there is none of that name. `auto` that cannot start TensorFlow falls
 * back to `wasm`, and `fallback` says why. Errors: RLP8015 when TensorFlow was asked for by name and cannot be had.
 */
export async function executorNamed(name: string, { threads, fallback = () => undefined }: { readonly threads?: number; readonly fallback?: (why: string) => void } = {}): Promise<Executor | undefined> {
  const backend = backendNamed(name)
  const executor = backend === undefined ? undefined : await executors[backend]?.(threads)
  if (backend !== 'tensorflow') return executor
  try {
    await (await import('./executors/tensorflow/index.js')).running()
    return executor
  } catch (error) {
    if (name !== 'auto') throw error
    fallback((error as Error).message)
    return executors['wasm']?.(threads)
  }
}
