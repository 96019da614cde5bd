// One optimiser update of a model: weigh the tokens, accumulate the gradient in micro-batches, clip, apply.
// The same for every kind: what the loss is lies in the programs `weigh` and `measure`, where the data comes from is the stage's.

import type { StagePlan } from '../../../spec/plan/plan.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import { failure } from '../../codes.js'
import { reference } from '../../executors/reference/reference.js'
import { runAll, type Feeds, type TensorData } from '../../executors/executor.js'
import { randomKey, threefry } from '../../random.js'
import { attribute, number, optionalNumber } from './attributes.js'
import { grid, put, take, type Grid, type MicroBatch } from './batching.js'
import type { Examples } from './examples.js'
import type { Model } from './model.js'
import { declareStates, inputs, Programs } from './programs.js'

/** What one update learns from. */
export interface Batch {
  readonly examples: Examples
  /** Sizes of the levels: `{ N }` for samples, `{ G, N }` for groups of rollouts; their product is the number of examples. */
  readonly levels: Readonly<Record<string, number>>
  /** Grids that are already known, of as many columns as the examples have: `logp`, `old_logp`, `ref_logp`, `value`, `advantage`, … */
  readonly known: Readonly<Record<string, Grid>>
  /** Numbers for each sequence, or pair of them: `reward`, `by`. */
  readonly perSequence: Readonly<Record<string, TensorData>>
  readonly temperature: number
  /** Another objective on the same examples: its value, which is added to the loss, and what the gradient is fed for it. */
  readonly beside?: { readonly loss: number; readonly feeds: (micro: MicroBatch) => Feeds }
}

export interface UpdateMetrics {
  readonly loss: number
  readonly lr: number
  /** L2 norm of the whole gradient before clipping. */
  readonly grad_norm: number
  /** Mean entropy in nats of the learned tokens that went through the model; null when none did. */
  readonly entropy: number | null
  /** Tokens (or vectors) that went through the gradient, padding not counted. */
  readonly tokens: number
  /** Examples that were left out because nothing of theirs has a weight. */
  readonly skipped: number
}

/** What a trainer trains, and by which settings. */
export interface TrainerOptions {
  /** What the model says of each token or text, whose weights the objective gives. */
  readonly output: 'logp' | 'value' | 'score'
  /** Section of the stage with the optimiser's settings. */
  readonly optimizer: string
}

export class Trainer {
  /** Optimiser updates so far. */
  updates = 0
  private readonly schedule: Promise<Programs>

  /** `steps` is the length of the stage in updates, for the schedule of the learning rate. */
  constructor(
    readonly model: Model,
    private readonly stage: StagePlan,
    private readonly steps: number,
    private readonly options: TrainerOptions = { output: 'logp', optimizer: 'optimizer' },
  ) {
    for (const role of ['gradient', 'norm', 'apply']) declareStates(model.programs.session, model.programs.graph(role), {})
    this.schedule = reference.open().then((session) => new Programs(session, { lr: model.programs.graph('lr') }))
  }

  /** Make one update. Errors: RLP8003 when the loss or the gradient is not finite, RLP8011 when no token counts. */
  async update(batch: Batch): Promise<UpdateMetrics> {
    const { examples, temperature, beside } = batch
    const { count, width, mask } = examples
    const programs = this.model.programs
    if (!mask.values.includes(1)) throw failure('RLP8011', `step ${this.updates + 1} of ${this.stage.address} has no token to learn`, 'check the `train` flags of the completions')
    const all = Array.from({ length: count }, (_, sample) => sample)

    const wanted = programs.feeds('weigh')
    const lacks = (name: string) => wanted.has(name) && batch.known[name] === undefined
    const { output } = this.options
    const scored = lacks(output) || lacks('entropy') ? await this.model.score(examples, all, temperature) : undefined
    const grids: Record<string, Grid> = { ...scored, ...batch.known, mask }
    const sizes = { ...batch.levels, T: width }
    const weights = await programs.run('weigh', sizes, { ...valuesOf(grids), ...batch.perSequence })
    const slope = gridOf(weights[`d${output}`], count, width)
    const dentropy = weights['dentropy'] && gridOf(weights['dentropy'], count, width)
    const chosen = beside ? all : all.filter((sample) => weighs(slope, sample) || (dentropy !== undefined && weighs(dentropy, sample)))

    const fresh: Record<string, Grid> = {}
    const micros = examples.cut(chosen)
    const feedsOf = (micro: MicroBatch, i: number) => ({ ...this.dropoutKey(i), ...micro.feeds, ...beside?.feeds(micro), temperature: Float32Array.of(temperature), [`d${output}`]: take(slope, micro), ...(dentropy ? { dentropy: take(dentropy, micro) } : {}) })
    const found = await runAll(programs.session, micros.map((micro, i) => programs.call('gradient', micro.sizes, feedsOf(micro, i))))
    micros.forEach((micro, i) => {
      for (const [name, values] of Object.entries(found[i] ?? {})) put((fresh[name] ??= grid(count, width)), micro, values)
    })

    // Asked for together: neither needs the other, and some executors live in another process.
    const [measured, normed] = await Promise.all([
      weights['loss'] ? weights : programs.run('measure', sizes, { ...valuesOf({ ...fresh, ...grids }), ...batch.perSequence }),
      programs.run('norm', {}, {}),
    ])
    const loss = Number(measured['loss']?.[0]) + (beside?.loss ?? 0)
    const norm = Number(normed['norm']?.[0])
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw this.notFinite(loss, norm)
    const lr = await this.apply(norm)
    const entropy = scored?.['entropy'] ?? fresh['entropy']
    return {
      loss,
      lr,
      grad_norm: norm,
      entropy: entropy ? meanOver(entropy, mask, scored ? all : chosen) : null,
      tokens: examples.tokens(chosen),
      skipped: count - chosen.length,
    }
  }

