// Documents as one stream of tokens, each with its end token behind it, cut into rows of equal length.
// Where the stream stands is a small value that is saved with the run.

import { failure } from '../../codes.js'
import type { Sequence } from '../../tokenizer/framing.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { Course, CourseState, Drawn } from './course.js'
import type { Walk } from './loop.js'
import type { Metrics } from './stage.js'

export interface StreamState {
  readonly course: CourseState
  /** Tokens that were read and not given out; the first was the last target. */
  readonly rest: readonly number[]
}

/** Rows of `length` predictions: `length + 1` tokens, the first of which is the last of the row before. */
export class TokenStream implements Walk {
  private rest: number[] = []

  constructor(
    private readonly course: Course,
    private readonly tokenizer: Tokenizer,
    private readonly length: number,
  ) {}

  take(rows: number): Sequence[] {
    while (this.rest.length < rows * this.length + 1) for (const drawn of this.course.take(1)) this.rest.push(...documentTokens(this.tokenizer, drawn))
    const sequences = Array.from({ length: rows }, (_, row) => rowOf(this.rest.slice(row * this.length, (row + 1) * this.length + 1)))
    this.rest = this.rest.slice(rows * this.length)
    return sequences
  }

  get phaseName(): string | undefined {
    return this.course.phaseName
  }

  stepDone(metrics: Metrics): void {
    this.course.stepDone(metrics)
  }

  save(): StreamState {
    return { course: this.course.save(), rest: this.rest }
  }

  restore(state: unknown): void {
    const { course, rest } = state as StreamState
    this.course.restore(course)
    this.rest = [...rest]
  }
}

/** All documents, once: the last row may be shorter. */
export function streamedOnce(documents: readonly Drawn[], tokenizer: Tokenizer, length: number): Sequence[] {
  const tokens = documents.flatMap((drawn) => documentTokens(tokenizer, drawn))
  return Array.from({ length: Math.ceil((tokens.length - 1) / length) }, (_, row) => rowOf(tokens.slice(row * length, (row + 1) * length + 1)))
}

/** Every token is a target but the first, which the row before predicted. */
function rowOf(tokens: readonly number[]): Sequence {
  return { tokens: Int32Array.from(tokens), learned: new Uint8Array(tokens.length).fill(1, 1), prompt: 1 }
}

/** Tokens of a document, and its end. Errors: RLP8005, RLP8009. */
export function documentTokens(tokenizer: Tokenizer, { row, place }: Drawn): number[] {
  const { text } = row
  if (typeof text !== 'string') throw failure('RLP8009', `${place} has no text in the field \`text\``, 'every document has a `text`')
  return [...tokenizer.encode(text, place), tokenizer.eos]
}
