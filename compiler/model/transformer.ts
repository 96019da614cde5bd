// The plan of a fresh transformer, from the attributes of a `Transformer`.
// One that others trained is in `folder.ts`.

import type { Span } from '../../grammar/source/source.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import type { CompileValue } from '../elaborate/value.js'
import { report } from './codes.js'
import type { LoweredModel } from './lowered.js'
import { families, readSizes } from './sizes.js'
import { weightsOf } from './weights.js'

const SPECIALS = ['<pad>', '<bos>', '<eos>'] as const

/** A fresh model from the evaluated attributes of a `Transformer`; without learned positions the config is one that `LlamaForCausalLM` opens. */
export function freshModel(attributes: ReadonlyMap<string, CompileValue>, span: Span): LoweredModel {
  const number = (name: string, fallback = 0): number => {
    const value = attributes.get(name)
    return value?.type === 'number' ? value.value : fallback
  }
  const written = attributes.get('vocabulary')
  const words = new Set(written?.type === 'list' ? written.items.flatMap((item) => (item.type === 'text' ? [item.value] : [])) : [])
  const vocabulary = [...SPECIALS.filter((special) => !words.has(special)), ...words]
  const tokenizer = attributes.get('tokenizer')
  const tied = attributes.get('tied')
  const [width, heads, std] = [number('width'), number('heads'), number('init_std', 0.02)]
  const positions = number('learned_positions')
  const type = positions > 0 ? 'llama_learned_positions' : 'llama'
  const config = {
    architectures: [(families[type] as { architecture: string }).architecture],
    model_type: type,
    hidden_size: width,
    intermediate_size: number('mlp'),
    num_hidden_layers: number('layers'),
    num_attention_heads: heads,
    num_key_value_heads: number('kv_heads', heads),
    head_dim: width / heads,
    hidden_act: 'silu',
    rms_norm_eps: number('norm_eps', 1e-6),
    rope_theta: number('rotary_base', 10_000),
    max_position_embeddings: number('context'),
    ...(positions > 0 ? { learned_positions: positions } : {}),
    vocab_size: vocabulary.length,
    tie_word_embeddings: tied?.type === 'boolean' && tied.value,
    attention_bias: false,
    attention_dropout: 0,
    mlp_bias: false,
    initializer_range: std,
    pad_token_id: vocabulary.indexOf('<pad>'),
    bos_token_id: vocabulary.indexOf('<bos>'),
    eos_token_id: vocabulary.indexOf('<eos>'),
    torch_dtype: 'float32',
    use_cache: true,
  } satisfies ModelPlan['config']
  const { sizes, faults } = readSizes({ ...config, head_dim: Number.isInteger(config.head_dim) ? config.head_dim : undefined })
  if (!sizes) return { model: undefined, diagnostics: faults.map((fault) => wrongSizes(fault, span, width, heads)) }
  return {
    model: {
      architecture: 'transformer',
      config,
      tokenizer: { kind: tokenizer?.type === 'text' && tokenizer.value === 'characters' ? 'characters' : 'words', vocabulary },
      source: { scratch: true, seed: number('seed') },
      weights: weightsOf(sizes, std),
    },
    diagnostics: [],
  }
}

function wrongSizes(fault: string, span: Span, width: number, heads: number) {
  const uneven = width % heads !== 0
  return report('RLP5101', span, uneven ? `${heads} heads do not divide a width of ${width}` : fault, {
    label: uneven ? `${width} / ${heads} is not a whole number` : '',
    notes: ['The width is split evenly among the heads, and each head is rotated in pairs.'],
    help: `choose a width that is a multiple of ${2 * heads}`,
  })
}
