// Completions on an executor that loops by itself: after the prefill, one call for many tokens of all rows.
// Between calls, rows that have ended are left behind when few are left; until then what they write is cut off here.

import { setImmediate as eventsHandled } from 'node:timers/promises'
import type { Loop, TensorData } from '../../executors/executor.js'
import type { Caches } from './cache.js'
import type { Policy } from './policy.js'
import { type Prompt, type Rollout, type RolloutOptions } from './rollout.js'

/** Tokens of a call at most: between calls progress is shown and a signal is heard. */
const TURNS = 32

export interface TurnsOptions extends RolloutOptions {
  readonly report: (done: number) => void
}

/** What goes from call to call, a value or a row of values for each row of the caches. */
type Carried = Readonly<Record<'logits' | 'positions' | 'ended', TensorData>>

/** From the logits [B, V] of each prompt's first new token, in the caches that the prefill has filled. */
export async function rollOutInTurns(policy: Policy, filled: Caches, logits: TensorData, prompts: readonly Prompt[], { maxNew, temperature, key, report }: TurnsOptions): Promise<Rollout[]> {
  const { ends } = policy
  const written = prompts.map(() => ({ tokens: [] as number[], logp: [] as number[], finished: false }))
  const constant = { temperature: Float32Array.of(temperature), key0: Uint32Array.of(key.key0), key1: Uint32Array.of(key.key1), ends: Int32Array.from(ends) }
  let caches = filled
  // The prompt of each row; null where the row is only there to fill up.
  let rows: readonly (number | null)[] = Array.from({ length: caches.rows }, (_, index) => (index < prompts.length ? index : null))
  let carried: Carried = { logits, positions: Int32Array.from(rows, (index) => (index === null ? 0 : (prompts[index] as Prompt).tokens.length)), ended: Int32Array.from(rows, (index) => Number(index === null)) }
  for (let step = 0; step < maxNew; ) {
    const live = [...rows.keys()].filter((row) => isLive(rows[row], written))
    if (live.length === 0) break
    const smaller = policy.sizes.rows(live.length)
    if (smaller < caches.rows) {
      const next = policy.caches(smaller, caches.length)
      await caches.copyTo(next, live)
      carried = chosen(carried, caches.rows, live, smaller)
      rows = Array.from({ length: smaller }, (_, place) => rows[live[place] ?? -1] ?? null)
      caches = next
    }
    const loop = caches.turns(policy.programs.graph('sample'), TURNS, ends.size) as Loop
    const row = Uint32Array.from(rows, (index) => (index === null ? 0 : (prompts[index] as Prompt).row))
    const { turns, fetched } = await loop.run({ ...constant, row, position: Uint32Array.of(step), ...carried }, Math.min(TURNS, maxNew - step))
    const { token, logp, logits, positions, ended } = fetched as Record<'token' | 'logp' | keyof Carried, TensorData>
    for (let turn = 0; turn < turns; turn++) {
      rows.forEach((index, place) => {
        if (!isLive(index, written)) return
        const rollout = written[index as number] as (typeof written)[number]
        const at = turn * caches.rows + place
        rollout.tokens.push(token[at] as number)
        rollout.logp.push(logp[at] as number)
        rollout.finished = ends.has(token[at] as number)
      })
    }
    carried = { logits, positions, ended }
    step += turns
    report(written.filter(({ finished }) => finished).length)
    await eventsHandled()
  }
  return written.map(({ tokens, logp, finished }) => ({ tokens: Int32Array.from(tokens), logp: Float32Array.from(logp), finished }))
}

const isLive = (index: number | null | undefined, written: readonly { readonly finished: boolean }[]): boolean => typeof index === 'number' && written[index]?.finished === false

/** Some rows of what is carried, filled up with rows that have ended. */
function chosen(carried: Carried, rows: number, live: readonly number[], count: number): Carried {
  const width = carried.logits.length / rows
  const logits = new Float32Array(count * width)
  live.forEach((row, place) => logits.set(carried.logits.subarray(row * width, (row + 1) * width), place * width))
  return {
    logits,
    positions: Int32Array.from({ length: count }, (_, place) => carried.positions[live[place] ?? -1] ?? 0),
    ended: Int32Array.from({ length: count }, (_, place) => (place < live.length ? 0 : 1)),
  }
}
