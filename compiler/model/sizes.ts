// The sizes and switches of a decoder-only transformer, read from a Hugging Face config of the Llama family.
// Does not know weights or graphs; says why when a config describes something that those cannot express.

import type { ModelPlan } from '../../spec/plan/plan.js'
import { readScaling, type RotaryScaling } from './rotary-scaling.js'

/** A `config.json` as parsed. */
export type HubConfig = Readonly<Record<string, unknown>>

export interface TransformerSizes {
  readonly layers: number
  readonly width: number
  readonly heads: number
  /** Key/value heads; `heads` is a multiple of it (grouped-query attention). */
  readonly kvHeads: number
  readonly headSize: number
  readonly mlp: number
  readonly vocabulary: number
  readonly context: number
  readonly normEps: number
  readonly rotaryBase: number
  /** How the rotary frequencies are stretched; undefined where they are the plain ones. */
  readonly rotaryScaling: RotaryScaling | undefined
  /** The first so many positions have a learned embedding, added to that of the token. */
  readonly learnedPositions: number
  /** One matrix for embedding and head. */
  readonly tied: boolean
  /** Biases of the query, key and value projections. */
  readonly qkvBias: boolean
  /** Bias of the output projection of attention. */
  readonly outputBias: boolean
  /** Biases of the three matrices of the MLP. */
  readonly mlpBias: boolean
  /** RMS norm of each query and key head before the rotation. */
  readonly headNorm: boolean
  /** The gradient computes each layer again instead of keeping what was computed in it. */
  readonly recompute: boolean
}

/** What `model_type` implies that the other keys do not say. `attentionBias` is the default of that key. */
interface Family {
  readonly architecture: string
  readonly qkvBias: 'always' | 'attention_bias'
  readonly outputBias: 'never' | 'attention_bias'
  readonly headNorm: boolean
}

export const families: Readonly<Record<string, Family>> = {
  llama: { architecture: 'LlamaForCausalLM', qkvBias: 'attention_bias', outputBias: 'attention_bias', headNorm: false },
  // Ours: a Llama with learned positions. No `transformers` class computes it, so none may open it.
  llama_learned_positions: { architecture: 'LlamaLearnedPositionsForCausalLM', qkvBias: 'attention_bias', outputBias: 'attention_bias', headNorm: false },
  qwen2: { architecture: 'Qwen2ForCausalLM', qkvBias: 'always', outputBias: 'never', headNorm: false },
  qwen3: { architecture: 'Qwen3ForCausalLM', qkvBias: 'attention_bias', outputBias: 'attention_bias', headNorm: true },
}

/** Sizes of a model whose config was accepted by `readSizes`. */
export function sizesOf(model: ModelPlan): TransformerSizes {
  const { sizes, faults } = readSizes(model.config)
  if (!sizes) throw new Error(`model plan: ${faults.join('; ')}`)
  return sizes
}

/** Reads a config, or says in one sentence each what is missing, does not fit, or is not supported. */
export function readSizes(config: HubConfig): { sizes: TransformerSizes | undefined; faults: string[] } {
  const faults: string[] = []
  const integer = (key: string, fallback?: number): number => {
    const value = config[key] ?? fallback
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
    faults.push(value === undefined ? `\`${key}\` is missing` : `\`${key}\` is ${JSON.stringify(value)}, not a positive integer`)
    return 1
  }
  const type = String(config['model_type'] ?? 'llama')
  const family = Object.hasOwn(families, type) ? families[type] : undefined
  if (!family) faults.push(`\`model_type\` "${type}" is not one of ${Object.keys(families).join(', ')}`)
  const biased = config['attention_bias'] === true
  const width = integer('hidden_size')
  const heads = integer('num_attention_heads')
  const [headSize, context, base] = [integer('head_dim', width / heads), integer('max_position_embeddings'), rotaryBase(config)]
  const sizes: TransformerSizes = {
    layers: integer('num_hidden_layers'),
    width,
    heads,
    kvHeads: integer('num_key_value_heads', heads),
    headSize,
    mlp: integer('intermediate_size'),
    vocabulary: integer('vocab_size'),
    context,
    normEps: typeof config['rms_norm_eps'] === 'number' ? config['rms_norm_eps'] : 1e-6,
    rotaryBase: base,
    rotaryScaling: readScaling(rotarySettings(config), { size: headSize, base, context }, faults),
    learnedPositions: type === 'llama_learned_positions' ? integer('learned_positions') : 0,
    tied: config['tie_word_embeddings'] === true,
    qkvBias: family?.qkvBias === 'always' || biased,
    outputBias: family?.outputBias === 'attention_bias' && biased,
    mlpBias: config['mlp_bias'] === true,
    headNorm: family?.headNorm === true,
    recompute: config['gradient_checkpointing'] === true,
  }
  if (faults.length === 0) faults.push(...misfits(sizes), ...unsupported(config))
  return { sizes: faults.length === 0 ? sizes : undefined, faults }
}

/** `rope_parameters`, or `rope_scaling` as configs called it before `transformers` 5. */
function rotarySettings(config: HubConfig): Readonly<Record<string, unknown>> {
  return (config['rope_parameters'] ?? config['rope_scaling'] ?? {}) as Record<string, unknown>
}

/** `rope_theta`, which newer configs keep under `rope_parameters`. */
function rotaryBase(config: HubConfig): number {
  const base = rotarySettings(config)['rope_theta'] ?? config['rope_theta']
  return typeof base === 'number' ? base : 10_000
}

function misfits({ heads, kvHeads, headSize }: TransformerSizes): string[] {
  const faults: string[] = []
  if (heads % kvHeads !== 0) faults.push(`${heads} heads cannot share ${kvHeads} key/value heads evenly`)
  if (headSize % 2 !== 0) faults.push(`a head of size ${headSize} cannot be rotated: it must be even`)
  return faults
}

function unsupported(config: HubConfig): string[] {
  const faults: string[] = []
  const activation = config['hidden_act'] ?? 'silu'
  if (activation !== 'silu') faults.push(`the activation "${String(activation)}" is not supported, only "silu"`)
  const layers = config['layer_types']
  const slides = Array.isArray(layers) ? layers.find((type) => type !== 'full_attention') : config['use_sliding_window'] === true ? 'sliding_attention' : undefined
  if (slides !== undefined) faults.push(`attention of the type "${String(slides)}" is not supported, only "full_attention"`)
  const turned = config['partial_rotary_factor'] ?? rotarySettings(config)['partial_rotary_factor'] ?? 1
  if (turned !== 1) faults.push(`rotating ${String(turned)} of each head is not supported, only all of it`)
  const quantised = config['quantization_config']
  if (typeof quantised === 'object' && quantised !== null) {
    const method = (quantised as Record<string, unknown>)['quant_method']
    faults.push(`its weights are quantised (${String(method ?? 'by an unnamed method')}), only float32, float16 and bfloat16 are read`)
  }
  const experts = ['num_experts', 'num_local_experts', 'n_routed_experts'].find((key) => typeof config[key] === 'number' && (config[key] as number) > 1)
  if (experts !== undefined) faults.push(`it is a mixture of ${String(config[experts])} experts, which is not supported`)
  return faults
}
