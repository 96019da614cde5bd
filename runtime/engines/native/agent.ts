// An agent on an executor: its networks, the updates of its critics and its actor, acting, and how often it reaches the goal.
// What an update computes is in the stage's programs; where batches come from is the stage's.

import { UPDATES, weightsOfPart } from '../../../spec/plan/agents.js'
import type { StagePlan } from '../../../spec/plan/plan.js'
import { freshWeights } from '../../checkpoint/initialise.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import { failure } from '../../codes.js'
import type { TensorData } from '../../executors/executor.js'
import { below, normal, randomKey, threefry, uniform, type RandomKey } from '../../random.js'
import { environments, type Environment } from '../../tasks/environments.js'
import { number } from './attributes.js'
import { Model, type ModelWeights } from './model.js'
import { graphsOf } from './programs.js'
import type { StageRun } from './stage.js'
import { feedsOf, rewardsOf, type Rewards, type Sizes } from './transitions.js'

/** Episodes by which success is measured, all at once. */
export const EPISODES = 100
const BETAS = [0.9, 0.999] as const

export interface CriticMetrics {
  readonly critic_loss: number
  /** Means over the batch: values of its actions, and what they are pulled to. */
  readonly value: number
  readonly target: number
}

export interface ActorMetrics {
  readonly actor_loss: number
  readonly temperature: number
  /** Of the actions that were drawn, in nats. */
  readonly entropy: number
}

export class Agent {
  readonly sizes: Sizes
  readonly environment: Environment
  readonly rewards: Rewards
  private readonly key: RandomKey
  /** Updates of actor and temperature, and of the critics, in all stages. */
  private updates: [actor: number, critic: number]

  private constructor(
    private readonly model: Model,
    private readonly stage: StagePlan,
  ) {
    const { config } = model.at.model
    this.sizes = { observations: Number(config['observations']), actions: Number(config['actions']) }
    this.environment = environments[String(config['environment'])] as Environment
    this.rewards = rewardsOf(stage)
    this.key = randomKey(stage.seed, stage.fingerprint, 'agent')
    const found = model.at.weights.find(({ name }) => name === UPDATES)?.data
    this.updates = [Number(found?.[0] ?? 0), Number(found?.[1] ?? 0)]
  }

  static async open(run: StageRun, at: ModelWeights): Promise<Agent> {
    return new Agent(await Model.open(run.executor, at, graphsOf(run.plan, run.stage)), run.stage)
  }

  /** One update of the critics; the numbers that it draws are those of `step`. Errors: RLP8003 when the loss is not finite. */
  async updateCritics(rows: readonly ArrayLike<number>[], step: number): Promise<CriticMetrics> {
    const { programs } = this.model
    const [N, A] = [rows.length, this.sizes.actions]
    const critics = Number(this.model.at.model.config['critics'])
    const next = number(this.stage, 'learning.next_actions')
    const sampled = 'sampled_actions' in this.stage.attributes ? number(this.stage, 'sampled_actions') : 10
    const own = Math.ceil(sampled / 2)
    const wanted = programs.feeds('critic_update')
    const feeds: Record<string, TensorData> = { ...feedsOf(rows, this.sizes), next_noise: this.noise('next', step, N * next * A), ...this.bias(1), subset: this.subset(Math.min(critics, number(this.stage, 'learning.subset')), critics, step) }
    if (wanted.has('policy_noise')) feeds['policy_noise'] = this.noise('policy', step, N * own * A)
    if (wanted.has('random_actions')) feeds['random_actions'] = this.anywhere(step, N * (sampled - own) * A)
    const found = await programs.run('critic_update', {}, feeds)
    this.updates[1]++
    return { critic_loss: this.finite(found['critic_loss']?.[0], step), value: Number(found['value']?.[0]), target: Number(found['target']?.[0]) }
  }

  /** One update of actor and temperature, likewise. */
  async updateActor(rows: readonly ArrayLike<number>[], step: number): Promise<ActorMetrics> {
    const { observation } = feedsOf(rows, this.sizes)
    const found = await this.model.programs.run('actor_update', {}, { observation: observation as Float32Array, noise: this.noise('actor', step, rows.length * this.sizes.actions), ...this.bias(0) })
    this.updates[0]++
    return { actor_loss: this.finite(found['actor_loss']?.[0], step), temperature: Number(found['temperature']?.[0]), entropy: Number(found['entropy']?.[0]) }
  }

  /** An action for each observation: drawn for `step`, or the best it knows. */
  async act(observations: readonly (readonly number[])[], step: number | 'best'): Promise<readonly (readonly number[])[]> {
    const { actions } = this.sizes
    const noise = step === 'best' ? new Float32Array(observations.length * actions) : this.noise('act', step, observations.length * actions)
    const found = await this.model.programs.run('act', { N: observations.length }, { observation: Float32Array.from(observations.flat()), noise })
    const values = found[step === 'best' ? 'mode' : 'action'] ?? []
    return observations.map((_, i) => Array.from({ length: actions }, (_, j) => Number(values[i * actions + j])))
  }

