// One update of one tensor by stochastic gradient descent with momentum (Polyak, 1964), as torch.optim.SGD has it: decay is part of the gradient,
// the first step's momentum is the gradient itself, and there is neither dampening nor Nesterov's look ahead.

import type { GraphBuilder, Value } from '../builder.js'

export interface Sgd {
  readonly momentum: number
  readonly decay: number
}

/** Weight, gradient and momentum, all of one shape, the learning rate and what clipping leaves of the gradient → the new weight and momentum. */
export function sgd(b: GraphBuilder, w: Value, g: Value, m: Value, step: { readonly lr: Value; readonly clipScale: Value }, { momentum, decay }: Sgd): { w: Value; m: Value } {
  const gradient = b.add(b.mul(g, step.clipScale), b.mul(w, decay))
  const next = b.add(b.mul(m, momentum), gradient)
  return { w: b.sub(w, b.mul(step.lr, next)), m: next }
}
