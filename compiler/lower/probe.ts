// Two parts of objectives on the same seeded random batches: equal everywhere, or where they differ most.
// Does not run graphs itself: the caller brings an executor; values count as equal within rounding of float64.

import { evaluateDim } from '../../spec/graph/dims.js'
import type { Dim, Graph } from '../../spec/graph/graph.js'
import { Levels } from './levels.js'
import { PARTS, type PartName } from './part.js'

export type Numbers = ArrayLike<number>

/** Runs one graph in float64. */
export type RunGraph = (graph: Graph, bindings: Readonly<Record<string, number>>, feeds: Readonly<Record<string, Float64Array>>) => Promise<Readonly<Record<string, Numbers>>>

export interface Difference {
  /** `value`, or `gradient for logp`. */
  readonly of: string
  /** `extreme numbers`, … */
  readonly batches: string
  /** What went in where they differ, e.g. `log ratio 25, advantage -0.7`. */
  readonly input: string
  readonly ours: number
  readonly theirs: number
}

export const BATCHES = 64

/** Smaller relative differences are not told from rounding. */
export const RESOLUTION = 1e-10

/** Kinds of batches, taken in turn: how log ratios, rewards and advantages are drawn. */
const RECIPES: readonly { readonly name: string; readonly drift: (r: Random) => number; readonly score: (r: Random) => number; readonly advantage: (r: Random) => number }[] = [
  { name: 'small numbers', drift: (r) => 0.1 * r.normal(), score: (r) => r.normal(), advantage: (r) => r.normal() },
  { name: 'wide numbers', drift: (r) => r.normal(), score: (r) => 10 * r.normal(), advantage: (r) => 3 * r.normal() },
  { name: 'ties', drift: () => 0, score: (r) => Math.floor(2 * r.uniform()), advantage: (r) => r.pick([-1, 0, 1]) },
  // No large number, beside which a small one would be rounding.
  { name: 'vanishing ratios', drift: (r) => r.pick([-25, -18, -9, -1, 0]), score: (r) => 1e-3 * r.normal(), advantage: (r) => r.normal() },
  { name: 'extreme numbers', drift: (r) => r.pick([-25, -12, -3, 0, 3, 12, 25]), score: (r) => r.pick([-1000, 0, 1e-3, 1000]), advantage: (r) => r.normal() },
]

/**
 * The largest difference of each output in each kind of batch; none when they are equal on all `BATCHES`. Deterministic.
 * `stop` ends with the first batch that differs, for whoever only asks whether they are equal.
 */
export async function probe(part: PartName, chain: readonly string[], ours: Graph, theirs: Graph, run: RunGraph, stop = false): Promise<readonly Difference[]> {
  const found = new Map<string, Difference & { readonly size: number }>()
  const inputs = new Set([...inputsOf(ours), ...inputsOf(theirs)])
  for (let i = 0; i < BATCHES && !(stop && found.size > 0); i++) {
    const batch = draw(part, new Levels(chain), i, inputs)
    const [mine, other] = [await run(ours, batch.bindings, feedsOf(ours, batch.feeds)), await run(theirs, batch.bindings, feedsOf(theirs, batch.feeds))]
    for (const [of, values] of Object.entries(mine)) {
      const against = other[of] as Numbers
      const scale = largest(values, against)
      for (let at = 0; at < values.length; at++) {
        const [a, b] = [values[at] as number, against[at] as number]
        const size = gap(a, b, scale)
        const key = `${of} ${batch.name}`
        if (size > (found.get(key)?.size ?? 0)) found.set(key, { of, batches: batch.name, input: batch.describe(at, values.length), ours: a, theirs: b, size })
      }
    }
  }
  return [...found.values()].map(({ size: _, ...difference }) => difference)
}

/** 0 within rounding: `RESOLUTION` of the numbers, 1e-13 of the largest of the batch. */
function gap(a: number, b: number, scale: number): number {
  if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0
  const distance = Math.abs(a - b)
  if (!Number.isFinite(distance)) return Number.POSITIVE_INFINITY
  return distance <= Math.max(RESOLUTION * Math.max(Math.abs(a), Math.abs(b)), 1e-13 * scale) ? 0 : distance
}

function largest(...lists: readonly Numbers[]): number {
  return lists.reduce((most, list) => Array.from(list).reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), most), 0)
}

interface Batch {
  readonly name: string
  readonly bindings: Readonly<Record<string, number>>
  readonly feeds: Readonly<Record<string, Float64Array>>
  /** What stands at an element of an output with `count` of them. */
  describe(at: number, count: number): string
}

