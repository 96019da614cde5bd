// The checkpoint that both sides of a contest start from: a fresh Qwen2 in a Hugging Face folder.

import { mkdirSync } from 'node:fs'
import { readSizes, type TransformerSizes } from '../../../compiler/model/sizes.js'
import { weightsOf } from '../../../compiler/model/weights.js'
import { writeModelFolder } from '../../checkpoint/folder.js'
import { freshWeights } from '../../checkpoint/initialise.js'
import type { ModelSizes } from '../rows.js'

const SPECIALS = ['<pad>', '<bos>', '<eos>']
const STD = 0.02

/** The word with number `i`. */
export const word = (i: number): string => `w${i}`

export function writeCheckpoint(folder: string, { layers, width, heads, keyHeads, mlp, vocabulary }: ModelSizes, context: number): void {
  const words = [...SPECIALS, ...Array.from({ length: vocabulary - SPECIALS.length }, (_, i) => word(i))]
  const config = {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    hidden_size: width,
    intermediate_size: mlp,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    head_dim: width / heads,
    hidden_act: 'silu',
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    max_position_embeddings: context,
    vocab_size: vocabulary,
    tie_word_embeddings: false,
    attention_dropout: 0,
    initializer_range: STD,
    pad_token_id: 0,
    bos_token_id: 1,
    eos_token_id: 2,
    use_cache: true,
  }
  const model = { architecture: 'transformer', config, tokenizer: { kind: 'words', vocabulary: words }, source: { scratch: true, seed: 0 }, weights: weightsOf(readSizes(config).sizes as TransformerSizes, STD) } as const
  mkdirSync(folder, { recursive: true })
  writeModelFolder(folder, model, freshWeights(model, 0))
}
