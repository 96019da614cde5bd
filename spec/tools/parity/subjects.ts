// What a lowered case can run on: an executor, which runs our gradients as part of the graph, or printed PyTorch, whose
// gradients are autograd's own. Does not compare; `run.ts` does.

import { reference } from '../../../runtime/executors/reference/reference.js'
import { torch, type TorchSession } from '../../../runtime/executors/torch/index.js'
import { wasm } from '../../../runtime/executors/wasm/index.js'
import type { Executor, TensorData } from '../../../runtime/executors/executor.js'
import type { Graph } from '../../graph/graph.js'
import { prune } from '../../graph/prune.js'
import { gradientFetch, gradientsOf, type Job } from './program.js'

export interface Subject {
  readonly name: string
  readonly precision: 'single' | 'double'
  /** The fetches of `lowerJobs`. Rejects where the graph cannot run. */
  run(job: Job, graph: Graph, feeds: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<string, TensorData>>>
  close(): void
}

const onExecutor = (executor: Executor, precision: Subject['precision']): Subject => ({
  name: executor.name,
  precision,
  run: async ({ counterpart }, graph, feeds) => {
    const session = await executor.open()
    try {
      return await session.load(graph, counterpart.sizes).run(feeds)
    } finally {
      session.close()
    }
  },
  close: () => undefined,
})

/** Our gradients are left out of what is printed: the outputs that they are of are printed alone, and torch differentiates. */
const onTorch = (session: TorchSession): Subject => ({
  name: torch.name,
  precision: 'double',
  run: async ({ case: c, counterpart }, graph, feeds) => {
    const only = (isWanted: (name: string) => boolean): Graph => prune({ ...graph, outputs: graph.outputs.filter((output) => output.kind === 'fetch' && isWanted(output.name)) })
    const fetched = await session.load(only((name) => name in counterpart.outputs), counterpart.sizes).run(feeds)
    const wanted = gradientsOf(c).map((name) => ({ name, feed: counterpart.gradientNames?.[name] ?? name }))
    if (wanted.length === 0) return fetched
    const differentiated = only((name) => (counterpart.gradientOf ?? ['loss']).includes(name))
    const read = new Set(differentiated.nodes.map(({ attributes }) => attributes['name']))
    const slopes = await session.load(differentiated, counterpart.sizes).gradient(feeds, wanted.flatMap(({ feed }) => (read.has(feed) ? [feed] : [])))
    for (const { name, feed } of wanted) fetched[gradientFetch(name)] = slopes[feed] ?? new Float64Array(feeds[feed]?.length ?? 0)
    return fetched
  },
  close: () => session.close(),
})

/** By name. `torch` rejects where there is no Python with torch. */
export const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  reference: async () => onExecutor(reference, 'double'),
  wasm: async () => onExecutor(wasm, 'single'),
  torch: async () => onTorch(await torch.open()),
}

/** Rejects where there is none of that name. */
export async function open(name: string): Promise<Subject> {
  const found = subjects[name]
  if (!found) throw new Error(`no executor ${name}; there are ${Object.keys(subjects).join(', ')}`)
  return found()
}