  /** The optimiser's program on the accumulated gradient, clipped as `torch.nn.utils.clip_grad_norm_` does; returns the learning rate. */
  private async apply(norm: number): Promise<number> {
    const clip = optionalNumber(this.stage, `${this.options.optimizer}.clip_norm`)
    const clipScale = clip === undefined ? 1 : Math.min(1, clip / (norm + 1e-6))
    const schedule = await this.schedule
    const lr = Number((await schedule.run('lr', {}, { step: Float64Array.of(this.updates), steps: Float64Array.of(this.steps) }))['lr']?.[0])
    const t = ++this.updates
    const bias = (path: string) => Float64Array.of(1 - number(this.stage, `${this.options.optimizer}.${path}`) ** t)
    await this.model.programs.run('apply', {}, { lr: Float64Array.of(lr), clip_scale: Float64Array.of(clipScale), bias1: bias('beta1'), bias2: bias('beta2') })
    return lr
  }

  /** What decides which inputs of an adapter one micro-batch leaves out. */
  private dropoutKey(micro: number): Record<'dropout0' | 'dropout1', Uint32Array> {
    const [dropout0, dropout1] = threefry(randomKey(this.stage.seed, this.stage.fingerprint, 'dropout'), this.updates, micro)
    return { dropout0: Uint32Array.of(dropout0), dropout1: Uint32Array.of(dropout1) }
  }

  private notFinite(loss: number, norm: number): Error {
    const what = Number.isFinite(loss) ? `the norm of the gradient is ${norm}` : `the loss is ${loss}`
    return failure('RLP8003', `${what} in step ${this.updates + 1} of ${this.stage.address}`, `lower \`${this.options.optimizer}.lr\` (now ${JSON.stringify(attribute(this.stage, `${this.options.optimizer}.lr`))}), or look at the last samples of the run`)
  }

  /** Weights and moments in the executor's own precision, to continue from. The gradient is zero between updates. */
  async state(): Promise<StoredTensor[]> {
    const { session } = this.model.programs
    const state: StoredTensor[] = []
    // Gradient descent has one moment, AdamW two.
    const held = new Set(inputs(this.model.programs.graph('apply'), 'state').map(({ attributes }) => String(attributes['name'])))
    for (const kind of ['w', 'm', 'v']) {
      for (const { name, shape } of this.model.at.weights.filter((weight) => held.has(`${kind}/${weight.name}`))) state.push({ name: `${kind}/${name}`, shape, data: (await session.read(`${kind}/${name}`)) as StoredTensor['data'] })
    }
    return state
  }

  /** Continue from what `state` returned after so many updates. */
  restore(state: ReadonlyMap<string, StoredTensor>, updates: number): void {
    for (const [name, { data }] of state) this.model.programs.session.write(name, data)
    this.updates = updates
  }
}

function valuesOf(grids: Readonly<Record<string, Grid>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(grids).map(([name, { values }]) => [name, values]))
}

function gridOf(values: TensorData | undefined, samples: number, width: number): Grid {
  return { samples, width, values: Float32Array.from(values ?? []) }
}

function weighs({ values, width }: Grid, sample: number): boolean {
  for (let i = sample * width; i < (sample + 1) * width; i++) if (values[i] !== 0) return true
  return false
}

/** Mean over the positions of the chosen samples where the mask is set; null when there are none. */
export function meanOver({ values, width }: Grid, mask: Grid, chosen: readonly number[]): number | null {
  let sum = 0
  let count = 0
  for (const sample of chosen) {
    for (let i = sample * width; i < (sample + 1) * width; i++) {
      if (mask.values[i] !== 1) continue
      sum += values[i] as number
      count++
    }
  }
  return count === 0 ? null : sum / count
}
