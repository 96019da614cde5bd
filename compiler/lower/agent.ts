// The stages that train or ask an agent → their programs: one update of the critics, one of actor and temperature, and acting.
// The formulas are the functions of the stage; the networks are in `../model/agent.ts`.

import type { Graph } from '../../spec/graph/graph.js'
import { momentNames, weightsOfPart, type PARTS } from '../../spec/plan/agents.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { adamw } from '../graph/composites.js'
import { gradient } from '../graph/gradient.js'
import { simplify } from '../graph/simplify.js'
import { Networks } from '../model/agent.js'
import { Evaluator } from './evaluate.js'
import { flopsOf } from './flops.js'
import { Levels } from './levels.js'
import { call } from './objective.js'
import type { Attributes } from '../elaborate/attributes.js'
import type { TensorTerm, Term } from './terms.js'
import type { LoweredStage, LoweringContext, StageToLower } from './types.js'

/** Adam's constants, as PyTorch and Optax have them. */
const ADAM = { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0 } as const

/** `act` of every kind, and of those that learn `critic_update` and `actor_update` (spec/plan/README.md). */
export function lowerAgent(stage: StageToLower, read: Attributes, model: ModelPlan, context: LoweringContext): LoweredStage {
  const act = actProgram(model)
  if (stage.kind.levels.length === 0) return { programs: { act }, written: {}, estimate: {}, diagnostics: [] }
  const update = new Update(stage, read, model, context)
  const critic = update.critic()
  const actor = update.actor()
  const { diagnostics } = update
  if (!critic || !actor || diagnostics.length > 0) return { programs: {}, written: {}, estimate: {}, diagnostics }
  const [length, ratio] = [read.number('length', 0), read.number('update.ratio', 1)]
  const online = read.unit('length') === 'transitions'
  const flops = length * (ratio * flopsOf(critic, {}) + flopsOf(actor, {}) + (online ? flopsOf(act, { N: 1 }) : 0))
  const batch = `${update.batch} transitions = 1 update${online ? `, ${ratio} of the critics for each transition` : ''}`
  const written = { critic_update: critic, actor_update: actor }
  return { programs: { ...written, act }, written, estimate: { steps: length, flops, batch }, diagnostics }
}

/** Feeds observation [N,O] and standard normal noise [N,A]; fetches action [N,A], drawn, and mode [N,A], the squashed mean. */
function actProgram(model: ModelPlan): Graph {
  const b = new GraphBuilder('act')
  const networks = new Networks(b, model)
  const [observation, noise] = [b.input('observation', 'f32', ['N', size(model, 'observations')]), b.input('noise', 'f32', ['N', size(model, 'actions')])]
  b.fetch('action', networks.draw(observation, noise).action)
  b.fetch('mode', b.tanh(networks.actor(observation).mean))
  return simplify(b.build())
}

class Update {
  readonly diagnostics: LoweredStage['diagnostics'][number][] = []
  readonly batch: number

  constructor(
    private readonly stage: StageToLower,
    private readonly read: Attributes,
    private readonly model: ModelPlan,
    private readonly context: LoweringContext,
  ) {
    this.batch = read.number('batch', read.number('update.batch', 256))
  }

  /**
   * Feeds observation, next [N,O], action [N,A], reward, done, return_to_go [N], subset i32 [S], next_noise [N·K,A], and for a penalty that reads sampled values policy_noise and
   * random_actions (half of the sampled actions of each row each); one update of the critics, then of their targets. Fetches critic_loss, value and target (means).
   */
  critic(): Graph | undefined {
    const { model, read, batch: N } = this
    const b = new GraphBuilder('critic_update')
    const networks = new Networks(b, model)
    const [O, A, C] = [size(model, 'observations'), size(model, 'actions'), size(model, 'critics')]
    const feed = (name: string, shape: readonly number[]): Value => b.input(name, 'f32', shape)
    const [observation, next, action] = [feed('observation', [N, O]), feed('next', [N, O]), feed('action', [N, A])]

    const [S, K] = [Math.min(C, read.number('learning.subset', 2)), read.number('learning.next_actions', 1)]
    const nexts = repeated(b, next, K)
    const followed = networks.values('target', nexts, networks.draw(nexts, feed('next_noise', [N * K, A])).action)
    const best = b.reduceMax(b.reshape(followed, [C, N, K]), 2)
    const nextValue = b.transpose(b.gather(best, b.input('subset', 'i32', [S])), [1, 0])
    const target = this.evaluate(b, { transition: N, critic: S }, 'target', 'transition', { reward: [feed('reward', [N]), 'transition'], done: [feed('done', [N]), 'transition'], next_value: [nextValue, 'critic'], discount: [b.constant(read.number('learning.discount', 0.99)), 'batch'] })

    const value = b.transpose(networks.values('critic', observation, action), [1, 0])
    const R = read.number('sampled_actions', 10)
    const axes = { transition: N, critic: C, action: R }
    const penalty = this.evaluate(b, axes, 'penalty', 'critic', { sampled: [this.sampled(b, networks, observation, R), 'action'], data: [value, 'critic'], reference: [feed('return_to_go', [N]), 'transition'] })
    const loss = target && penalty && this.evaluate(b, axes, 'critic_loss', 'batch', { value: [value, 'critic'], target: [b.stopGradient(target), 'transition'], penalty: [penalty, 'critic'] })
    if (!loss || !target) return undefined
    const fresh = this.adam(b, networks, 'critic', loss, 'rates.critic')
    const share = read.number('learning.polyak', 5e-3)
    for (const [name, w] of fresh) {
      const follower = networks.weight(name.replace('critic.', 'target.'))
      b.assign(follower, b.add(b.mul(follower, 1 - share), b.mul(w, share)))
    }
    b.fetch('critic_loss', loss)
    b.fetch('value', b.mean(value))
    b.fetch('target', b.mean(target))
    return simplify(b.build())
  }

