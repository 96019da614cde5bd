// How a row becomes a sequence of tokens: where <bos> and <eos> go, and which tokens are learned.
// Batching and padding are in `engines/native/batching.ts`.

import { failure } from '../codes.js'
import type { Row, Segment } from '../data/dataset.js'
import type { Tokenizer } from './tokenizer.js'

/** One sample or rollout: its tokens, and for each whether the loss counts it as a target. Both have the same length. */
export interface Sequence {
  readonly tokens: Int32Array
  /** 0 or 1 for each token; never 1 for the first, which nothing predicts. */
  readonly learned: Uint8Array
  /** How many tokens at the front are the prompt. */
  readonly prompt: number
}

/** A prompt as written, with <bos> put before it unless it begins with it. `place` names the row in errors. */
export function framePrompt(tokenizer: Tokenizer, row: Row, place: string): number[] {
  const prompt = row['prompt']
  if (typeof prompt !== 'string') throw failure('RLP8009', `${place} has no text in the field \`prompt\``, hasInstead(row, 'prompt'))
  const ids = tokenizer.encode(prompt, place)
  return tokenizer.bos === null || ids[0] === tokenizer.bos ? ids : [tokenizer.bos, ...ids]
}

/**
 * A row with `prompt` and `completion` as a training sequence. The prompt is not learned, the completion is, or of segments those with
 * `train`. <eos> is put after the completion unless it ends with it, and is learned as the last segment is.
 */
export function frameExample(tokenizer: Tokenizer, row: Row, place: string): Sequence {
  const tokens = framePrompt(tokenizer, row, place)
  const prompt = tokens.length
  const learned: number[] = tokens.map(() => 0)
  const segments = segmentsOf(row, place)
  for (const segment of segments) {
    for (const id of tokenizer.encode(segment.text, place)) {
      tokens.push(id)
      learned.push(segment.train ? 1 : 0)
    }
  }
  if (tokens.length === prompt || tokens[tokens.length - 1] !== tokenizer.eos) {
    tokens.push(tokenizer.eos)
    learned.push(segments[segments.length - 1]?.train === false ? 0 : 1)
  }
  if (prompt === 0) learned[0] = 0
  return { tokens: Int32Array.from(tokens), learned: Uint8Array.from(learned), prompt }
}

/** A prompt and the tokens that a policy wrote after it (with <eos> when it ended by itself); all of these are learned. */
export function frameRollout(prompt: ArrayLike<number>, completion: ArrayLike<number>): Sequence {
  const length = prompt.length + completion.length
  const tokens = new Int32Array(length)
  tokens.set(prompt as ArrayLike<number>)
  tokens.set(completion as ArrayLike<number>, prompt.length)
  return { tokens, learned: new Uint8Array(length).fill(1, prompt.length), prompt: prompt.length }
}

function segmentsOf(row: Row, place: string): readonly Segment[] {
  const completion = row['completion']
  if (typeof completion === 'string') return [{ text: completion, train: true }]
  if (Array.isArray(completion) && completion.every((part) => typeof part === 'object' && part !== null && typeof (part as Segment).text === 'string' && typeof (part as Segment).train === 'boolean')) return completion as Segment[]
  throw failure('RLP8009', `${place} has no text or segments in the field \`completion\``, completion === undefined ? hasInstead(row, 'completion') : 'a segment is `{ text, train }`')
}

/** What to do about a row without a field: its texts under other names. */
export function hasInstead(row: Row, field: 'prompt' | 'completion'): string {
  const fields = Object.keys(row).filter((name) => name !== field)
  if (Array.isArray(row['messages'])) return 'it has `messages`: write each conversation as the text of a `prompt` and of a `completion`, with the marks of the chat template of the model'
  const text = fields.find((name) => typeof row[name] === 'string' && name !== 'prompt' && name !== 'completion')
  if (text === undefined) return `it has ${fields.length === 0 ? 'no fields' : fields.map((name) => `\`${name}\``).join(', ')}; every row needs a \`${field}\``
  return `it has ${fields.map((name) => `\`${name}\``).join(', ')}; \`rewritten(…, ${field} = "{${text}}")\` of \`std/data\` gives a text another name`
}
