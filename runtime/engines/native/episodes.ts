// One episode after the other in an environment, step by step; where it stands is JSON, so that it can be kept.

import { randomKey, type RandomKey } from '../../random.js'
import type { Environment } from '../../tasks/environments.js'

interface Standing {
  readonly episode: number
  /** Steps of this episode. */
  readonly steps: number
  readonly state: unknown
}

export interface Step {
  readonly observation: readonly number[]
  readonly action: readonly number[]
  /** As the environment gives it. */
  readonly reward: number
  readonly next: readonly number[]
  readonly done: boolean
  /** The episode ends with this step, whether or not the goal is reached. */
  readonly ends: boolean
}

export class Episodes {
  private standing: Standing

  /** Episode `i` begins as (key, i) says. */
  constructor(
    private readonly environment: Environment,
    private readonly key: RandomKey,
  ) {
    this.standing = this.begun(0)
  }

  get observation(): readonly number[] {
    return this.environment.observe(this.standing.state)
  }

  step(action: readonly number[]): Step {
    const { observation, environment } = this
    const { episode, steps, state } = this.standing
    const after = environment.step(state, action)
    const ends = after.done || steps + 1 >= environment.most
    this.standing = ends ? this.begun(episode + 1) : { episode, steps: steps + 1, state: after.state }
    return { observation, action, reward: after.reward, next: environment.observe(after.state), done: after.done, ends }
  }

  save(): unknown {
    return this.standing
  }

  restore(standing: unknown): void {
    this.standing = standing as Standing
  }

  private begun(episode: number): Standing {
    return { episode, steps: 0, state: this.environment.begin(randomKey(this.key.key0, 'episode', String(this.key.key1), String(episode))) }
  }
}
