// `tokenizer.json` and `tokenizer_config.json`: written for the tokenizers of `tokenizer.ts` so that `transformers` opens them,
// and read from any model folder through `@huggingface/tokenizers`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { canonicalJson } from '../../spec/plan/canonical.js'
import type { TokenizerPlan } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import { BOS, EOS, PAD, vocabularyTokenizer, type Tokenizer } from './tokenizer.js'

/** The content of `tokenizer.json` (`tokenizers` 0.22, WordLevel). An unknown word is an error there too: there is no unknown token. */
export function tokenizerJson(plan: TokenizerPlan): object {
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
  const own = ownPlan(json)
  if (own) return vocabularyTokenizer(own)
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
  // The library drops what a vocabulary cannot spell. Where nothing is normalised away, that shows when the ids are read back.
  const normalizer = json['normalizer'] as { type?: string } | null
  const lossless = normalizer === null || normalizer?.type === 'NFC'
  const decode = (ids: number[], skip: boolean): string => (ids.length === 0 ? '' : inner.decode(ids, { skip_special_tokens: skip, clean_up_tokenization_spaces: false }))
  const letters = (text: string): string => text.normalize('NFC').replace(/\s+/gu, '')
  return {
    size: Math.max(...inner.get_vocab(true).values()) + 1,
    pad: idOf('pad_token') ?? eos,
    bos: bos === undefined ? null : bos,
    eos,
    encode(text, place) {
      const { ids, tokens } = inner.encode(text, { add_special_tokens: false })
      const lost = ids.findIndex((id: number | undefined) => id === undefined || (unknown !== undefined && id === unknown))
      if (lost >= 0) throw failure('RLP8005', `${JSON.stringify(tokens[lost] ?? text)} in ${place} is not in the vocabulary of \`${folder}\``)
      if (lossless && letters(decode(ids, false)) !== letters(text)) throw failure('RLP8005', `${JSON.stringify(text)} in ${place} cannot be written with the vocabulary of \`${folder}\``)
      return ids
    },
    decode: (ids) => decode(Array.from(ids), true),
  }
}

/** A tokenizer that `tokenizerJson` wrote, as its plan; undefined for any other. */
function ownPlan(json: Record<string, unknown>): TokenizerPlan | undefined {
  const model = json['model'] as { type?: string; vocab?: Record<string, number> } | undefined
  if (model?.type !== 'WordLevel') return undefined
  const vocab = model.vocab ?? {}
  const vocabulary = Object.keys(vocab).sort((a, b) => (vocab[a] as number) - (vocab[b] as number))
  const plans = (['words', 'characters'] as const).map((kind) => ({ kind, vocabulary }))
  return plans.find((plan) => canonicalJson(tokenizerJson(plan)) === canonicalJson(json))
}

function readJson(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw failure('RLP8205', `cannot read \`${path}\`: ${(cause as Error).message}`, 'a model folder needs config.json, model.safetensors, tokenizer.json and tokenizer_config.json')
  }
}
