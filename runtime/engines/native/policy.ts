// A language model on an executor: beside what every model has, its tokenizer, context and key/value caches.
// Training is in `trainer.ts`, sampling in `rollout.ts`.

import type { Graph } from '../../../spec/graph/graph.js'
import type { Executor } from '../../executors/executor.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { Grid, LayoutOptions } from './batching.js'
import { Caches } from './cache.js'
import type { Examples } from './examples.js'
import { Model, type ModelWeights } from './model.js'
import type { Programs } from './programs.js'

/** A policy at rest, as a stage takes and leaves it. */
export interface PolicyWeights extends ModelWeights {
  readonly tokenizer: Tokenizer
}

/** What reads texts as a policy does; needs no weights. */
export interface Reader {
  readonly tokenizer: Tokenizer
  /** Longest sequence in tokens. */
  readonly context: number
}

export class Policy extends Model implements Reader {
  private readonly cachesBySize = new Map<string, Caches>()
  private knownEnds: ReadonlySet<number> | undefined

  private constructor(
    override readonly at: PolicyWeights,
    programs: Programs,
  ) {
    super(at, programs)
  }

  /** Put a policy into a session of its own. */
  static override async open(executor: Executor, at: PolicyWeights, graphs: Readonly<Record<string, Graph>>): Promise<Policy> {
    return new Policy(at, await Model.programs(executor, at, graphs))
  }

  get tokenizer(): Tokenizer {
    return this.at.tokenizer
  }

  /** Longest sequence in tokens. */
  get context(): number {
    return Number(this.at.model.config['max_position_embeddings'])
  }

  /** Tokens that end a completion: that of the tokenizer, and those of the model's generation config. */
  get ends(): ReadonlySet<number> {
    return (this.knownEnds ??= new Set([this.tokenizer.eos, ...[this.at.model.config['eos_token_id'] ?? []].flat().map(Number)]))
  }

  get vocabulary(): number {
    return Number(this.at.model.config['vocab_size'])
  }

  /** How micro-batches of this policy's sequences are cut when at most `most` are there. */
  layout(most: number, packed?: number): LayoutOptions {
    return { ...this.cutting(most, this.tokenizer.pad), ...(packed === undefined ? {} : { packed }) }
  }

  /** Log-probability and entropy at every position of the chosen examples. */
  override async score(examples: Examples, chosen: readonly number[], temperature: number): Promise<{ logp: Grid; entropy: Grid }> {
    const { logp, entropy } = await super.score(examples, chosen, temperature)
    return { logp: logp as Grid, entropy: entropy as Grid }
  }

  /** Key/value caches of `rows` rows of `length` positions, for each of the groups that are decoded side by side; kept for the next rollout. */
  caches(rows: number, length: number, group = 0): Caches {
    const key = `${rows}x${length}.${group}`
    const caches = this.cachesBySize.get(key) ?? Caches.declare(this.programs, rows, length, key)
    this.cachesBySize.set(key, caches)
    return caches
  }
}
