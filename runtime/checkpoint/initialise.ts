// Fresh weights of a model: every number depends on the model's seed, the tensor's name and the index alone.
// Which distribution and deviation each tensor has is decided by the compiler (`ModelPlan.weights`).

import type { ModelPlan } from '../../spec/plan/plan.js'
import { normal, randomKey, uniform } from '../random.js'
import type { StoredTensor } from './safetensors.js'

/** One tensor for each of `plan.weights`, in order, rounded to float32; drawn when its `data` is taken, and not kept. */
export function freshWeights(plan: ModelPlan, seed: number): StoredTensor[] {
  return plan.weights.map((weight) => ({
    name: weight.name,
    shape: weight.shape,
    get data() {
      return drawn(weight, seed)
    },
  }))
}

function drawn({ name, shape, init, std }: ModelPlan['weights'][number], seed: number): Float32Array {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
  if (init === 'ones') data.fill(1)
  if (init === 'normal' || init === 'uniform') {
    const key = randomKey(seed, 'weights', name)
    // A uniform number between −b and b has the deviation b/√3.
    const draw = init === 'normal' ? (i: number) => std * normal(key, i) : (i: number) => std * Math.sqrt(3) * (2 * uniform(key, i) - 1)
    for (let i = 0; i < data.length; i++) data[i] = draw(i)
  }
  return data
}
