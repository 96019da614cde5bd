// A model on an executor: its weights in a session, the programs that run beside it, and the log-probabilities it gives.
// Any architecture; what only language models have is in `policy.ts`.

import type { Graph } from '../../../spec/graph/graph.js'
import { trainedWeights } from '../../../spec/plan/adapters.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import { runAll, type Executor, type Sizes } from '../../executors/executor.js'
import { FINE, grid, microRows, put, type Grid, type LayoutOptions } from './batching.js'
import type { Examples } from './examples.js'
import { Programs } from './programs.js'

/** A model at rest, as a stage takes and leaves it. */
export interface ModelWeights {
  readonly model: ModelPlan
  /** All of them, those under an adapter too. */
  readonly weights: readonly StoredTensor[]
  /** Folder that the model was first loaded from, if any: its tokenizer files go along. */
  readonly source?: string
}

export class Model {
  protected constructor(
    readonly at: ModelWeights,
    readonly programs: Programs,
  ) {}

  /** Put a model into a session of its own. */
  static async open(executor: Executor, at: ModelWeights, graphs: Readonly<Record<string, Graph>>): Promise<Model> {
    return new Model(at, await Model.programs(executor, at, graphs))
  }

  protected static async programs(executor: Executor, at: ModelWeights, graphs: Readonly<Record<string, Graph>>): Promise<Programs> {
    const session = await executor.open()
    for (const { name, shape, data } of at.weights) {
      session.declare(`w/${name}`, 'f32', shape)
      session.write(`w/${name}`, data)
    }
    return new Programs(session, graphs)
  }

  /** What its executor runs best. */
  get sizes(): Sizes {
    return this.programs.session.sizes ?? FINE
  }

  /** How micro-batches of sequences are cut when at most `most` are there; `pad` fills them up. */
  cutting(most: number, pad: number): LayoutOptions {
    return { rows: (width) => microRows(width, most, this.sizes), pad, sizes: this.sizes }
  }

  /** What `score` fetches (`logp`, `entropy`, …) for the chosen examples, as grids over all of them. */
  async score(examples: Examples, chosen: readonly number[], temperature: number): Promise<Record<string, Grid>> {
    const scores: Record<string, Grid> = {}
    const batches = examples.cut(chosen)
    const found = await runAll(this.programs.session, batches.map(({ sizes, feeds }) => this.programs.call('score', sizes, { ...feeds, temperature: Float32Array.of(temperature) })))
    batches.forEach((batch, i) => {
      for (const [name, values] of Object.entries(found[i] ?? {})) put((scores[name] ??= grid(examples.count, examples.width)), batch, values)
    })
    return scores
  }

  /** The weights as they are now; of a model with an adapter the adapter's, the others stand still. */
  async weights(): Promise<StoredTensor[]> {
    const weights: StoredTensor[] = []
    for (const { name, shape } of trainedWeights(this.at.model)) weights.push({ name, shape, data: Float32Array.from(await this.programs.session.read(`w/${name}`)) })
    return weights
  }

  close(): void {
    this.programs.session.close()
  }
}