  /** Values of sampled actions, [N,C,R]: half of the actions by the actor, the others anywhere. */
  private sampled(b: GraphBuilder, networks: Networks, observation: Value, R: number): Value {
    const [N, A, C] = [this.batch, size(this.model, 'actions'), size(this.model, 'critics')]
    const own = Math.ceil(R / 2)
    const valued = (count: number, action: (rows: Value) => Value): Value => {
      const rows = repeated(b, observation, count)
      return b.reshape(networks.values('critic', rows, action(rows)), [C, N, count])
    }
    const drawn = valued(own, (rows) => networks.draw(rows, b.input('policy_noise', 'f32', [N * own, A])).action)
    const parts = R > own ? [drawn, valued(R - own, () => b.input('random_actions', 'f32', [N * (R - own), A]))] : [drawn]
    return b.transpose(b.concat(parts, 2), [1, 0, 2])
  }

  /** Feeds observation [N,O] and noise [N,A]; one update of the actor and one of the temperature. Fetches actor_loss, temperature and entropy (of the drawn actions). */
  actor(): Graph | undefined {
    const { model, read, batch: N } = this
    const b = new GraphBuilder('actor_update')
    const networks = new Networks(b, model)
    const observation = b.input('observation', 'f32', [N, size(model, 'observations')])
    const { action, logp } = networks.draw(observation, b.input('noise', 'f32', [N, size(model, 'actions')]))
    const value = b.transpose(networks.values('critic', observation, action), [1, 0])
    const axes = { transition: N, critic: size(model, 'critics') }
    const { temperature } = networks
    const loss = this.evaluate(b, axes, 'actor_loss', 'batch', { value: [value, 'critic'], logp: [logp, 'transition'], temperature: [temperature, 'batch'] })
    const wanted = b.constant(read.number('learning.target_entropy', 0))
    const balance = this.evaluate(b, axes, 'temperature_loss', 'batch', { temperature: [temperature, 'batch'], logp: [b.stopGradient(logp), 'transition'], target_entropy: [wanted, 'batch'] })
    if (!loss || !balance) return undefined
    this.adam(b, networks, 'actor', loss, 'rates.actor')
    this.adam(b, networks, 'temperature', balance, 'rates.temperature')
    b.fetch('actor_loss', loss)
    b.fetch('temperature', temperature)
    b.fetch('entropy', b.neg(b.mean(logp)))
    return simplify(b.build())
  }

  /** A function of the stage, with the sizes of the levels; reports what does not fit. */
  private evaluate(b: GraphBuilder, axes: Readonly<Record<string, number>>, path: string, result: string, provided: Readonly<Record<string, readonly [Value, level: string]>>): Value | undefined {
    const closure = this.read.closure(path)
    if (!closure) return undefined
    const levels = new Levels(this.stage.kind.levels, { action: 1, ...axes })
    const terms = Object.entries(provided).map(([name, [value, level]]): [string, Term] => [name, { type: 'tensor', value, depth: levels.depthOf(level) ?? 0 } satisfies TensorTerm])
    const every = b.lt(0, b.broadcastTo(b.constant(1), levels.shapeAt(levels.innermost)))
    const evaluator = new Evaluator(b, levels, new Map([[levels.innermost, every]]), this.context)
    const found = call(evaluator, { ...closure, span: this.stage.spanOf(path) ?? this.stage.span }, new Map(terms), Object.keys(provided), levels.depthOf(result) ?? 0)
    this.diagnostics.push(...evaluator.diagnostics)
    return found?.value
  }

  /** One step of Adam on the weights of a part; feeds bias1 and bias2 []. Its new weights by name. */
  private adam(b: GraphBuilder, networks: Networks, part: (typeof PARTS)[number], loss: Value, rate: string): readonly (readonly [name: string, weight: Value])[] {
    const weights = weightsOfPart(this.model, part)
    const slopes = gradient(b, [loss], [b.constant(1)], weights.map(({ name }) => networks.weight(name)))
    const step = { lr: b.constant(this.read.number(rate, 0)), clipScale: b.constant(1), bias1: b.input('bias1', 'f32', []), bias2: b.input('bias2', 'f32', []) }
    return weights.map(({ name }, i) => {
      const [m, v] = momentNames(name).map((moment) => networks.weight(moment)) as [Value, Value]
      const next = adamw(b, networks.weight(name), slopes[i] as Value, m, v, step, ADAM)
      b.assign(networks.weight(name), next.w)
      b.assign(m, next.m)
      b.assign(v, next.v)
      return [name, next.w] as const
    })
  }
}

const size = ({ config }: ModelPlan, name: string): number => Number(config[name])

/** Each row of x [N,D] `count` times, [N·count,D]. */
function repeated(b: GraphBuilder, x: Value, count: number): Value {
  const [rows, width] = x.shape as [number, number]
  return count === 1 ? x : b.reshape(b.broadcastAlong(x, [rows, count, width], [0, 2]), [rows * count, width])
}
