// `tokenizer.json` and `tokenizer_config.json`: written for the tokenizers of `tokenizer.ts` so that `transformers` opens them,
// and read from any model folder through `@huggingface/tokenizers`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import { BOS, EOS, PAD, type Tokenizer } from './tokenizer.js'

/** The content of `tokenizer.json` (`tokenizers` 0.22, WordLevel). An unknown word is an error there too: there is no unknown token. */
export function tokenizerJson(plan: ModelPlan['tokenizer']): object {
  const ids = plan.vocabulary.map((token, id) => [token, id] as const)
  const specials = ids.filter(([token]) => token === PAD || token === BOS || token === EOS)
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map(([content, id]) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: null,
    pre_tokenizer: plan.kind === 'words' ? { type: 'WhitespaceSplit' } : { type: 'Split', pattern: { Regex: '[\\s\\S]' }, behavior: 'Isolated', invert: false },
    post_processor: null,
    decoder: plan.kind === 'words' ? null : { type: 'Fuse' },
    model: { type: 'WordLevel', vocab: Object.fromEntries(ids), unk_token: '<unk>' },
  }
}

/** The content of `tokenizer_config.json` (`transformers` 4.56 to 5). */
export function tokenizerConfigJson(context: number): object {
  return { tokenizer_class: 'PreTrainedTokenizerFast', pad_token: PAD, bos_token: BOS, eos_token: EOS, model_max_length: context, clean_up_tokenization_spaces: false }
}

/** The tokenizer of a model folder. Errors: RLP8205 when a file is missing or unusable. */
export function folderTokenizer(folder: string): Tokenizer {
  const json = readJson(join(folder, 'tokenizer.json'))
  const config = readJson(join(folder, 'tokenizer_config.json'))
  const inner = new HuggingFaceTokenizer(json, config)
  const idOf = (key: string): number | undefined => {
    const value = config[key] as string | { content?: string } | null | undefined
    const content = typeof value === 'string' ? value : value?.content
    return content === undefined ? undefined : inner.token_to_id(content)
  }
  const eos = idOf('eos_token')
  if (eos === undefined) throw failure('RLP8205', `the tokenizer of \`${folder}\` names no \`eos_token\``, 'add it to tokenizer_config.json')
  const bos = idOf('bos_token')
  const unknown = idOf('unk_token')
  return {
    size: Math.max(...inner.get_vocab(true).values()) + 1,
    pad: idOf('pad_token') ?? eos,
    bos: bos === undefined ? null : bos,
    eos,
    encode(text, place) {
      const { ids, tokens } = inner.encode(text, { add_special_tokens: false })
      const lost = ids.findIndex((id: number | undefined) => id === undefined || (unknown !== undefined && id === unknown))
      if (lost >= 0) throw failure('RLP8005', `${JSON.stringify(tokens[lost] ?? text)} in ${place} is not in the vocabulary of \`${folder}\``)
      return ids
    },
    decode: (ids) => (ids.length === 0 ? '' : inner.decode(Array.from(ids), { skip_special_tokens: true, clean_up_tokenization_spaces: false })),
  }
}

function readJson(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw failure('RLP8205', `cannot read \`${path}\`: ${(cause as Error).message}`, 'a model folder needs config.json, model.safetensors, tokenizer.json and tokenizer_config.json')
  }
}
