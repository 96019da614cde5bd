// Rows that are decoded together, token by token: where each prompt's rollout lies in the caches, what it has written, which rows are done.
// Runs nothing: it says which calls are to be run and takes what they fetch, so that several groups run side by side.

import type { Call, TensorData } from '../../executors/executor.js'
import { zerosAs, type Caches } from './cache.js'
import type { Policy } from './policy.js'
import type { Prompt, Rollout, RolloutOptions } from './rollout.js'

/** Below so many rows it is not worth copying the caches. */
export const SMALLEST = 8

/** Of so many rows how many are read, when they are rollouts of `distinct` prompts: each prompt once, where that is worth copying the caches. */
export const rowsRead = (rows: number, distinct: number): number => (2 * distinct <= rows ? distinct : rows)

type Fetched = Readonly<Record<string, TensorData>>

export class RolloutGroup {
  private readonly written: { readonly tokens: number[]; readonly logp: number[]; finished: boolean }[]
  private held: Caches
  /** The prompts that are read, into caches of their own: of equal ones, as the samples of one prompt are, the first alone. Else all, into the caches that they go on in. */
  private readonly read: { readonly prompts: readonly Prompt[]; readonly caches: Caches }
  /** The prompt of each row of the caches; null when its rollout is done or the row was never used. */
  private rows: (number | null)[]
  private heard: TensorData = new Float32Array()
  private unfinished: number

  /** @param length positions of each row, the prompt's and the new ones  @param number of the group among those side by side */
  constructor(
    private readonly policy: Policy,
    private readonly prompts: readonly Prompt[],
    private readonly length: number,
    private readonly number = 0,
  ) {
    this.written = prompts.map(() => ({ tokens: [], logp: [], finished: false }))
    this.unfinished = prompts.length
    this.held = policy.caches(policy.sizes.rows(prompts.length), length, number)
    const distinct = [...new Map(prompts.map((prompt) => [wordsOf(prompt), prompt])).values()]
    // Caches on a device are not copied by way of the host.
    const shared = !this.held.loops && rowsRead(this.held.rows, distinct.length) < this.held.rows
    this.read = shared ? { prompts: distinct, caches: policy.caches(distinct.length, length, number) } : { prompts, caches: this.held }
    this.rows = Array.from({ length: this.held.rows }, (_, index) => (index < prompts.length ? index : null))
  }

  get caches(): Caches {
    return this.held
  }

  /** Of each row's next token [rows, V]. */
  get logits(): TensorData {
    return this.heard
  }

  /** How many rows still write. */
  get live(): number {
    return this.unfinished
  }

  get rollouts(): Rollout[] {
    return this.written.map(({ tokens, logp, finished }) => ({ tokens: Int32Array.from(tokens), logp: Float32Array.from(logp), finished }))
  }

  prefill(): Call {
    const { read: { prompts, caches }, policy } = this
    const width = policy.sizes.width(Math.max(...prompts.map(({ tokens }) => tokens.length)))
    const tokens = new Int32Array(caches.rows * width).fill(policy.tokenizer.pad)
    prompts.forEach((prompt, row) => tokens.set(prompt.tokens, row * width))
    const positions = Int32Array.from(tokens, (_, i) => i % width)
    const last = new Int32Array(caches.rows)
    prompts.forEach((prompt, row) => (last[row] = prompt.tokens.length - 1))
    return caches.call('prefill', { P: width }, { tokens, positions, last })
  }

  /** After the prefill is heard: gives each rollout what was read of its prompt. */
  async spread(): Promise<void> {
    const { read, held, prompts, heard } = this
    if (read.caches === held) return
    const places = new Map(read.prompts.map((prompt, row) => [wordsOf(prompt), row]))
    const chosen = prompts.map((prompt) => places.get(wordsOf(prompt)) as number)
    await read.caches.copyTo(held, chosen)
    const vocabulary = heard.length / read.caches.rows
    this.heard = zerosAs(heard, held.rows * vocabulary)
    chosen.forEach((row, place) => this.heard.set(heard.subarray(row * vocabulary, (row + 1) * vocabulary), place * vocabulary))
  }

  /** Reads the last token of each row. */
  decode(): Call {
    const { rows, prompts, policy } = this
    const tokens = new Int32Array(rows.length).fill(policy.tokenizer.pad)
    const positions = new Int32Array(rows.length)
    rows.forEach((index, row) => {
      if (index === null) return
      const sofar = (this.written[index] as { readonly tokens: readonly number[] }).tokens
      tokens[row] = sofar.at(-1) as number
      positions[row] = (prompts[index] as Prompt).tokens.length + sofar.length - 1
    })
    return this.held.call('decode', {}, { tokens, positions })
  }

  /** Takes what `prefill` or `decode` fetched. */
  hear({ logits }: Fetched): void {
    this.heard = logits as TensorData
  }

  /** Draws the next token of each row, the one with number `step`. */
  draw(step: number, { key, temperature }: RolloutOptions): Call {
    return this.policy.programs.call('sample', { B: this.rows.length }, {
      logits: this.heard,
      temperature: Float32Array.of(temperature),
      key0: Uint32Array.of(key.key0),
      key1: Uint32Array.of(key.key1),
      row: Uint32Array.from(this.rows, (index) => (index === null ? 0 : (this.prompts[index] as Prompt).row)),
      position: Uint32Array.of(step),
    })
  }

  /** Writes what `draw` fetched. */
  write({ token, logp }: Fetched): void {
    this.rows.forEach((index, row) => {
      if (index === null) return
      const rollout = this.written[index] as (typeof this.written)[number]
      rollout.tokens.push(token?.[row] as number)
      rollout.logp.push(logp?.[row] as number)
      rollout.finished = this.policy.ends.has(token?.[row] as number)
      if (!rollout.finished) return
      this.rows[row] = null
      this.unfinished--
    })
  }

  /** Leaves rows behind that are done, when few are left. */
  async shrink(): Promise<void> {
    const smaller = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(this.live)))
    if (smaller >= this.held.rows) return
    const live = this.rows.flatMap((index, row) => (index === null ? [] : [row]))
    const next = this.policy.caches(smaller, this.length, this.number)
    await this.held.copyTo(next, live)
    this.rows = Array.from({ length: smaller }, (_, place) => this.rows[live[place] ?? -1] ?? null)
    this.held = next
  }
}

const wordsOf = ({ tokens }: Prompt): string => tokens.join(' ')
