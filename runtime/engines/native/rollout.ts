// Completions of prompts: prefill, then some tokens a call for all rows at once, in groups side by side where the executor has lanes.
// What is drawn depends on the key, the row's number and the position alone, never on how prompts are batched.

import { setImmediate as eventsHandled } from 'node:timers/promises'
import { runAll, type TensorData } from '../../executors/executor.js'
import type { Completion } from '../../host.js'
import type { RandomKey } from '../../random.js'
import type { Policy } from './policy.js'
import { RolloutGroup } from './rollout-group.js'

/** Rows that are decoded together at most. */
export const WAVE = 128
/** Rows of a group at least, where a wave is decoded in several. */
const FEWEST = 32

export interface Prompt {
  readonly tokens: readonly number[]
  /** Number of the rollout in its stage: the counter of its random numbers. */
  readonly row: number
}

export interface Rollout {
  /** What was written; ends with one of the policy's end tokens when it ended by itself. */
  readonly tokens: Int32Array
  /** Log-probability of each of `tokens` when it was drawn. */
  readonly logp: Float32Array
  readonly finished: boolean
}

export interface RolloutOptions {
  readonly maxNew: number
  readonly temperature: number
  readonly key: RandomKey
  /** Called after each call with the number of rollouts that are done. */
  readonly report?: (done: number) => void
}

/** What a signal sees of a rollout: special tokens leave no trace in the text, and the end token is not counted. */
export function completionOf({ tokenizer }: Policy, { tokens, finished }: Pick<Rollout, 'tokens' | 'finished'>): Completion {
  const ids = finished ? tokens.slice(0, -1) : tokens
  return { text: tokenizer.decode(tokens), tokens: ids.length, ids, finished }
}

/** One rollout for each prompt, in order. Prompts and `maxNew` together must fit into the context (checked where prompts are framed). */
export async function rollOut(policy: Policy, prompts: readonly Prompt[], options: RolloutOptions): Promise<Rollout[]> {
  const rollouts: Rollout[] = []
  for (let at = 0; at < prompts.length; at += WAVE) rollouts.push(...(await rollOutWave(policy, prompts.slice(at, at + WAVE), options, (done) => options.report?.(at + done))))
  return rollouts
}

async function rollOutWave(policy: Policy, prompts: readonly Prompt[], options: RolloutOptions, report: (done: number) => void): Promise<Rollout[]> {
  const { session } = policy.programs
  const longest = Math.max(...prompts.map(({ tokens }) => tokens.length))
  const length = policy.sizes.width(longest + options.maxNew)
  const rows = groupRows(prompts.length, session.lanes)
  const groups = Array.from({ length: Math.ceil(prompts.length / rows) }, (_, i) => new RolloutGroup(policy, prompts.slice(i * rows, (i + 1) * rows), options, length, i))
  const read = await runAll(session, groups.map((group) => group.prefill()))
  for (const [i, group] of groups.entries()) await group.spread(read[i] as Record<string, TensorData>)
  for (let live = groups; live.length > 0; live = live.filter(({ finished }) => !finished)) {
    for (const group of live) await group.shrink()
    const fetched = await runAll(session, live.map((group) => group.turns()))
    live.forEach((group, i) => group.write(fetched[i] as Record<string, TensorData>))
    report(prompts.length - groups.reduce((sum, group) => sum + group.live, 0))
    await eventsHandled()
  }
  return groups.flatMap(({ rollouts }) => rollouts)
}

/** Rows of each group of a wave: one group for each lane, as long as weights that are read once serve enough rows. */
export const groupRows = (rows: number, lanes = 1): number => Math.ceil(rows / Math.max(1, Math.min(lanes, Math.floor(rows / FEWEST))))
