// Root-mean-square normalisation (arXiv 1910.07467, eq. 4) as a composite.
// Does not centre and has no bias.

import type { GraphBuilder, Value } from '../builder.js'
import { gradient } from '../gradient.js'

/** x […, D], scale [D] → x / √(mean(x²) + eps) · scale, over the last axis. */
export function rmsNorm(b: GraphBuilder, x: Value, scale: Value, { eps }: { eps: number }): Value {
  const [y] = b.composite('rms_norm', { eps }, [x, scale], (body, input, gain) => [expand(body, input as Value, gain as Value, eps)], (g, { inputs, grads }) =>
    rmsNormGrad(g, inputs[0] as Value, inputs[1] as Value, grads[0] as Value, { eps }),
  )
  return y as Value
}

/** Gradients of x and scale. */
export function rmsNormGrad(b: GraphBuilder, x: Value, scale: Value, dy: Value, { eps }: { eps: number }): [Value, Value] {
  const grads = b.composite('rms_norm_grad', { eps }, [x, scale, dy], (body, ...args) => {
    const [input, gain, seed] = args as [Value, Value, Value]
    return gradient(body, [expand(body, input, gain, eps)], [seed], [input, gain])
  })
  return grads as [Value, Value]
}

function expand(b: GraphBuilder, x: Value, scale: Value, eps: number): Value {
  const scaling = b.rsqrt(b.add(b.mean(b.square(x), -1), eps))
  return b.mul(b.mul(x, b.spread(scaling, x.shape, -1)), scale)
}
