// A reward model on an executor: scores of texts, one for each.
// How it is trained is in `reward-model.ts`; who asks it, in `judges.ts`.

import { failure } from '../../codes.js'
import type { Completion } from '../../host.js'
import { frameExample } from '../../tokenizer/framing.js'
import type { Graph } from '../../../spec/graph/graph.js'
import type { Executor } from '../../executors/executor.js'
import { SCORED } from './batching.js'
import { textExamples } from './examples.js'
import { Model } from './model.js'
import type { PolicyWeights, Reader } from './policy.js'

export class Scorer {
  private constructor(
    private readonly model: Model,
    readonly reader: Reader,
  ) {}

  static async open(executor: Executor, at: PolicyWeights, graphs: Readonly<Record<string, Graph>>): Promise<Scorer> {
    return new Scorer(await Model.open(executor, at, graphs), { tokenizer: at.tokenizer, context: Number(at.model.config['max_position_embeddings']) })
  }

  /** Of prompts and completions together, framed. */
  async scores(texts: readonly ArrayLike<number>[]): Promise<number[]> {
    const { tokenizer } = this.reader
    if (texts.length === 0) return []
    const examples = textExamples(texts, this.model.cutting(Math.min(SCORED, texts.length), tokenizer.pad))
    const { score } = await this.model.score(examples, [...texts.keys()], 1)
    return [...(score?.values ?? [])]
  }

  /** A prompt and what a policy wrote after it; without an end token where it was cut off. Errors: RLP8004, RLP8005. */
  framed(prompt: string, { text, finished }: Pick<Completion, 'text' | 'finished'>): Int32Array {
    const { tokenizer, context } = this.reader
    const place = 'a completion that a reward model reads'
    const { tokens } = frameExample(tokenizer, { prompt, completion: text }, place)
    const read = finished ? tokens : tokens.subarray(0, -1)
    if (read.length > context) throw failure('RLP8004', `${place} has ${read.length} tokens with its prompt, the reward model takes ${context}`, 'start the reward model from a policy with more `context`, or write less')
    return read
  }

  close(): void {
    this.model.close()
  }
}
