// Rotary position embedding (arXiv 2104.09864, eq. 34) as a composite, in the half-split layout of Hugging Face (rotate_half).
// Does not scale frequencies for long contexts.

import { divideDims } from '../../../spec/graph/dims.js'
import type { GraphBuilder, Value } from '../builder.js'

/** x [B, T, H, Dh], positions i32 [B, T] → x with each pair (i, i + Dh/2) turned by position · base^(−2i/Dh); `inverse` turns back. */
export function rotary(b: GraphBuilder, x: Value, positions: Value, { base, inverse = false }: { base: number; inverse?: boolean }): Value {
  const [y] = b.composite('rotary', { base, inverse }, [x, positions], (body, input, at) => [expand(body, input as Value, at as Value, base, inverse)], (g, { inputs, grads }) => [
    // A rotation is orthogonal: its transpose is the inverse rotation.
    rotary(g, grads[0] as Value, inputs[1] as Value, { base, inverse: !inverse }),
    undefined,
  ])
  return y as Value
}

function expand(b: GraphBuilder, x: Value, positions: Value, base: number, inverse: boolean): Value {
  const size = x.shape.at(-1)
  const half = size === undefined ? undefined : divideDims(size, 2)
  if (typeof size !== 'number' || typeof half !== 'number') throw new Error(`rotary: the head size ${size} is not an even number`)
  const frequency = b.pow(base, b.mul(b.iota([half], 0, 'f32'), -2 / size))
  const angle = b.mul(b.expandDims(b.cast(positions, 'f32'), -1), frequency)
  const cos = b.expandDims(b.cos(angle), 2)
  const sin = b.expandDims(inverse ? b.neg(b.sin(angle)) : b.sin(angle), 2)
  const [left, right] = [b.narrow(x, -1, 0, half), b.narrow(x, -1, half, half)]
  return b.concat([b.sub(b.mul(left, cos), b.mul(right, sin)), b.add(b.mul(right, cos), b.mul(left, sin))], -1)
}
