// Transitions as numbers: read from rows, kept in a ring (a replay buffer), drawn as batches.

import { failure } from '../../codes.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'
import { below, type RandomKey } from '../../random.js'
import type { StagePlan } from '../../../spec/plan/plan.js'
import { number } from './attributes.js'
import type { Drawn } from './course.js'

export interface Sizes {
  readonly observations: number
  readonly actions: number
}

/** How rewards are changed on the way in: scale · r + shift. */
export interface Rewards {
  readonly scale: number
  readonly shift: number
}

export function rewardsOf(stage: StagePlan): Rewards {
  return { scale: number(stage, 'environment.scale'), shift: number(stage, 'environment.shift') }
}

/** Where no return is known: below every value, so that nothing is held up by it. */
const UNKNOWN = -1e30

/** One transition in a row: observation, action, reward, next, done, return. */
export const widthOf = ({ observations, actions }: Sizes): number => 2 * observations + actions + 3

/** A row of a dataset. Errors: RLP8009 when its lists have other lengths, or a return is said of rewards that are shifted. */
export function transitionOf({ row, place }: Drawn, { observations, actions }: Sizes, { scale, shift }: Rewards): number[] {
  const list = (name: string, size: number): number[] => {
    const value = row[name]
    const numbers = Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<unknown>) : undefined
    if (numbers?.length !== size || !numbers.every((each) => Number.isFinite(each))) {
      throw failure('RLP8009', `${place} has ${numbers ? `${numbers.length} numbers` : 'no list'} in the field \`${name}\`, the environment has ${size}`, 'record the transitions in the environment of the stage')
    }
    return numbers as number[]
  }
  const known = row['return_to_go']
  if (typeof known === 'number' && shift !== 0) throw failure('RLP8009', `${place} has a \`return_to_go\`, and the environment shifts rewards: what the return then is depends on how long the episode lasted`, 'record returns of shifted rewards with `shift = 0`, or leave the field out')
  return [...list('observation', observations), ...list('action', actions), scale * Number(row['reward']) + shift, ...list('next', observations), row['done'] === true ? 1 : 0, typeof known === 'number' ? scale * known : UNKNOWN]
}

/** Rows of numbers as the feeds of an update. */
export function feedsOf(rows: readonly ArrayLike<number>[], { observations: O, actions: A }: Sizes): Record<string, Float32Array> {
  const columns = (from: number, count: number): Float32Array => {
    const values = new Float32Array(rows.length * count)
    rows.forEach((row, i) => {
      for (let j = 0; j < count; j++) values[i * count + j] = row[from + j] as number
    })
    return values
  }
  return { observation: columns(0, O), action: columns(O, A), reward: columns(O + A, 1), next: columns(O + A + 1, O), done: columns(2 * O + A + 1, 1), return_to_go: columns(2 * O + A + 2, 1) }
}

/** The latest transitions, as many as there is room for. */
export class Replay {
  private values: Float32Array
  private added = 0

  constructor(
    private readonly sizes: Sizes,
    private readonly capacity: number,
  ) {
    this.values = new Float32Array(Math.min(capacity, 1024) * widthOf(sizes))
  }

  get count(): number {
    return Math.min(this.added, this.capacity)
  }

  add(transition: readonly number[]): void {
    const width = widthOf(this.sizes)
    const place = this.added % this.capacity
    if ((place + 1) * width > this.values.length) {
      const larger = new Float32Array(Math.min(2 * this.values.length, this.capacity * width))
      larger.set(this.values)
      this.values = larger
    }
    this.values.set(transition, place * width)
    this.added++
  }

  /** `count` of them at random, with repetition; the draws are those of (key, step). */
  draw(count: number, key: RandomKey, step: number): readonly Float32Array[] {
    const width = widthOf(this.sizes)
    return Array.from({ length: count }, (_, i) => {
      const place = below(key, this.count, step, i)
      return this.values.subarray(place * width, (place + 1) * width)
    })
  }

  /** To go on from, with `added`. */
  tensor(): StoredTensor {
    const width = widthOf(this.sizes)
    return { name: 'replay', shape: [this.count, width], data: this.values.slice(0, this.count * width) }
  }

  get total(): number {
    return this.added
  }

  restore({ data }: StoredTensor, added: number): void {
    const width = widthOf(this.sizes)
    this.values = new Float32Array(Math.max(data.length, Math.min(this.capacity, 1024) * width))
    this.values.set(Float32Array.from(data as ArrayLike<number>))
    this.added = added
  }
}
