// A model as a Hugging Face folder: config, generation config, weights and tokenizer, as `AutoModelForCausalLM.from_pretrained` opens it.
// Tensor bytes are in `safetensors.ts`; a folder is written into a place that is published whole by the store.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelPlan, TokenizerPlan } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import { tokenizerConfigJson, tokenizerJson } from '../tokenizer/huggingface.js'
import { guarded, writeDurably } from './atomic.js'
import { readSafetensors, safetensorsBytes, type StoredTensor } from './safetensors.js'

/** `model_type` of a config → class in `transformers`. */
const architectures: Readonly<Record<string, string>> = { llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM' }

/** Tokenizer files that a loaded model passes on unchanged, as far as it has them. */
const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja']

/**
 * Write a model folder; of a classifier, a config of our own and the weights. `source` is the folder that the model was once loaded from: its tokenizer is copied.
 * Weights must be those of `plan.weights`, in order. Errors: RLP8201, RLP8202.
 */
export function writeModelFolder(folder: string, plan: ModelPlan, weights: readonly StoredTensor[], source?: string): void {
  const config = plan.config
  const write = (name: string, content: object) => writeDurably(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
  const { tokenizer } = plan
  if (source === undefined && !tokenizer) {
    write('config.json', { dtype: 'float32', ...config })
    writeDurably(join(folder, 'model.safetensors'), safetensorsBytes(weights))
    return
  }
  write('config.json', { architectures: [architectures[String(config['model_type'])] ?? architectures['llama']], dtype: 'float32', ...config })
  write('generation_config.json', { _from_model_config: true, ...pick(config, ['bos_token_id', 'eos_token_id', 'pad_token_id']) })
  writeDurably(join(folder, 'model.safetensors'), safetensorsBytes(weights))
  if (source === undefined) {
    write('tokenizer.json', tokenizerJson(tokenizer as TokenizerPlan))
    write('tokenizer_config.json', tokenizerConfigJson(Number(config['max_position_embeddings'])))
    return
  }
  copyTokenizer(source, folder)
}

/** The tokenizer of a model folder beside something else that is made from it. */
export function copyTokenizer(source: string, folder: string): void {
  for (const name of tokenizerFiles) {
    const path = join(source, name)
    if (existsSync(path)) writeDurably(join(folder, name), [guarded(path, () => readFileSync(path))])
  }
}

/**
 * The weights of a folder in the order of `plan.weights`, from one file or several; each is read from its place when its `data` is taken.
 * Errors: RLP8202, RLP8204 (other names or shapes), RLP8205 (no weights).
 */
export function readWeights(folder: string, plan: ModelPlan): StoredTensor[] {
  const shards = new Map<string, ReadonlyMap<string, StoredTensor>>()
  const shard = (file: string): ReadonlyMap<string, StoredTensor> => {
    const tensors = shards.get(file) ?? readSafetensors(join(folder, file)).tensors
    shards.set(file, tensors)
    return tensors
  }
  const fileOf = weightFiles(folder)
  return plan.weights.map((weight) => {
    const file = fileOf(weight.name)
    return expected(folder, weight, file === undefined ? undefined : shard(file).get(weight.name))
  })
}

/** The tensor of a folder that a model's weight is, as float32. Errors: RLP8204 when there is none, or one of another shape. */
export function expected(folder: string, { name, shape }: ModelPlan['weights'][number], tensor: StoredTensor | undefined): StoredTensor {
  if (!tensor) throw failure('RLP8204', `\`${folder}\` has no tensor \`${name}\``, 'the weights must be those of the model in config.json')
  if (tensor.shape.join() !== shape.join()) throw failure('RLP8204', `the tensor \`${name}\` of \`${folder}\` has the shape [${tensor.shape.join(', ')}], the model wants [${shape.join(', ')}]`)
  return {
    name,
    shape,
    get data() {
      const { data } = tensor
      return data instanceof Float64Array ? Float32Array.from(data) : data
    },
  }
}

/** Which file of a folder holds a tensor. */
function weightFiles(folder: string): (name: string) => string | undefined {
  if (existsSync(join(folder, 'model.safetensors'))) return () => 'model.safetensors'
  const index = join(folder, 'model.safetensors.index.json')
  if (!existsSync(index)) throw failure('RLP8205', `\`${folder}\` has no model.safetensors`, 'give the folder of a Hugging Face model saved as safetensors')
  try {
    const { weight_map } = JSON.parse(readFileSync(index, 'utf8')) as { weight_map?: Record<string, string> }
    if (!weight_map) throw new Error('it has no `weight_map`')
    return (name) => (Object.hasOwn(weight_map, name) ? weight_map[name] : undefined)
  } catch (cause) {
    throw failure('RLP8205', `cannot read \`${index}\`: ${(cause as Error).message}`)
  }
}

function pick(record: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => record[key] !== undefined).map((key) => [key, record[key]]))
}
