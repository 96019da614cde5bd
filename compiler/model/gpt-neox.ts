// The plan of a GPT-NeoX (arXiv 2204.06745), the family of Pythia, from the attributes of a `GptNeoX`: layer norms with biases,
// attention and MLP side by side, separate embedding and head. Sizes and weights only: no engine here runs it.

import type { Span } from '../../grammar/source/source.js'
import type { CompileValue } from '../elaborate/value.js'
import type { LoweredModel } from './lowered.js'
import { Attributes } from '../elaborate/attributes.js'
import type { WeightPlan } from './weights.js'

export function freshGptNeoX(attributes: ReadonlyMap<string, CompileValue>, _span: Span): LoweredModel {
  const read = new Attributes(attributes)
  const [layers, width, mlp, vocabulary, std] = [read.number('layers', 1), read.number('width', 1), read.number('mlp', 1), read.number('vocabulary', 1), read.number('init_std', 0.02)]
  const matrix = (name: string, out: number, fan: number): WeightPlan => ({ name: `${name}.weight`, shape: [out, fan], init: 'normal', std, decay: true })
  const vector = (name: string, size: number, init: 'ones' | 'zeros'): WeightPlan => ({ name, shape: [size], init, std: 0, decay: false })
  const linear = (name: string, out: number, fan: number): WeightPlan[] => [matrix(name, out, fan), vector(`${name}.bias`, out, 'zeros')]
  const norm = (name: string): WeightPlan[] => [vector(`${name}.weight`, width, 'ones'), vector(`${name}.bias`, width, 'zeros')]
  const layer = (index: number): WeightPlan[] => {
    const at = `gpt_neox.layers.${index}`
    return [
      ...norm(`${at}.input_layernorm`),
      ...norm(`${at}.post_attention_layernorm`),
      ...linear(`${at}.attention.query_key_value`, 3 * width, width),
      ...linear(`${at}.attention.dense`, width, width),
      ...linear(`${at}.mlp.dense_h_to_4h`, mlp, width),
      ...linear(`${at}.mlp.dense_4h_to_h`, width, mlp),
    ]
  }
  const weights = [matrix('gpt_neox.embed_in', vocabulary, width), ...Array.from({ length: layers }, (_, index) => layer(index)).flat(), ...norm('gpt_neox.final_layer_norm'), matrix('embed_out', vocabulary, width)]
  const config = {
    architectures: ['GPTNeoXForCausalLM'],
    model_type: 'gpt_neox',
    hidden_size: width,
    intermediate_size: mlp,
    num_hidden_layers: layers,
    num_attention_heads: read.number('heads', 1),
    rotary_pct: read.number('rotary_share', 0.25),
    max_position_embeddings: read.number('context', 1),
    vocab_size: vocabulary,
    initializer_range: std,
    tokenizer: read.text('tokenizer'),
  }
  return { model: { architecture: 'gpt_neox', config, tokenizer: null, source: { scratch: true, seed: read.number('seed') }, weights }, diagnostics: [] }
}
