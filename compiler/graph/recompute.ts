// Gradients through a chain of steps that keeps only what passes between them: each step is computed again when its gradient is
// (arXiv 1604.06174), for about a third more computing and the memory of one step instead of all.
// Knows no layers: whoever built the chain says what a step is.

import type { GraphBuilder, Value } from './builder.js'
import { gradient } from './gradient.js'

/** x₀ → x₁ → … → xₙ, where the outputs depend on x₀ … xₙ₋₁ through xₙ alone. */
export interface Chain {
  readonly points: readonly Value[]
  /** Computes point `index + 1` from point `index` once more. */
  again(index: number, point: Value): Value
}

/** As `gradient`. */
export function recomputedGradient(b: GraphBuilder, outputs: readonly Value[], seeds: readonly Value[], wrt: readonly Value[], { points, again }: Chain): Value[] {
  const sums = new Map<Value, Value>()
  /** The gradient of one part's input; those of the weights are added up. */
  const through = (ends: readonly Value[], slopes: readonly Value[], start: Value): Value => {
    const [slope, ...parts] = gradient(b, ends, slopes, [start, ...wrt])
    wrt.forEach((weight, i) => {
      const part = parts[i] as Value
      const known = sums.get(weight)
      if (part !== b.zerosLike(weight)) sums.set(weight, known ? b.add(known, part) : part)
    })
    return slope as Value
  }
  let slope = through(outputs, seeds, points.at(-1) as Value)
  for (let index = points.length - 2; index >= 0; index--) {
    // The same numbers under another name: with it, what is computed again is not what was computed before.
    const point = b.stopGradient(points[index] as Value)
    slope = through([again(index, point)], [slope], point)
  }
  const [first] = points as readonly [Value]
  gradient(b, [first], [slope], wrt).forEach((part, i) => {
    const weight = wrt[i] as Value
    const known = sums.get(weight)
    sums.set(weight, known ? b.add(known, part) : part)
  })
  return wrt.map((weight) => sums.get(weight) as Value)
}
