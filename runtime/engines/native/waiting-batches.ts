// Batches that wait until they are as old as a stage allows: the queue of asynchronous policy optimisation.
// The age of a batch is how many batches of updates were made since the policy that drew it was the newest.

import type { Experience } from './experience.js'

/** A batch whose turn it is. */
export interface Waiting {
  readonly experience: Experience
  readonly age: number
  /** How often it is used, this time included. */
  readonly uses: number
}

interface Entry {
  readonly experience: Experience
  /** The version of the policy that drew it. */
  readonly version: number
  uses: number
}

/** As it is saved with a run. */
interface Saved {
  readonly drawn: number
  readonly entries: readonly {
    readonly version: number
    readonly uses: number
    readonly sequences: readonly { readonly tokens: readonly number[]; readonly learned: readonly number[]; readonly prompt: number }[]
    readonly rewards: readonly number[]
    readonly terms: readonly (readonly number[])[]
    readonly leftOut: readonly number[]
    readonly width: number
    readonly oldLogp: readonly number[]
    readonly refLogp: readonly number[] | null
    readonly advantages: readonly number[] | null
    readonly metrics: Experience['metrics']
  }[]
}

export class Queue {
  private entries: Entry[] = []
  private drawn = 0

  /** `staleness`: the greatest age; `uses`: how often one batch may be used while it is not older. */
  constructor(
    private readonly staleness: number,
    private readonly uses: number,
  ) {}

  /** The oldest batch that may be used by the policy of this version; as many as may wait are drawn by that policy first. */
  async next(version: number, draw: (batch: number) => Promise<Experience>): Promise<Waiting> {
    this.entries = this.entries.filter((entry) => entry.uses < this.uses && version - entry.version <= this.staleness)
    // As many as are used up before they are too old.
    while (this.entries.length * this.uses <= this.staleness) this.entries.push({ experience: await draw(this.drawn++), version, uses: 0 })
    const entry = this.entries[0] as Entry
    entry.uses++
    return { experience: entry.experience, age: version - entry.version, uses: entry.uses }
  }

  /** What waits, as plain data. */
  save(): Saved {
    const plain = (values: ArrayLike<number>): number[] => Array.from(values)
    return {
      drawn: this.drawn,
      entries: this.entries.map(({ experience: { sequences, rewards, terms, leftOut, oldLogp, refLogp, advantages, metrics }, version, uses }) => ({
        version,
        uses,
        sequences: sequences.map(({ tokens, learned, prompt }) => ({ tokens: plain(tokens), learned: plain(learned), prompt })),
        rewards: plain(rewards),
        terms: terms.map(plain),
        leftOut: plain(leftOut),
        width: oldLogp.width,
        oldLogp: plain(oldLogp.values),
        refLogp: refLogp ? plain(refLogp.values) : null,
        advantages: advantages ? plain(advantages) : null,
        metrics,
      })),
    }
  }

  restore(state: unknown): void {
    const saved = state as Saved
    this.drawn = saved.drawn
    this.entries = saved.entries.map((entry) => {
      const grid = (values: readonly number[]) => ({ samples: entry.sequences.length, width: entry.width, values: Float32Array.from(values) })
      const experience: Experience = {
        sequences: entry.sequences.map(({ tokens, learned, prompt }) => ({ tokens: Int32Array.from(tokens), learned: Uint8Array.from(learned), prompt })),
        rewards: Float64Array.from(entry.rewards),
        terms: entry.terms.map((term) => Float64Array.from(term)),
        leftOut: Float64Array.from(entry.leftOut),
        oldLogp: grid(entry.oldLogp),
        refLogp: entry.refLogp ? grid(entry.refLogp) : undefined,
        advantages: entry.advantages ? Float64Array.from(entry.advantages) : undefined,
        metrics: entry.metrics,
      }
      return { experience, version: entry.version, uses: entry.uses }
    })
  }
}
