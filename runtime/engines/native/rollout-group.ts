// Rows that are decoded together: where each prompt's rollout lies in the caches, what it has written, which rows are done.
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

/** What goes from turn to turn, a value or a row of values for each row of the caches. */
type Carried = Readonly<Record<'logits' | 'positions' | 'ended', TensorData>>

export class RolloutGroup {
  private readonly written: { readonly tokens: number[]; readonly logp: number[]; finished: boolean }[]
  private held: Caches
  /** The prompts that are read, into caches of their own: of equal ones, as the samples of one prompt are, the first alone. Else all, into the caches that they go on in. */
  private readonly read: { readonly prompts: readonly Prompt[]; readonly caches: Caches }
  /** The prompt of each row of the caches; null when its rollout is done or the row was never used. */
  private rows: (number | null)[]
  private carried: Carried | undefined
  private step = 0

  /** @param length positions of each row, the prompt's and the new ones  @param number of the group among those side by side */
  constructor(
    private readonly policy: Policy,
    private readonly prompts: readonly Prompt[],
    private readonly options: Omit<RolloutOptions, 'report'>,
    private readonly length: number,
    private readonly number = 0,
  ) {
    this.written = prompts.map(() => ({ tokens: [], logp: [], finished: false }))
    this.held = policy.caches(policy.sizes.rows(prompts.length), length, number)
    const distinct = [...new Map(prompts.map((prompt) => [wordsOf(prompt), prompt])).values()]
    const shared = !policy.programs.session.remote && rowsRead(this.held.rows, distinct.length) < this.held.rows
    this.read = shared ? { prompts: distinct, caches: policy.caches(distinct.length, length, number) } : { prompts, caches: this.held }
    this.rows = Array.from({ length: this.held.rows }, (_, index) => (index < prompts.length ? index : null))
  }

  /** How many rows still write. */
  get live(): number {
    return this.rows.reduce<number>((count, index) => count + Number(index !== null), 0)
  }

  get finished(): boolean {
    return this.live === 0 || this.step >= this.options.maxNew
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
    return caches.prefill({ P: width }, { tokens, positions, last })
  }

  /** Takes the logits [rows, V] that `prefill` fetched, and gives each rollout what was read of its prompt. */
  async spread({ logits }: Fetched): Promise<void> {
    const { read, held, prompts, rows } = this
    const place = new Map(read.prompts.map((prompt, row) => [wordsOf(prompt), row]))
    const chosen = prompts.map((prompt) => place.get(wordsOf(prompt)) as number)
    if (read.caches !== held) await read.caches.copyTo(held, chosen)
    this.carried = {
      logits: read.caches === held ? (logits as TensorData) : rowsAt(logits as TensorData, read.caches.rows, chosen, held.rows),
      positions: Int32Array.from(rows, (index) => (index === null ? 0 : (prompts[index] as Prompt).tokens.length)),
      ended: Int32Array.from(rows, (index) => Number(index === null)),
    }
  }

  /** Draws the next tokens of each row and reads them. */
  turns(): Call {
    const { policy, prompts, rows, options: { key, temperature, maxNew }, carried, held } = this
    const draws = { temperature: Float32Array.of(temperature), key0: Uint32Array.of(key.key0), key1: Uint32Array.of(key.key1), ends: Int32Array.from(policy.ends) }
    const row = Uint32Array.from(rows, (index) => (index === null ? 0 : (prompts[index] as Prompt).row))
    return held.turns(policy.programs.graph('sample'), maxNew - this.step, { ...draws, row, position: Uint32Array.of(this.step), ...carried })
  }

  /** Writes what `turns` fetched; tokens behind a row's end are nobody's. */
  write({ token, logp, ...carried }: Fetched): void {
    const { rows, policy } = this
    const turns = (token as TensorData).length / rows.length
    rows.forEach((index, place) => {
      if (index === null) return
      const rollout = this.written[index] as (typeof this.written)[number]
      for (let turn = 0; turn < turns && !rollout.finished; turn++) {
        rollout.tokens.push(token?.[turn * rows.length + place] as number)
        rollout.logp.push(logp?.[turn * rows.length + place] as number)
        rollout.finished = policy.ends.has(rollout.tokens.at(-1) as number)
      }
    })
    this.rows = rows.map((index) => (index === null || this.written[index]?.finished ? null : index))
    this.carried = carried as Carried
    this.step += turns
  }

  /** Leaves rows behind that are done, when few are left. */
  async shrink(): Promise<void> {
    const { held, rows, policy, live: left, carried } = this
    const smaller = policy.sizes.rows(Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(left))))
    if (smaller >= held.rows) return
    const live = rows.flatMap((index, row) => (index === null ? [] : [row]))
    const next = policy.caches(smaller, this.length, this.number)
    await held.copyTo(next, live)
    const { logits, positions } = carried as Carried
    this.carried = {
      logits: rowsAt(logits, held.rows, live, smaller),
      positions: Int32Array.from({ length: smaller }, (_, place) => positions[live[place] ?? -1] ?? 0),
      ended: Int32Array.from({ length: smaller }, (_, place) => Number(place >= live.length)),
    }
    this.rows = Array.from({ length: smaller }, (_, place) => rows[live[place] ?? -1] ?? null)
    this.held = next
  }
}

/** The chosen ones of `rows` rows, one of them as often as it is named, then zeros up to `count` rows. */
function rowsAt(data: TensorData, rows: number, chosen: readonly number[], count: number): TensorData {
  const width = data.length / rows
  const into = zerosAs(data, count * width)
  chosen.forEach((row, place) => into.set(data.subarray(row * width, (row + 1) * width), place * width))
  return into
}

/** Equal for equal prompts. */
const wordsOf = ({ tokens }: Prompt): string => tokens.join(' ')
