// Low-rank adapters (LoRA, arXiv 2106.09685): the model that a policy becomes with one, and the one under it.
// Pure: compiler and runtime both derive the model behind a stage with it, so no plan repeats a model for each adapter.

import { canonicalJson } from './canonical.js'
import type { ModelPlan, Value } from './plan.js'

/** Of a model whose weights stand still but for two thin matrices beside each chosen one: W x + scale · B A x. */
export interface AdapterPlan {
  readonly rank: number
  readonly alpha: number
  /** alpha / rank, or alpha / √rank where it is rank-stabilised (arXiv 2312.03732). */
  readonly scale: number
  readonly stabilised: boolean
  /** Share of the adapter's inputs that training leaves out at random. */
  readonly dropout: number
  /** Names of the matrices, as the stage chose them; never `all-linear`. */
  readonly targets: readonly string[]
  /** Folder of an adapter in PEFT's format that it starts with. */
  readonly start: string | null
}

type Weight = ModelPlan['weights'][number]

/** Names of `A` [rank, in] and `B` [out, rank] beside the matrix `module.weight`. */
export const adapterNames = (module: string): readonly [a: string, b: string] => [`${module}.lora_A.weight`, `${module}.lora_B.weight`]

/** What training changes; all of it where there is no adapter. */
export const trainedWeights = ({ weights }: Pick<ModelPlan, 'weights'>): readonly Weight[] => (weights.some(({ frozen }) => frozen) ? weights.filter(({ frozen }) => !frozen) : weights)

type Attributes = Readonly<Record<string, Value>>
/** A model, or in words why there is none. */
/** Why a model cannot be changed so, and which attribute says what cannot be, where it is one. */
export interface Fault {
  readonly fault: string
  readonly attribute?: string
}

export type Adapted = { readonly model: ModelPlan } | Fault

/** As in PEFT: every matrix but embedding and head. */
const ALL = 'all-linear'
const EMBEDDING = 'model.embed_tokens'

const known = new WeakMap<ModelPlan, Map<string, Adapted>>()

/** The model with the adapter that a `Lora` describes; the same object for the same model and attributes. */
export function withAdapter(model: ModelPlan, attributes: Attributes): Adapted {
  const of = known.get(model) ?? new Map<string, Adapted>()
  known.set(model, of)
  // Adapters that differ in their numbers are adapters of one form.
  const { seed: _, ...form } = attributes
  const key = canonicalJson(form)
  const adapted = of.get(key) ?? adapt(model, attributes)
  of.set(key, adapted)
  return adapted
}

function adapt(model: ModelPlan, attributes: Attributes): Adapted {
  if (model.architecture !== 'transformer') return { fault: `an adapter stands beside the matrices of a transformer, and this is a \`${model.architecture}\`` }
  if (model.adapter) return { fault: 'this policy has an adapter already' }
  const [rank, alpha, dropout] = [numberOf(attributes['rank']) ?? 1, numberOf(attributes['alpha']), numberOf(attributes['dropout']) ?? 0]
  const chosen = Array.isArray(attributes['targets']) ? attributes['targets'].map(String) : [ALL]
  const modules = model.weights.filter(({ shape }) => shape.length === 2).map(({ name }) => name.replace(/\.weight$/, '')).filter((name) => name !== EMBEDDING && name !== 'lm_head' && name.startsWith('model.layers.'))
  const targets = [...new Set(chosen.flatMap((target) => (target === ALL ? modules.map(lastPart) : [target])))]
  const unknown = targets.find((target) => !modules.some((module) => matches(module, target)))
  if (unknown !== undefined) return { fault: `no matrix of this model is called \`${unknown}\`; there are ${[...new Set(modules.map(lastPart))].join(', ')}`, attribute: 'targets' }
  const stabilised = attributes['stabilised'] === true
  const strength = alpha ?? 2 * rank
  const start = typeof attributes['start'] === 'string' ? attributes['start'] : null
  const adapter: AdapterPlan = { rank, alpha: strength, scale: strength / (stabilised ? Math.sqrt(rank) : rank), stabilised, dropout, targets, start }
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]))
  const added = modules.filter((module) => targets.some((target) => matches(module, target))).flatMap((module): Weight[] => {
    const [out, fan] = shapes.get(`${module}.weight`) as [number, number]
    const [a, b] = adapterNames(module)
    // PEFT: A as `kaiming_uniform_(a=√5)`, which is uniform within ±1/√in, B zero.
    return [
      { name: a, shape: [rank, fan], init: 'uniform', std: 1 / Math.sqrt(3 * fan), decay: true },
      { name: b, shape: [out, rank], init: 'zeros', std: 0, decay: true },
    ]
  })
  return { model: { ...model, adapter, weights: [...model.weights.map((weight) => ({ ...weight, frozen: true }) as const), ...added] } }
}

/** The model under an adapter, all of whose weights can be trained again. */
export function withoutAdapter(model: ModelPlan): Adapted {
  if (!model.adapter) return { fault: 'this policy has no adapter to merge' }
  const { adapter: _, ...rest } = model
  const of = known.get(model) ?? new Map<string, Adapted>()
  known.set(model, of)
  const merged = of.get('merged') ?? { model: { ...rest, weights: model.weights.filter(({ frozen }) => frozen).map(({ frozen: _frozen, ...weight }) => weight) } }
  of.set('merged', merged)
  return merged
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** As PEFT chooses by name: the whole, or its end behind a dot. */
const matches = (module: string, target: string): boolean => module === target || module.endsWith(`.${target}`)

function numberOf(value: Value | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
