// The levels of an objective as axes: token ⊂ rollout ⊂ group ⊂ batch becomes [G, N, T].
// Does not hold values: `evaluate.ts` gives each value its depth.

import type { Dim, Shape } from '../../spec/graph/graph.js'

/** Symbol of the axis that a level adds inside the next outer one; the batch adds none. */
const AXES: Readonly<Record<string, Dim>> = {
  token: 'T',
  turn: 'K',
  side: 2,
  rollout: 'N',
  sample: 'N',
  pair: 'N',
  transition: 'N',
  group: 'G',
}

/** Depth 0 is the batch (one number), each level further in adds an axis behind the others. */
export class Levels {
  private readonly outermostFirst: readonly string[]
  private readonly axes: Shape

  /** `chain` is innermost first, as in a kind: `["token", "rollout", "group", "batch"]`. */
  constructor(chain: readonly string[]) {
    this.outermostFirst = [...chain].reverse()
    this.axes = this.outermostFirst.slice(1).map((level) => AXES[level] ?? level.toUpperCase())
  }

  get innermost(): number {
    return this.axes.length
  }

  depthOf(level: string): number | undefined {
    const depth = this.outermostFirst.indexOf(level)
    return depth < 0 ? undefined : depth
  }

  nameOf(depth: number): string {
    return this.outermostFirst[depth] as string
  }

  names(): readonly string[] {
    return this.outermostFirst
  }

  shapeAt(depth: number): Shape {
    return this.axes.slice(0, depth)
  }
}

/** No levels: every value is one number, as in a learning-rate schedule. */
export const scalar = new Levels(['batch'])
