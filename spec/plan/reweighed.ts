// Attention changed without training (AVAR, arXiv 2603.03825): the model that a policy becomes.
// Which tokens open and close a role, and by how much scores of its tokens change; what follows is in `compiler/model/reweigh.ts`.

import type { Adapted } from './adapters.js'
import type { ModelPlan, Value } from './plan.js'

/** Tokens from `open` to `close`, both with them, whose scores before the soft-max are multiplied by `factor`. */
export interface ReweighedRole {
  readonly open: number
  readonly close: number
  readonly factor: number
}

export interface AttentionPlan {
  readonly roles: readonly ReweighedRole[]
  /** First and last layer that are changed; all where there are none. */
  readonly layers?: readonly [number, number]
}

const known = new WeakMap<ModelPlan, Map<string, Adapted>>()

/** The same weights with other attention; the same object for the same model and attributes. A model of the hub has no tokens here, and no programs. */
export function withReweighedAttention(model: ModelPlan, attributes: Readonly<Record<string, Value>>): Adapted {
  const key = JSON.stringify([attributes['image'], attributes['system'], attributes['layers'], attributes['roles']])
  const of = known.get(model) ?? new Map<string, Adapted>()
  known.set(model, of)
  const found = of.get(key) ?? reweighed(model, attributes)
  of.set(key, found)
  return found
}

function reweighed(model: ModelPlan, { image, system, layers, roles }: Readonly<Record<string, Value>>): Adapted {
  if (model.architecture !== 'transformer') return { fault: `attention is of a transformer, and this is a \`${model.architecture}\`` }
  if (model.attention) return { fault: 'the attention of this policy is changed already, by another `ReweighAttention`' }
  if ('repository' in model.source) return { model }
  if (!model.tokenizer) return { fault: 'the tokenizer of this model lies in its folder, and only a tag that is a word of a `vocabulary` is surely one token' }
  const { vocabulary } = model.tokenizer
  const changed: ReweighedRole[] = []
  for (const [role, factor] of [['image', 1 + Number(image)], ['system', 1 - Number(system)]] as const) {
    if (factor === 1) continue
    const tags = tagsOf(roles, role)
    if (!tags) return { fault: `nothing says which tokens are \`${role}\`` }
    const missing = tags.filter((tag) => !vocabulary.includes(tag))
    if (missing.length > 0) return { fault: `${missing.map((tag) => `\`${tag}\``).join(', ')} ${missing.length === 1 ? 'is no token' : 'are no tokens'} of this model` }
    changed.push({ open: vocabulary.indexOf(tags[0]), close: vocabulary.indexOf(tags[1]), factor })
  }
  const range = rangeOf(layers, Number(model.config['num_hidden_layers']))
  return { model: { ...model, attention: { roles: changed, ...(range ? { layers: range } : {}) } } }
}

function tagsOf(roles: Value | undefined, role: string): readonly [open: string, close: string] | undefined {
  const written = typeof roles === 'object' && roles !== null && 'record' in roles ? roles.record[role] : undefined
  return Array.isArray(written) && written.length === 2 ? [String(written[0]), String(written[1])] : undefined
}

function rangeOf(layers: Value | undefined, count: number): readonly [number, number] | undefined {
  return typeof layers === 'object' && layers !== null && 'low' in layers ? [layers.low ?? 0, Math.min(layers.high ?? count, count)] : undefined
}