/** `inputs` are those that at least one of the two reads: only they are worth describing. */
function draw(part: PartName, levels: Levels, index: number, inputs: ReadonlySet<string>): Batch {
  const recipe = RECIPES[index % RECIPES.length] as (typeof RECIPES)[number]
  const r = new Random(index + 1)
  const bindings: Record<string, number> = { G: 2, N: 2 + Math.floor(3 * r.uniform()), T: 6, R: 2, K: 2 }
  const sizes = (shape: readonly Dim[]): number => shape.reduce<number>((size, dim) => size * evaluateDim(dim, bindings), 1)
  const at = (level: string): number => sizes(levels.shapeAt(levels.depthOf(level) ?? 0))
  const tokens = sizes(levels.shapeAt(levels.innermost))
  const losses = levels.depthOf('pair') === undefined ? tokens : at('pair')
  const fill = (length: number, one: (i: number) => number): Float64Array => Float64Array.from({ length }, (_, i) => one(i))

  // Without tokens every sample is its own only element, and counts.
  const perSequence = levels.depthOf('token') === undefined ? 1 : (bindings['T'] as number)
  const lengths = fill(tokens / perSequence, () => 1 + Math.floor(perSequence * r.uniform()))
  const mask = fill(tokens, (i) => (i % perSequence < (lengths[Math.floor(i / perSequence)] as number) ? 1 : 0))
  const drift = fill(tokens, () => recipe.drift(r))
  // The one of the two that is larger is drawn: log-probabilities are never positive.
  const top = fill(tokens, () => -0.05 - Math.abs(r.normal()))
  const logp = fill(tokens, (i) => (top[i] as number) + Math.min(drift[i] as number, 0))
  const feeds: Record<string, Float64Array> = {
    mask,
    logp,
    old_logp: fill(tokens, (i) => (logp[i] as number) - (drift[i] as number)),
    ref_logp: fill(tokens, (i) => Math.min((logp[i] as number) + 0.5 * r.normal(), -1e-3)),
    entropy: fill(tokens, () => Math.abs(r.normal())),
    loss: fill(losses, () => recipe.advantage(r)),
  }
  if (levels.depthOf('rollout') !== undefined) {
    feeds['reward'] = fill(at('rollout'), () => recipe.score(r))
    feeds['rewards'] = fill(at('objective'), () => recipe.score(r))
    feeds['advantage'] = fill(at('rollout'), () => recipe.advantage(r))
  }
  const result = PARTS[part].result === 'batch' ? 1 : part === 'loss' ? losses : at('rollout')
  feeds['cotangent'] = fill(result, () => 0.5 + r.uniform())

  const group = bindings['N'] as number
  const text = (name: string, i: number): string => short(feeds[name]?.[i] ?? 0)
  const describe = (i: number, count: number): string => {
    if (part === 'advantage') {
      const first = Math.floor(i / group) * group
      const terms = inputs.has('reward') ? undefined : (bindings['R'] as number)
      const rewards = Array.from({ length: group }, (_, k) => (terms === undefined ? text('reward', first + k) : Array.from({ length: terms }, (__, j) => text('rewards', (first + k) * terms + j)).join(' and ')))
      return `rewards of the group ${rewards.join(', ')}, of which the ${ordinal(i % group)}`
    }
    if (part === 'aggregate') return `${levels.nameOf(levels.outside(levels.innermost))}s of ${lengths.join(', ')} tokens`
    if (losses !== tokens) return `pair ${Math.floor((i * losses) / count) + 1} of the batch`
    return `${inputs.has('old_logp') ? 'log ratio' : 'logp'} ${short((inputs.has('old_logp') ? drift : logp)[i] ?? 0)}${inputs.has('advantage') && feeds['advantage'] ? `, advantage ${text('advantage', Math.floor(i / perSequence))}` : ''}`
  }
  return { name: recipe.name, bindings, feeds, describe }
}

/** Executors take what a graph reads, nothing else. */
function feedsOf(graph: Graph, feeds: Readonly<Record<string, Float64Array>>): Readonly<Record<string, Float64Array>> {
  return Object.fromEntries(inputsOf(graph).map((name) => [name, feeds[name] as Float64Array]))
}

const inputsOf = (graph: Graph): string[] => graph.nodes.flatMap(({ op, attributes }) => (op === 'input' ? [String(attributes['name'])] : []))

export const short = (x: number): string => String(Number(x.toPrecision(4)))

/** Two numbers with as many digits as it takes to tell them apart, at least four. */
export function apart(a: number, b: number): readonly [string, string] {
  const digits = Array.from({ length: 14 }, (_, i) => i + 4).find((n) => a.toPrecision(n) !== b.toPrecision(n)) ?? 17
  return [String(Number(a.toPrecision(digits))), String(Number(b.toPrecision(digits)))]
}
const ordinal = (i: number): string => ['first', 'second', 'third', 'fourth'][i] ?? `${i + 1}th`

/** mulberry32: small, seeded, the same everywhere. */
class Random {
  constructor(private state: number) {}

  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }
  pick(from: readonly number[]): number {
    return from[Math.floor(from.length * this.uniform())] as number
  }
}
