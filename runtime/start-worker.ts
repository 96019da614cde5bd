// Threads of our own: the module that a thread runs lies beside the one that starts it, as built or as source.
// Does not say what threads do.

import { Worker, type WorkerOptions } from 'node:worker_threads'

/** A thread that runs the module `name` (`./thread`) beside the module `from` (its `import.meta.url`). */
export function startWorker(name: string, from: string, options: WorkerOptions): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(`${name}.js`, from), options)
  // From source, as in tests: threads do not inherit the loader of TypeScript.
  return new Worker(`import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ tsImport }) => tsImport(${JSON.stringify(`${name}.ts`)}, ${JSON.stringify(from)}))`, { ...options, eval: true })
}
