// Paths that do not see each other (Parallel-R1's Unseen variant, arXiv 2509.07980): the model that a policy becomes.
// Which tokens open and close; what follows for attention and positions is in `compiler/model/paths.ts`.

import type { Adapted } from './adapters.js'
import type { ModelPlan, Value } from './plan.js'

/** Tokens between which paths stand side by side. */
export interface PathsPlan {
  /** A block of paths begins, and ends. */
  readonly open: number
  readonly close: number
  /** A path begins, and is done. */
  readonly path: number
  readonly end: number
}

const known = new WeakMap<ModelPlan, Map<string, Adapted>>()

/** The same weights, whose programs keep paths apart; the same object for the same model and tags. A model of the hub has no tokens here, and no programs. */
export function withIsolatedPaths(model: ModelPlan, { block = 'Parallel', path = 'Path' }: Readonly<Record<string, Value>>): Adapted {
  const tags = [`<${String(block)}>`, `</${String(block)}>`, `<${String(path)}>`, `</${String(path)}>`] as const
  const of = known.get(model) ?? new Map<string, Adapted>()
  known.set(model, of)
  const isolated = of.get(tags.join(' ')) ?? isolate(model, tags)
  of.set(tags.join(' '), isolated)
  return isolated
}

function isolate(model: ModelPlan, tags: readonly [open: string, close: string, path: string, end: string]): Adapted {
  if (model.architecture !== 'transformer') return { fault: `paths are of a transformer, and this is a \`${model.architecture}\`` }
  if ('repository' in model.source) return { model }
  if (!model.tokenizer) return { fault: 'the tokenizer of this model lies in its folder, and only a tag that is a word of a `vocabulary` is surely one token' }
  if (tags[0] === tags[2]) return { fault: `a block and its paths cannot both be called \`${tags[0]}\`` }
  const { vocabulary } = model.tokenizer
  const missing = tags.filter((tag) => !vocabulary.includes(tag))
  if (missing.length > 0) return { fault: `${missing.map((tag) => `\`${tag}\``).join(', ')} ${missing.length === 1 ? 'is no token' : 'are no tokens'} of this model` }
  const [open, close, path, end] = tags.map((tag) => vocabulary.indexOf(tag)) as [number, number, number, number]
  return { model: { ...model, paths: { open, close, path, end } } }
}
