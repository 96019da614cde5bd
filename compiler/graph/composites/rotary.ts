// Rotary position embedding (arXiv 2104.09864, eq. 34) as a composite, in the half-split layout of Hugging Face (rotate_half).
// Does not make frequencies for long contexts: it is given them (`model/rotary-scaling.ts`).

import { divideDims } from '../../../spec/graph/dims.js'
import type { GraphBuilder, Value } from '../builder.js'

export interface Rotation {
  readonly base: number
  /** [Dh/2] in radians a position, instead of base^(−2i/Dh). */
  readonly frequencies?: Value | undefined
  readonly inverse?: boolean
}

/** x [B, T, H, Dh], positions i32 [B, T] → x with each pair (i, i + Dh/2) turned by position · base^(−2i/Dh), or by position · frequencies; `inverse` turns back. */
export function rotary(b: GraphBuilder, x: Value, positions: Value, { base, frequencies, inverse = false }: Rotation): Value {
  const given = frequencies ? [frequencies] : []
  const [y] = b.composite('rotary', { base, inverse }, [x, positions, ...given], (body, ...args) => [expand(body, args, base, inverse)], (g, { inputs, grads }) => [
    // A rotation is orthogonal: its transpose is the inverse rotation.
    rotary(g, grads[0] as Value, inputs[1] as Value, { base, frequencies: inputs[2], inverse: !inverse }),
    undefined,
    ...given.map(() => undefined),
  ])
  return y as Value
}

function expand(b: GraphBuilder, inputs: readonly Value[], base: number, inverse: boolean): Value {
  const [x, positions, given] = inputs as [Value, Value, Value?]
  const size = x.shape.at(-1)
  const half = size === undefined ? undefined : divideDims(size, 2)
  if (typeof size !== 'number' || typeof half !== 'number') throw new Error(`rotary: the head size ${size} is not an even number`)
  const frequencies = given ?? b.pow(base, b.mul(b.iota([half], 0, 'f32'), -2 / size))
  const angle = b.mul(b.expandDims(b.cast(positions, 'f32'), -1), frequencies)
  const cos = b.expandDims(b.cos(angle), 2)
  const sin = b.expandDims(inverse ? b.neg(b.sin(angle)) : b.sin(angle), 2)
  const [left, right] = [b.narrow(x, -1, 0, half), b.narrow(x, -1, half, half)]
  return b.concat([b.sub(b.mul(left, cos), b.mul(right, sin)), b.add(b.mul(right, cos), b.mul(left, sin))], -1)
}
