// The plan of a model in a Hugging Face folder, from its `config.json` and `generation_config.json`.
// Reads no weights: their names and shapes follow from the config, and the runtime compares them with the files.

import type { Span } from '../../grammar/source/source.js'
import type { ConfigValue, ModelPlan } from '../../spec/plan/plan.js'
import type { CompileValue } from '../elaborate/value.js'
import { report } from './codes.js'
import type { LoweredModel } from './lowered.js'
import { Attributes } from '../elaborate/attributes.js'
import { readSizes, type HubConfig, type TransformerSizes } from './sizes.js'
import { weightsOf } from './weights.js'

/** The text of a file by its path from the folder of the spec; undefined when it is not there. */
export type ReadText = (path: string) => string | undefined

/** The plan of a `ModelFolder`. Errors: RLP5109 when it is no such folder, RLP5110 when it holds what is not supported. */
export function folderModel(attributes: ReadonlyMap<string, CompileValue>, span: Span, read: ReadText): LoweredModel {
  const given = new Attributes(attributes)
  const folder = given.text('path').replace(/\/+$/, '')
  const config = parsed(read, `${folder}/config.json`)
  if (typeof config === 'string') {
    const help = 'give the path of a Hugging Face folder, from the folder of the spec: config.json, *.safetensors, tokenizer.json'
    return { model: undefined, diagnostics: [report('RLP5109', span, 'this folder holds no model', { label: folder, notes: [config], help })] }
  }
  const generation = parsed(read, `${folder}/generation_config.json`)
  const whole = { ...config, ...endTokens(typeof generation === 'string' ? {} : generation), gradient_checkpointing: given.flag('recompute') || undefined }
  return configModel(shortened(whole, given.number('context', Infinity)), folder, span)
}

/** The plan of a model of the Llama, Qwen2 and Qwen3 layouts, from its parsed config. Errors: RLP5110. */
export function configModel(config: HubConfig, folder: string, span: Span): LoweredModel {
  const { sizes, faults } = readSizes(config)
  if (!sizes) {
    const notes = [...faults, `read from ${folder}/config.json`]
    return { model: undefined, diagnostics: [report('RLP5110', span, 'this model cannot be computed here', { label: faults[0] ?? '', notes, help: 'use a model of the Llama, Qwen2 or Qwen3 layout, with weights that are not quantised' })] }
  }
  const std = config['initializer_range']
  return {
    model: { architecture: 'transformer', config: plainConfig(config, sizes), tokenizer: null, source: { folder }, weights: weightsOf(sizes, typeof std === 'number' ? std : 0.02) },
    diagnostics: [],
  }
}

/** The config with a shorter context; what its rotary scaling takes from the old one is written out. */
function shortened(config: HubConfig, context: number): HubConfig {
  const whole = config['max_position_embeddings']
  if (typeof whole !== 'number' || context >= whole) return config
  const key = config['rope_parameters'] ? 'rope_parameters' : 'rope_scaling'
  const scaling = config[key]
  const rotary = typeof scaling === 'object' && scaling !== null ? { [key]: { original_max_position_embeddings: whole, ...scaling } } : {}
  return { ...config, ...rotary, max_position_embeddings: context }
}

/** What a generation config says instead of the config: where a text ends. */
function endTokens(generation: HubConfig): HubConfig {
  const ends = generation['eos_token_id']
  return ends === undefined || ends === null ? {} : { eos_token_id: ends }
}

/** The entries that a plan keeps, with the sizes written out. Weights are float32 here, whatever the files hold. */
function plainConfig(config: HubConfig, sizes: TransformerSizes): ModelPlan['config'] {
  const plain: Record<string, ModelPlan['config'][string]> = {}
  for (const [key, value] of Object.entries(config)) {
    if (key === 'dtype' || key === 'torch_dtype') continue
    if (isPlain(value)) plain[key] = value
    else if (key === 'rope_parameters' || key === 'rope_scaling') {
      if (typeof value === 'object' && value !== null) plain[key] = Object.fromEntries(Object.entries(value).filter((entry): entry is [string, ConfigValue] => isPlain(entry[1])))
    }
  }
  return { ...plain, num_key_value_heads: sizes.kvHeads, head_dim: sizes.headSize, rope_theta: sizes.rotaryBase }
}

function isPlain(value: unknown): value is ConfigValue {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return true
  return Array.isArray(value) && (value.every((item) => typeof item === 'string') || value.every((item) => typeof item === 'number'))
}

/** A JSON object, or in a sentence why there is none. */
function parsed(read: ReadText, path: string): HubConfig | string {
  const text = read(path)
  if (text === undefined) return `there is no ${path}`
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as HubConfig) : `${path} is not a JSON object`
  } catch (cause) {
    return `${path} is not JSON (${(cause as Error).message})`
  }
}
