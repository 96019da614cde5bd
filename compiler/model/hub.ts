// The plan of a model of the Hugging Face hub, from the sizes that a `Pretrained` writes out.
// Fetches nothing: that the sizes are those of the repository is for whoever loads it to check.

import type { Span } from '../../grammar/source/source.js'
import type { CompileValue } from '../elaborate/value.js'
import { report } from './codes.js'
import type { LoweredModel } from './lowered.js'
import { Attributes } from '../elaborate/attributes.js'
import { families, readSizes } from './sizes.js'
import { expertsOf, weightsOf } from './weights.js'

export function hubModel(attributes: ReadonlyMap<string, CompileValue>, span: Span): LoweredModel {
  const read = new Attributes(attributes)
  const family = read.text('family', 'llama')
  const [width, heads] = [read.number('width', 1), read.number('heads', 1)]
  const config = {
    architectures: [families[family]?.architecture ?? family],
    model_type: family,
    hidden_size: width,
    intermediate_size: read.number('mlp', 1),
    num_hidden_layers: read.number('layers', 1),
    num_attention_heads: heads,
    num_key_value_heads: read.number('kv_heads', heads),
    head_dim: read.number('head_width', width / heads),
    max_position_embeddings: read.number('context', 1),
    vocab_size: read.number('vocabulary', 1),
    tie_word_embeddings: read.flag('tied'),
  }
  const { sizes, faults } = readSizes(config)
  if (!sizes) return { model: undefined, diagnostics: faults.map((fault) => report('RLP5101', span, `this model cannot be used: ${fault}`, { label: read.text('repository'), help: 'write the sizes as the config.json of the repository says them' })) }
  const revision = read.text('revision')
  const source = { repository: read.text('repository'), ...(revision === '' ? {} : { revision }) }
  const { count = 0, active = 0, width: expert = 0, idle = 0 } = read.record('experts') ?? {}
  if (active > count + idle) return { model: undefined, diagnostics: [report('RLP5101', span, `${active} experts are active, and there are ${count + idle}`, { label: read.text('repository'), help: 'lower `active`' })] }
  const mixed = { ...config, n_routed_experts: count, zero_expert_num: idle, moe_topk: active, moe_intermediate_size: expert }
  const dense = weightsOf(sizes, 0.02)
  return {
    model: count === 0 ? { architecture: 'transformer', config, tokenizer: null, source, weights: dense } : { architecture: 'experts', config: mixed, tokenizer: null, source, weights: [...dense, ...expertsOf(sizes, { count, idle, width: expert }, 0.02)] },
    diagnostics: [],
  }
}
