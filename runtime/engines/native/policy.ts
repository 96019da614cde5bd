// A policy on an executor: its weights in a session, the log-probabilities it gives, and the programs that run beside it.
// Training is in `trainer.ts`, sampling in `rollout.ts`.

import type { Graph } from '../../../spec/graph/graph.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import type { Executor } from '../../executors/executor.js'
import type { Sequence } from '../../tokenizer/framing.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { microBatches, microRows, put, grid, type Grid, type LayoutOptions } from './batching.js'
import { Caches } from './cache.js'
import { Programs } from './programs.js'

/** A policy at rest, as a stage takes and leaves it. */
export interface PolicyWeights {
  readonly model: ModelPlan
  readonly tokenizer: Tokenizer
  readonly weights: readonly StoredTensor[]
  /** Folder that the model was first loaded from, if any: its tokenizer files go along. */
  readonly source?: string
}

export class Policy {
  private readonly cachesBySize = new Map<string, Caches>()

  private constructor(
    readonly at: PolicyWeights,
    readonly programs: Programs,
  ) {}

  /** Put a policy into a session of its own. */
  static async open(executor: Executor, at: PolicyWeights, graphs: Readonly<Record<string, Graph>>): Promise<Policy> {
    const session = await executor.open()
    for (const { name, shape, data } of at.weights) {
      session.declare(`w/${name}`, 'f32', shape)
      session.write(`w/${name}`, data)
    }
    return new Policy(at, new Programs(session, graphs))
  }

  get model(): ModelPlan {
    return this.at.model
  }

  get tokenizer(): Tokenizer {
    return this.at.tokenizer
  }

  /** Longest sequence in tokens. */
  get context(): number {
    return Number(this.model.config['max_position_embeddings'])
  }

  get vocabulary(): number {
    return Number(this.model.config['vocab_size'])
  }

  /** How micro-batches of this policy's sequences are cut when at most `most` are there. */
  layout(most: number, packed?: number): LayoutOptions {
    return { rows: microRows(packed ?? this.context, most), pad: this.tokenizer.pad, ...(packed === undefined ? {} : { packed }) }
  }

  /** Log-probability and entropy at every position of the chosen samples; `width` columns. */
  async score(sequences: readonly Sequence[], chosen: readonly number[], width: number, temperature: number, layout: LayoutOptions): Promise<{ logp: Grid; entropy: Grid }> {
    const scores = { logp: grid(sequences.length, width), entropy: grid(sequences.length, width) }
    for (const batch of microBatches(sequences, chosen, layout)) {
      const found = await this.programs.run('score', { B: batch.rows, T: batch.width }, { ...batch.feeds, temperature: Float32Array.of(temperature) })
      if (found['logp']) put(scores.logp, batch, found['logp'])
      if (found['entropy']) put(scores.entropy, batch, found['entropy'])
    }
    return scores
  }

  /** Key/value caches of `rows` rows of `length` positions; kept for the next rollout. */
  caches(rows: number, length: number): Caches {
    const key = `${rows}x${length}`
    const caches = this.cachesBySize.get(key) ?? Caches.declare(this.programs, rows, length)
    this.cachesBySize.set(key, caches)
    return caches
  }

  /** The weights as they are now. */
  weights(): StoredTensor[] {
    return this.at.weights.map(({ name, shape }) => ({ name, shape, data: Float32Array.from(this.programs.session.read(`w/${name}`)) }))
  }

  close(): void {
    this.programs.session.close()
  }
}
