// Batches of rollouts whose groups are neither too easy nor too hard: what the filter drops is drawn again, from other prompts.
// Does not say how old a batch may be: that is `waiting-batches.ts`.

import type { Sequence } from '../../tokenizer/framing.js'
import type { Actors } from './actors.js'
import { attribute } from './attributes.js'
import { gridWidth, rowsOf } from './batching.js'
import type { Course } from './course.js'
import { advantagesOf, gather, type Experience } from './experience.js'
import { meanOf } from './reward.js'
import type { StageRun } from './stage.js'

/** How often a batch of groups is drawn before some of those that the filter drops are taken all the same. */
const ROUNDS = 10

interface Group {
  readonly from: Experience
  readonly rows: readonly number[]
  readonly kept: boolean
}

/** What draws batch 0, 1, … of a stage; a rollout is right when its reward is at least 1. */
export function filteredBatches(run: StageRun, actors: Actors, course: Course, groups: number, size: number, temperature: number): (batch: number) => Promise<Experience> {
  const range = attribute(run.stage, 'filter.pass_rate')
  const [low, high] = range !== null && typeof range === 'object' && 'low' in range ? [range.low ?? -Infinity, range.high ?? Infinity] : [-Infinity, Infinity]
  const drawnIn = async (batch: number): Promise<Group[]> => {
    const from = await gather(run, actors, course.take(groups), size, batch, temperature)
    return Array.from({ length: groups }, (_, group): Group => {
      const rows = Array.from({ length: size }, (_, n) => group * size + n)
      const passed = meanOf(rows.map((row) => Number((from.rewards[row] as number) >= 1)))
      return { from, rows, kept: passed >= low && passed <= high }
    })
  }
  return async (batch) => {
    const drawn: Group[] = []
    for (let round = 0; round < ROUNDS && drawn.filter(({ kept }) => kept).length < groups; round++) drawn.push(...(await drawnIn(batch * ROUNDS + round)))
    const chosen = [...drawn.filter(({ kept }) => kept), ...drawn.filter(({ kept }) => !kept)].slice(0, groups)
    const kept = meanOf(drawn.map((group) => Number(group.kept)))
    return chosen.every(({ from }) => from === chosen[0]?.from) && drawn.length === groups ? withMetrics(drawn[0]?.from as Experience, kept) : withMetrics(await joined(actors, chosen, size), kept)
  }
}

const withMetrics = (experience: Experience, kept: number): Experience => ({ ...experience, metrics: { ...experience.metrics, kept } })

/** Groups of several draws as one batch; the numbers that are logged are those of the first draw, before the filter. */
async function joined({ policy }: Actors, groups: readonly Group[], size: number): Promise<Experience> {
  const first = (groups[0] as Group).from
  const sequences = groups.flatMap(({ from, rows }) => rows.map((row) => from.sequences[row] as Sequence))
  const width = gridWidth(sequences, policy.sizes)
  const gridOf = (name: 'oldLogp' | 'refLogp') => {
    const values = new Float32Array(sequences.length * width)
    groups.forEach(({ from, rows }, group) => {
      const grid = from[name]
      if (grid) values.set(rowsOf(grid, rows, width).values, group * size * width)
    })
    return { samples: sequences.length, width, values }
  }
  const numbers = (of: (from: Experience) => ArrayLike<number>): Float64Array => Float64Array.from(groups.flatMap(({ from, rows }) => rows.map((row) => of(from)[row] as number)))
  const rewards = numbers((from) => from.rewards)
  const terms = first.terms.map((_, term) => numbers((from) => from.terms[term] as Float64Array))
  const advantages = await advantagesOf(policy, sequences, { G: groups.length, N: size, T: width, R: terms.length }, rewards, terms)
  return { sequences, rewards, terms, leftOut: numbers((from) => from.leftOut), oldLogp: gridOf('oldLogp'), refLogp: first.refLogp && gridOf('refLogp'), advantages, metrics: first.metrics }
}
