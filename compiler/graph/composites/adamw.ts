// One AdamW update of one tensor (arXiv 1711.05101, alg. 2), with the decay and the eps where torch.optim.AdamW has them.
// Does not compute the learning rate, the clipping scale or the bias corrections: they are inputs.

import type { GraphBuilder, Value } from '../builder.js'

export interface AdamW {
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  readonly decay: number
}

/** Scalars of a step: `bias1` = 1 − beta1^t, `bias2` = 1 − beta2^t, t from 1. */
export interface AdamWStep {
  readonly lr: Value
  readonly clipScale: Value
  readonly bias1: Value
  readonly bias2: Value
}

/** Weight, gradient and the two moments, all of one shape → the new weight and moments. */
export function adamw(b: GraphBuilder, w: Value, g: Value, m: Value, v: Value, step: AdamWStep, { beta1, beta2, eps, decay }: AdamW): { w: Value; m: Value; v: Value } {
  const inputs = [w, g, m, v, step.lr, step.clipScale, step.bias1, step.bias2]
  const [w1, m1, v1] = b.composite('adamw', { beta1, beta2, eps, decay }, inputs, (body, ...args) => {
    const [weight, raw, first, second, lr, clip, bias1, bias2] = args as [Value, Value, Value, Value, Value, Value, Value, Value]
    const grad = body.mul(raw, clip)
    const mean = body.add(body.mul(first, beta1), body.mul(grad, 1 - beta1))
    const square = body.add(body.mul(second, beta2), body.mul(body.square(grad), 1 - beta2))
    const decayed = body.mul(weight, body.sub(1, body.mul(lr, decay)))
    const update = body.div(body.div(mean, bias1), body.add(body.sqrt(body.div(square, bias2)), eps))
    return [body.sub(decayed, body.mul(lr, update)), mean, square]
  })
  return { w: w1 as Value, m: m1 as Value, v: v1 as Value }
}