  /** Share of episodes that reach the goal when it does the best it knows; they begin alike whenever it is asked. */
  async success(): Promise<number> {
    const { environment } = this
    let live = Array.from({ length: EPISODES }, (_, i) => environment.begin(randomKey(this.stage.seed, 'success', String(i))))
    let reached = 0
    for (let step = 0; step < environment.most && live.length > 0; step++) {
      const actions = await this.act(live.map((state) => environment.observe(state)), 'best')
      const after = live.map((state, i) => environment.step(state, actions[i] as readonly number[]))
      reached += after.filter(({ done }) => done).length
      live = after.filter(({ done }) => !done).map(({ state }) => state)
    }
    return reached / EPISODES
  }

  async state(): Promise<StoredTensor[]> {
    const { session } = this.model.programs
    const { weights } = this.model.at.model
    return Promise.all(weights.map(async ({ name, shape }) => ({ name: `w/${name}`, shape, data: name === UPDATES ? Float32Array.from(this.updates) : ((await session.read(`w/${name}`)) as StoredTensor['data']) })))
  }

  restore(state: ReadonlyMap<string, StoredTensor>): void {
    for (const [name, { data }] of state) if (name.startsWith('w/')) this.model.programs.session.write(name, data)
    const found = state.get(`w/${UPDATES}`)?.data
    this.updates = [Number(found?.[0] ?? 0), Number(found?.[1] ?? 0)]
  }

  /** All that a later stage goes on from. */
  async handedOver(): Promise<{ at: ModelWeights; weights: readonly StoredTensor[] }> {
    const weights = (await this.state()).map((tensor) => ({ ...tensor, name: tensor.name.slice('w/'.length), data: Float32Array.from(tensor.data as ArrayLike<number>) }))
    return { at: this.model.at, weights }
  }

  close(): void {
    this.model.close()
  }

  private bias(which: 0 | 1): Record<'bias1' | 'bias2', TensorData> {
    const t = this.updates[which] + 1
    return { bias1: Float64Array.of(1 - BETAS[0] ** t), bias2: Float64Array.of(1 - BETAS[1] ** t) }
  }

  private noise(purpose: string, step: number, count: number): Float32Array {
    const key = this.drawnFor(purpose)
    return Float32Array.from({ length: count }, (_, i) => normal(key, step, i))
  }

  private anywhere(step: number, count: number): Float32Array {
    const key = this.drawnFor('anywhere')
    return Float32Array.from({ length: count }, (_, i) => 2 * uniform(key, step, i) - 1)
  }

  /** `count` of the critics, each at most once. */
  private subset(count: number, critics: number, step: number): Int32Array {
    const key = this.drawnFor('subset')
    const left = Array.from({ length: critics }, (_, i) => i)
    return Int32Array.from({ length: count }, (_, i) => left.splice(below(key, left.length, step, i), 1)[0] as number)
  }

  private readonly keys = new Map<string, RandomKey>()

  private drawnFor(purpose: string): RandomKey {
    const known = this.keys.get(purpose) ?? { key0: this.key.key0, key1: randomKey(0, String(this.key.key1), purpose).key1 }
    this.keys.set(purpose, known)
    return known
  }

  private finite(value: number | undefined, step: number): number {
    if (Number.isFinite(value)) return value as number
    throw failure('RLP8003', `a loss is ${value} in update ${step + 1} of ${this.stage.address}`, 'lower the `rates`, or look at the rewards')
  }
}

/** An agent of which some parts begin anew, drawn for the stage; `optimisers` are the moments of all. */
export function anew(at: ModelWeights, stage: StagePlan, parts: ReadonlySet<string>): ModelWeights {
  const { model } = at
  const [seed] = threefry(randomKey(stage.seed, stage.fingerprint, 'fresh'), 0, 0)
  const fresh = new Map(freshWeights(model, seed).map((tensor) => [tensor.name, tensor]))
  // Targets begin as the critics that they follow.
  for (const { name, shape } of weightsOfPart(model, 'critic')) fresh.set(name.replace('critic.', 'target.'), { name: name.replace('critic.', 'target.'), shape, data: (fresh.get(name) as StoredTensor).data })
  fresh.set('temperature.log', { name: 'temperature.log', shape: [1], data: Float32Array.of(Math.log(Number(model.config['first_temperature']))) })
  const groups: Readonly<Record<string, readonly string[]>> = { actor: ['actor.'], critics: ['critic.', 'target.'], temperature: ['temperature.'], optimisers: ['adam.'] }
  const begins = [...parts].flatMap((part) => groups[part] ?? [])
  return { ...at, weights: at.weights.map((tensor) => (begins.some((prefix) => tensor.name.startsWith(prefix)) ? (fresh.get(tensor.name) as StoredTensor) : tensor)) }
}

/** Every part of an agent. */
export const EVERY_PART: ReadonlySet<string> = new Set(['actor', 'critics', 'temperature', 'optimisers'])
