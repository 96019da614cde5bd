// Completions of prompts: prefill, then one token a step for all rows at once; finished rows are compacted away.
// What is drawn depends on the key, the row's number and the position alone, never on how prompts are batched.

import { setImmediate as eventsHandled } from 'node:timers/promises'
import type { TensorData } from '../../executors/executor.js'
import type { Completion } from '../../host.js'
import type { RandomKey } from '../../random.js'
import type { Caches } from './cache.js'
import type { Policy } from './policy.js'
import { rollOutInTurns } from './rollout-turns.js'

/** Rows that are decoded together at most. */
export const WAVE = 128
/** Below so many rows it is not worth copying the caches. */
export const SMALLEST = 8

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
  /** Called after each step with the number of rollouts that are done. */
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
  const { maxNew } = options
  const { ends } = policy
  const written = prompts.map(() => ({ tokens: [] as number[], logp: [] as number[], finished: false }))
  const length = policy.sizes.width(Math.max(...prompts.map(({ tokens }) => tokens.length)) + maxNew)
  let caches = policy.caches(policy.sizes.rows(prompts.length), length)
  // The prompt that a row of the caches belongs to; null when that rollout is done or the row was never used.
  let rows: (number | null)[] = Array.from({ length: caches.rows }, (_, index) => (index < prompts.length ? index : null))
  let logits = await prefill(policy, caches, prompts)
  if (caches.loops) return rollOutInTurns(policy, caches, logits, prompts, { ...options, report })
  for (let step = 0; ; step++) {
    const { token, logp } = await draw(policy, rows, prompts, logits, step, options)
    rows.forEach((index, row) => {
      if (index === null) return
      const rollout = written[index] as (typeof written)[number]
      rollout.tokens.push(token[row] as number)
      rollout.logp.push(logp[row] as number)
      rollout.finished = ends.has(token[row] as number)
      if (rollout.finished) rows[row] = null
    })
    const live = rows.flatMap((index, row) => (index === null ? [] : [row]))
    report(prompts.length - live.length)
    await eventsHandled()
    if (live.length === 0 || step + 1 === maxNew) break
    const smaller = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(live.length)))
    if (smaller < caches.rows) {
      const next = policy.caches(smaller, length)
      await caches.moveTo(next, live)
      caches = next
      rows = Array.from({ length: smaller }, (_, place) => rows[live[place] ?? -1] ?? null)
    }
    logits = await decode(policy, caches, rows, prompts, written)
  }
  return written.map(({ tokens, logp, finished }) => ({ tokens: Int32Array.from(tokens), logp: Float32Array.from(logp), finished }))
}

async function prefill(policy: Policy, caches: Caches, prompts: readonly Prompt[]): Promise<TensorData> {
  const width = policy.sizes.width(Math.max(...prompts.map(({ tokens }) => tokens.length)))
  const tokens = new Int32Array(caches.rows * width).fill(policy.tokenizer.pad)
  prompts.forEach((prompt, row) => tokens.set(prompt.tokens, row * width))
  const positions = Int32Array.from(tokens, (_, i) => i % width)
  const last = new Int32Array(caches.rows)
  prompts.forEach((prompt, row) => (last[row] = prompt.tokens.length - 1))
  return (await caches.run('prefill', { P: width }, { tokens, positions, last }))['logits'] as TensorData
}

async function decode(policy: Policy, caches: Caches, rows: readonly (number | null)[], prompts: readonly Prompt[], written: readonly { tokens: readonly number[] }[]): Promise<TensorData> {
  const tokens = new Int32Array(rows.length).fill(policy.tokenizer.pad)
  const positions = new Int32Array(rows.length)
  rows.forEach((index, row) => {
    if (index === null) return
    const sofar = (written[index] as { tokens: readonly number[] }).tokens
    tokens[row] = sofar[sofar.length - 1] as number
    positions[row] = (prompts[index] as Prompt).tokens.length + sofar.length - 1
  })
  return (await caches.run('decode', {}, { tokens, positions }))['logits'] as TensorData
}

/** Draw the next token of each row. */
async function draw(policy: Policy, rows: readonly (number | null)[], prompts: readonly Prompt[], logits: TensorData, step: number, options: RolloutOptions): Promise<{ token: TensorData; logp: TensorData }> {
  const { key, temperature } = options
  const found = await policy.programs.run('sample', { B: rows.length }, {
    logits,
    temperature: Float32Array.of(temperature),
    key0: Uint32Array.of(key.key0),
    key1: Uint32Array.of(key.key1),
    row: Uint32Array.from(rows, (index) => (index === null ? 0 : (prompts[index] as Prompt).row)),
    position: Uint32Array.of(step),
  })
  return { token: found['token'] as TensorData, logp: found['logp'] as TensorData }
}
