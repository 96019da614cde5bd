// The networks of an agent: an actor (a Gaussian squashed by tanh, arXiv 1801.01290), an ensemble of critics and their targets. Hidden layers are linear,
// normalised where the agent says so (arXiv 1607.06450), and cut at 0.
// Does not know how they are trained: that is `compiler/lower/agent.ts`.

import type { Dim } from '../../spec/graph/graph.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import type { GraphBuilder, Value } from '../graph/builder.js'

/** As in SAC: standard deviations stay within exp(-20) and exp(2). */
const LOG_STD = [-20, 2] as const
const NORM_EPS = 1e-6

export class Networks {
  private readonly shapes: ReadonlyMap<string, readonly number[]>

  constructor(
    private readonly b: GraphBuilder,
    private readonly model: ModelPlan,
  ) {
    this.shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]))
  }

  weight(name: string): Value {
    const shape = this.shapes.get(name)
    if (!shape) throw new Error(`model plan: no weight "${name}"`)
    return this.b.input(`w/${name}`, 'f32', shape, 'state')
  }

  get temperature(): Value {
    return this.b.exp(this.b.reshape(this.weight('temperature.log'), []))
  }

  /** observation [M,O] → mean and logarithm of the deviation, before the squashing, [M,A]. */
  actor(observation: Value): { readonly mean: Value; readonly logStd: Value } {
    const { b } = this
    const x = this.sizes('actor_hidden').reduce<Value>((h, _, i) => b.relu(this.normed(`actor.norms.${i}`, this.linear(`actor.layers.${i}`, h))), observation)
    return { mean: this.linear('actor.mean', x), logStd: b.clamp(this.linear('actor.log_std', x), ...LOG_STD) }
  }

  /** An action of each row by standard normal `noise` [M,A], and its log-probability [M]. */
  draw(observation: Value, noise: Value): { readonly action: Value; readonly logp: Value } {
    const { b } = this
    const { mean, logStd } = this.actor(observation)
    const raw = b.add(mean, b.mul(b.exp(logStd), noise))
    const gaussian = b.sub(b.mul(-0.5, b.square(noise)), b.add(logStd, 0.5 * Math.log(2 * Math.PI)))
    // log(1 - tanh(x)²) without cancellation.
    const squashed = b.mul(2, b.sub(b.sub(Math.log(2), raw), b.softplus(b.mul(-2, raw))))
    return { action: b.tanh(raw), logp: b.reduceSum(b.sub(gaussian, squashed), 1) }
  }

  /** observation [M,O] and action [M,A] → the value of each critic, [C,M]. */
  values(part: 'critic' | 'target', observation: Value, action: Value): Value {
    const { b } = this
    const input = b.concat([observation, action], 1)
    const [rows, size] = input.shape as [Dim, Dim]
    const critics = Number(this.model.config['critics'])
    const x = this.sizes('critic_hidden').reduce<Value>((h, _, i) => b.relu(this.normed(`${part}.norms.${i}`, this.linear(`${part}.layers.${i}`, h))), b.broadcastAlong(input, [critics, rows, size], [1, 2]))
    return b.squeeze(this.linear(`${part}.value`, x), 2)
  }

  private sizes(name: string): readonly unknown[] {
    return this.model.config[name] as readonly unknown[]
  }

  /** x [M,in] by [out,in], or x [C,M,in] by [C,out,in]. */
  private linear(name: string, x: Value): Value {
    const y = this.b.matmul(x, this.weight(`${name}.weight`), { transposeB: true })
    return this.b.add(y, this.alongLast(this.weight(`${name}.bias`), y))
  }

  private normed(name: string, x: Value): Value {
    if (!this.shapes.has(`${name}.weight`)) return x
    const { b } = this
    const centred = b.sub(x, b.spread(b.mean(x, -1), x.shape, -1))
    const scale = b.rsqrt(b.add(b.mean(b.square(centred), -1), NORM_EPS))
    const normal = b.mul(centred, b.spread(scale, x.shape, -1))
    return b.add(b.mul(normal, this.alongLast(this.weight(`${name}.weight`), x)), this.alongLast(this.weight(`${name}.bias`), x))
  }

  /** [out] or [C,out] along the rows of y. */
  private alongLast(x: Value, y: Value): Value {
    return this.b.broadcastAlong(x, y.shape, x.rank === 1 ? [y.rank - 1] : [0, y.rank - 1])
  }
}
