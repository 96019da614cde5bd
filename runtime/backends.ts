// Backends by name: which there are, which one `auto` means here, and their executors, loaded when they are asked for.
// Loads nothing itself: `rlpc plan` only wants a name.

import type { Executor } from './executors/executor.js'
import { installed } from './executors/tensorflow/install/place.js'

const executors: Readonly<Record<string, () => Promise<Executor>>> = {
  wasm: async () => (await import('./executors/wasm/index.js')).wasm,
  tensorflow: async () => (await import('./executors/tensorflow/index.js')).tensorflow,
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
export async function executorNamed(name: string, fallback: (why: string) => void = () => undefined): Promise<Executor | undefined> {
  const backend = backendNamed(name)
  const executor = backend === undefined ? undefined : await executors[backend]?.()
  if (backend !== 'tensorflow') return executor
  try {
    await (await import('./executors/tensorflow/index.js')).running()
    return executor
  } catch (error) {
    if (name !== 'auto') throw error
    fallback((error as Error).message)
    return executors['wasm']?.()
  }
}
