// The levels of an objective as axes: token ⊂ rollout ⊂ group ⊂ batch becomes [G, N, T].
// Does not hold values: `evaluate.ts` gives each value its depth.

import type { Dim, Shape } from '../../spec/graph/graph.js'

/** Symbol of the axis that a level adds inside the next outer one; the batch adds none. */
const AXES: Readonly<Record<string, Dim>> = {
  logit: 'V',
  token: 'T',
  turn: 'K',
  side: 2,
  rollout: 'N',
  sample: 'N',
  pair: 'N',
  transition: 'N',
  group: 'G',
  objective: 'R',
}

/** A level beside the chain, by the level of the chain that it lies in: the terms of a vector reward. */
const BRANCHES: Readonly<Record<string, string>> = { objective: 'rollout' }

interface Level {
  readonly name: string
  /** The numbers of the levels outside it, outermost first, then its own. */
  readonly path: readonly number[]
  readonly shape: Shape
}

/** Depth 0 is the batch (one number), each level of the chain further in adds an axis behind the others; branches have the numbers after the chain. */
export class Levels {
  private readonly levels: readonly Level[]
  /** Depth of the last level of the chain. */
  readonly innermost: number

  /** `chain` is innermost first, as in a kind: `["token", "rollout", "group", "batch"]`; `axes` gives levels another size than their symbol. */
  constructor(chain: readonly string[], axes: Readonly<Record<string, Dim>> = {}) {
    const levels: Level[] = []
    const add = (name: string, outer: Level | undefined): void => {
      const own = outer ? [axes[name] ?? AXES[name] ?? name.toUpperCase()] : []
      levels.push({ name, path: [...(outer?.path ?? []), levels.length], shape: [...(outer?.shape ?? []), ...own] })
    }
    for (const name of [...chain].reverse()) add(name, levels.at(-1))
    this.innermost = levels.length - 1
    for (const [name, inside] of Object.entries(BRANCHES)) {
      const outer = levels.find((level) => level.name === inside)
      if (outer) add(name, outer)
    }
    this.levels = levels
  }

  depthOf(level: string): number | undefined {
    const depth = this.levels.findIndex(({ name }) => name === level)
    return depth < 0 ? undefined : depth
  }

  nameOf(depth: number): string {
    return this.at(depth).name
  }

  names(): readonly string[] {
    return this.levels.slice(0, this.innermost + 1).map(({ name }) => name)
  }

  shapeAt(depth: number): Shape {
    return this.at(depth).shape
  }

  /** Whether `outer` is `inner`, or a level outside it: a value of `outer` broadcasts to `inner`. */
  holds(outer: number, inner: number): boolean {
    return this.at(inner).path.includes(outer)
  }

  /** The innermost of some depths; `undefined` when they do not lie in one chain. */
  common(depths: readonly number[]): number | undefined {
    return depths.reduce<number | undefined>((a, b) => (a === undefined ? undefined : this.holds(a, b) ? b : this.holds(b, a) ? a : undefined), 0)
  }

  /** The next level outside. */
  outside(depth: number): number {
    return this.at(depth).path.at(-2) ?? 0
  }

  private at(depth: number): Level {
    return this.levels[depth] as Level
  }
}

/** No levels: every value is one number, as in a learning-rate schedule. */
export const scalar = new Levels(['batch'])
