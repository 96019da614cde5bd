// Environments that stages act in, by the names that specs give them: how an episode begins, what is seen of it, and one step.
// Sizes are in `spec/plan/agents.ts`; a test compares the tables.

import type { RandomKey } from '../random.js'
import { begin, MOST, observe, step, type State } from './point.js'

/** `S` is the state of an episode: JSON, so that it can be kept. */
export interface Environment<S = unknown> {
  /** Steps after which an episode ends without having reached anything. */
  readonly most: number
  begin(key: RandomKey): S
  observe(state: S): readonly number[]
  /** `done`: the goal is reached. */
  step(state: S, action: readonly number[]): { readonly state: S; readonly reward: number; readonly done: boolean }
}

const point: Environment<State> = { most: MOST, begin, observe, step: (state, action) => step(state, action as [number, number]) }

export const environments: Readonly<Record<string, Environment>> = { 'rlpc/point': point as Environment }
