// A point mass in a square: recorded episodes of a narrow and mediocre actor.
// Stages act in it by `environments.ts`.

import type { Dataset, Row } from '../data/dataset.js'
import { generated } from '../data/draws.js'
import { normal, randomKey, uniform, type RandomKey } from '../random.js'

const GOAL = [0.8, 0.8] as const
const NEAR = 0.2
/** Steps of an episode, at most. */
export const MOST = 50
const DISCOUNT = 0.99
const [PUSH, DRAG] = [0.02, 0.8]

type Pair = readonly [number, number]
export interface State { readonly at: Pair; readonly speed: Pair }

/** How an episode begins: at rest, in the lower left quarter. */
export const begin = (key: RandomKey): State => ({ at: [-0.9 + 0.8 * uniform(key, 0), -0.9 + 0.8 * uniform(key, 1)], speed: [0, 0] })

export const observe = ({ at, speed }: State): number[] => [...at, ...speed]

/** One step: the action (each in −1..1) accelerates, drag slows, walls stop. */
export function step({ at, speed }: State, action: Pair): { readonly state: State; readonly reward: number; readonly done: boolean } {
  const next = [0, 1].map((i) => DRAG * (speed[i] as number) + PUSH * Math.max(-1, Math.min(1, action[i] as number)))
  const moved = [0, 1].map((i) => Math.max(-1, Math.min(1, (at[i] as number) + (next[i] as number))))
  const state: State = { at: moved as unknown as Pair, speed: next.map((v, i) => (Math.abs(moved[i] as number) === 1 ? 0 : v)) as unknown as Pair }
  const done = Math.hypot(state.at[0] - GOAL[0], state.at[1] - GOAL[1]) < NEAR
  return { state, reward: done ? 1 : 0, done }
}

/** Transitions of episode after episode; transition i of a stream depends only on the arguments and i. */
export function episodes(lost: number, noise: number, seed: number): Dataset {
  return generated((stream) => {
    const rows: Row[] = []
    let number = 0
    return (index) => {
      while (rows.length <= index) rows.push(...episode(lost, noise, randomKey(seed, 'point', String(stream), String(number++))))
      return rows[index] as Row
    }
  })
}

function episode(lost: number, noise: number, key: RandomKey): Row[] {
  let state = begin(key)
  const givesUp = uniform(key, 2) < lost
  const made: { observation: number[]; action: number[]; reward: number; next: number[]; done: boolean }[] = []
  for (let t = 0; t < MOST; t++) {
    const away = givesUp && t > MOST / 6
    const action = [0, 1].map((i) => {
      const wish = away ? 0 : (GOAL[i] as number) - (state.at[i] as number)
      return Math.max(-1, Math.min(1, wish + noise * normal(key, 10 + t, i)))
    })
    const after = step(state, action as unknown as Pair)
    made.push({ observation: observe(state), action, reward: after.reward, next: observe(after.state), done: after.done })
    state = after.state
    if (after.done) break
  }
  let value = 0
  return made.toReversed().map((row) => ({ ...row, return_to_go: (value = row.reward + DISCOUNT * value) })).toReversed()
}
