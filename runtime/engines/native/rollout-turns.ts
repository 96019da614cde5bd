// Completions on an executor that loops by itself: after the prefill, one call for many tokens of all rows.
// Rows that ended stay until all have, or the call is over: what they write is cut off here.

import { setImmediate as eventsHandled } from 'node:timers/promises'
import type { Loop, TensorData } from '../../executors/executor.js'
import type { Prompt, Rollout, RolloutOptions } from './rollout.js'

/** Tokens of a call at most: between calls progress is shown and a signal is heard. */
export const TURNS = 64

export interface TurnsOptions extends RolloutOptions {
  /** Tokens that end a completion. */
  readonly ends: ReadonlySet<number>
  readonly report: (done: number) => void
}

/** From the logits [B, V] of each prompt's first new token. */
export async function rollOutInTurns(loop: Loop, logits: TensorData, prompts: readonly Prompt[], { maxNew, temperature, key, ends, report }: TurnsOptions): Promise<Rollout[]> {
  const rows = prompts.length
  const written = prompts.map(() => ({ tokens: [] as number[], logp: [] as number[], finished: false }))
  let carried: Record<string, TensorData> = {
    logits,
    positions: Int32Array.from(prompts, ({ tokens }) => tokens.length),
    position: Uint32Array.of(0),
    ended: new Int32Array(rows),
  }
  const constant = {
    temperature: Float32Array.of(temperature),
    key0: Uint32Array.of(key.key0),
    key1: Uint32Array.of(key.key1),
    row: Uint32Array.from(prompts, ({ row }) => row),
    ends: Int32Array.from(ends),
  }
  for (let step = 0; step < maxNew && written.some(({ finished }) => !finished); ) {
    const { turns, fetched } = await loop.run({ ...constant, ...carried }, Math.min(TURNS, maxNew - step))
    const { token, logp, ...next } = fetched
    for (let turn = 0; turn < turns; turn++) {
      written.forEach((rollout, row) => {
        if (rollout.finished) return
        const at = turn * rows + row
        rollout.tokens.push((token as TensorData)[at] as number)
        rollout.logp.push((logp as TensorData)[at] as number)
        rollout.finished = ends.has((token as TensorData)[at] as number)
      })
    }
    carried = next
    step += turns
    report(written.filter(({ finished }) => finished).length)
    await eventsHandled()
  }
  return written.map(({ tokens, logp, finished }) => ({ tokens: Int32Array.from(tokens), logp: Float32Array.from(logp), finished }))
}
