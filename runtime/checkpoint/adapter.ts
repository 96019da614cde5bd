// A low-rank adapter as a folder in PEFT's format: `adapter_config.json` and `adapter_model.safetensors`, as `PeftModel.from_pretrained` opens it.
// The weights under it are not in the folder: they are those of the policy that it was put on.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AdapterPlan } from '../../spec/plan/adapters.js'
import { trainedWeights } from '../../spec/plan/adapters.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import { writeDurably } from './atomic.js'
import { copyTokenizer, expected } from './folder.js'
import { readSafetensors, safetensorsBytes, type StoredTensor } from './safetensors.js'

/** PEFT wraps the model twice; the names below are those of the model itself. */
const PREFIX = 'base_model.model.'

/** Write an adapter folder. `base` is where the model under it lies, from the folder of the spec; `source` a folder whose tokenizer goes along. Errors: RLP8201, RLP8202. */
export function writeAdapterFolder(folder: string, adapter: AdapterPlan, weights: readonly StoredTensor[], { base, source }: { readonly base?: string | undefined; readonly source?: string | undefined }): void {
  const config = {
    base_model_name_or_path: base ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: adapter.alpha,
    lora_dropout: adapter.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: adapter.rank,
    target_modules: adapter.targets,
    task_type: 'CAUSAL_LM',
    use_rslora: adapter.stabilised,
  }
  writeDurably(join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`)
  writeDurably(join(folder, 'adapter_model.safetensors'), safetensorsBytes(weights.map(({ name, shape, data }) => ({ name: PREFIX + name, shape, data }))))
  if (source !== undefined) copyTokenizer(source, folder)
}

/** The matrices of an adapter folder, in the order of the model's plan. Errors: RLP8202, RLP8204 (other names or shapes). */
export function readAdapter(folder: string, plan: ModelPlan): StoredTensor[] {
  const { tensors } = readSafetensors(join(folder, 'adapter_model.safetensors'))
  return trainedWeights(plan).map((weight) => expected(folder, weight, tensors.get(PREFIX + weight.name)))
}

/** Parts of PEFT's format that change what an adapter computes, and what they must be here. */
const UNUSED: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ['LORA'],
  bias: ['none', undefined],
  use_dora: [false, undefined],
  fan_in_fan_out: [false, undefined],
  modules_to_save: [null, undefined],
  layers_to_transform: [null, undefined],
  rank_pattern: [undefined],
  alpha_pattern: [undefined],
  trainable_token_indices: [null, undefined],
}

/** As `readAdapter`, of a folder that someone else wrote. Errors: RLP8205 when it is no adapter folder, or another adapter than the stage says. */
export function readForeignAdapter(folder: string, plan: ModelPlan & { readonly adapter: AdapterPlan }): StoredTensor[] {
  const path = join(folder, 'adapter_config.json')
  let config: Readonly<Record<string, unknown>>
  try {
    config = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw failure('RLP8205', `cannot read \`${path}\`: ${(cause as Error).message}`, 'give the folder of an adapter that PEFT saved')
  }
  for (const [key, accepted] of Object.entries(UNUSED)) {
    const value = isEmpty(config[key]) ? undefined : config[key]
    if (!accepted.includes(value)) throw failure('RLP8205', `the adapter in \`${folder}\` has \`${key}\` = ${JSON.stringify(value)}, which is not supported`)
  }
  const { rank, alpha, stabilised } = plan.adapter
  const said = { r: rank, lora_alpha: alpha, use_rslora: stabilised }
  for (const [key, wanted] of Object.entries(said)) {
    const found = config[key] ?? false
    if (found !== wanted) throw failure('RLP8205', `the adapter in \`${folder}\` has \`${key}\` = ${JSON.stringify(found)}, the stage says ${JSON.stringify(wanted)}`, 'write in the stage what is in adapter_config.json')
  }
  const { tensors } = readSafetensors(join(folder, 'adapter_model.safetensors'))
  const names = new Set(trainedWeights(plan).map(({ name }) => PREFIX + name))
  const other = [...tensors.keys()].find((name) => !names.has(name))
  if (other !== undefined) throw failure('RLP8204', `\`${folder}\` has the tensor \`${other}\`, which the adapter of the stage has not`, 'write in `targets` what is in adapter_config.json')
  return readAdapter(folder, plan)
}

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0
