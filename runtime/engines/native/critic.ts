// The critic of a stage: a model of the policy's form with a number at every token, its values of a batch, and its trainer.
// Which advantage and target a value gives is the program `estimate`.

import type { Graph } from '../../../spec/graph/graph.js'
import { freshWeights } from '../../checkpoint/initialise.js'
import { randomKey, threefry } from '../../random.js'
import { grid, rowsOf, type Grid } from './batching.js'
import type { Examples } from './examples.js'
import { Model, type ModelWeights } from './model.js'
import type { PolicyWeights } from './policy.js'
import { criticGraphs, inputs, Programs } from './programs.js'
import type { StageRun } from './stage.js'
import { Trainer } from './trainer.js'
import { reference } from '../../executors/reference/reference.js'

export class Critic {
  private constructor(
    private readonly model: Model,
    private readonly estimate: Programs,
    readonly trainer: Trainer,
  ) {}

  /** With the body of `from`, and its head where it is a reward model, else a fresh one. */
  static async open(run: StageRun, from: PolicyWeights, graphs: Readonly<Record<string, Graph>>, steps: number): Promise<Critic> {
    const { stage, executor } = run
    const own = criticGraphs(graphs)
    const model = await Model.open(executor, withHead(run, from, own['score'] as Graph), own)
    const trainer = new Trainer(model, stage, steps, { output: 'value', optimizer: 'critic_optimizer' })
    return new Critic(model, new Programs(await reference.open(), { estimate: graphs['estimate'] as Graph }), trainer)
  }

  /** What advantages are made of, beside the critic's values. */
  static reads(graphs: Readonly<Record<string, Graph>>): ReadonlySet<string> {
    return new Set(inputs(graphs['estimate'] as Graph, 'feed').map(({ attributes }) => String(attributes['name'])))
  }

  /** What it expects at every token of a batch, and what that makes of the rewards that came. `logp`: of who wrote the batch, and of the reference where it is read. */
  async judge(examples: Examples, reward: Float64Array, logp: { readonly old: Grid; readonly ref: Grid | undefined }): Promise<{ values: Grid; advantage: Grid; target: Grid }> {
    const { count, width, mask } = examples
    const values = (await this.model.score(examples, [...Array(count).keys()], 1))['value'] ?? grid(count, width)
    const of = (known: Grid): Float32Array => rowsOf(known, [...Array(count).keys()], width).values
    const found = await this.estimate.run('estimate', { N: count, T: width }, { mask: mask.values, value: values.values, old_logp: of(logp.old), ...(logp.ref ? { ref_logp: of(logp.ref) } : {}), reward })
    const gridOf = (name: string): Grid => ({ samples: count, width, values: Float32Array.from(found[name] ?? []) })
    return { values, advantage: gridOf('advantage'), target: gridOf('target') }
  }

  close(): void {
    this.model.close()
  }
}

/** The weights of a policy that the critic's programs name, and a head drawn for the stage. */
function withHead(run: StageRun, from: PolicyWeights, score: Graph): ModelWeights {
  const body = new Map(from.weights.map((tensor) => [`w/${tensor.name}`, tensor]))
  const [seed] = threefry(randomKey(run.stage.seed, run.stage.fingerprint, 'critic'), 0, 0)
  const std = from.model.weights.find(({ init }) => init === 'normal')?.std ?? 0.02
  const plans: ModelWeights['model']['weights'][number][] = []
  const weights = inputs(score, 'state').map(({ attributes, type }) => {
    const state = String(attributes['name'])
    const known = body.get(state)
    const name = state.slice('w/'.length)
    const plan = from.model.weights.find((weight) => weight.name === name) ?? { name, shape: type.shape.map(Number), init: 'normal' as const, std, decay: true }
    plans.push(plan)
    return known ?? (freshWeights({ ...from.model, weights: [plan] }, seed)[0] as NonNullable<typeof known>)
  })
  return { model: { ...from.model, weights: plans }, weights }
}
