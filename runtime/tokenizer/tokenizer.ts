// Text to token ids and back: the two tokenizers of models made here, whole words and single characters.
// Reading and writing `tokenizer.json` is in `huggingface.ts`; how prompts are framed is in `framing.ts`.

import type { TokenizerPlan } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'

export const PAD = '<pad>'
export const BOS = '<bos>'
export const EOS = '<eos>'

export interface Tokenizer {
  /** Number of token ids. */
  readonly size: number
  readonly pad: number
  /** Null for model families that begin with no special token. */
  readonly bos: number | null
  readonly eos: number
  /** Ids of the text as written, nothing added. `place` names the text in errors: RLP8005 for a word that is not in the vocabulary. */
  encode(text: string, place: string): number[]
  /** Text of the ids; special tokens leave no trace. */
  decode(ids: ArrayLike<number>): string
}

/**
 * The tokenizer of a model made here. `words` splits at white space and joins with one space;
 * `characters` takes special tokens and then every code point by itself.
 * Errors: RLP8006 when the vocabulary repeats a token or lacks a special one.
 */
export function vocabularyTokenizer(plan: TokenizerPlan): Tokenizer {
  const ids = new Map(plan.vocabulary.map((token, id) => [token, id]))
  if (ids.size !== plan.vocabulary.length) {
    const twice = plan.vocabulary.find((token, id) => ids.get(token) !== id)
    throw failure('RLP8006', `the vocabulary has the token \`${twice}\` twice`, 'write every token once')
  }
  const special = (token: string): number => {
    const id = ids.get(token)
    if (id === undefined) throw failure('RLP8006', `the vocabulary lacks the special token \`${token}\``, `add ${PAD}, ${BOS} and ${EOS} to it`)
    return id
  }
  const pad = special(PAD)
  const bos = special(BOS)
  const eos = special(EOS)
  const words = plan.kind === 'words'
  const unit = words ? 'word' : 'character'

  return {
    size: plan.vocabulary.length,
    pad,
    bos,
    eos,
    encode(text, place) {
      return (words ? splitWords(text) : splitCharacters(text)).map((token) => {
        const id = ids.get(token)
        if (id === undefined) throw failure('RLP8005', `the ${unit} ${JSON.stringify(token)} in ${place} is not in the vocabulary`, `add it to the model's \`vocabulary\`, or leave out the row with \`where\``)
        return id
      })
    },
    decode(sequence) {
      const tokens: string[] = []
      for (let i = 0; i < sequence.length; i++) {
        const id = sequence[i] as number
        if (id !== pad && id !== bos && id !== eos) tokens.push(plan.vocabulary[id] ?? '')
      }
      return tokens.join(words ? ' ' : '')
    },
  }
}

function splitWords(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '')
}

const SPECIALS = /(<pad>|<bos>|<eos>)/u

function splitCharacters(text: string): string[] {
  return text.split(SPECIALS).flatMap((piece) => (SPECIALS.test(piece) ? [piece] : [...piece]))
}
