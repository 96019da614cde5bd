// The programs of a classifier of vectors: score and gradient, in the roles and names of `programs.ts`, one target for each row.
// Norm and apply are those of every model; objectives arrive as the weights `dlogp` and `dentropy`.

import type { Graph } from '../../spec/graph/graph.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { simplify } from '../graph/simplify.js'
import { Weights } from './forward.js'
import { mlpLayer } from './mlp.js'
import { addGradients } from './programs.js'

/** Feeds features f32 [B,F] and targets i32 [B]; fetches logp and entropy [B] of each target, and correct [B], 1 where it is the most probable class. */
export function classifierScore(model: ModelPlan): Graph {
  const b = new GraphBuilder('score')
  const { logits, targets, logp, entropy } = scores(b, model, new Weights(b, model))
  b.fetch('logp', logp)
  b.fetch('entropy', entropy)
  b.fetch('correct', b.cast(b.eq(b.argmax(logits), targets), 'f32'))
  return simplify(b.build())
}

/** Feeds as `score`, and dlogp [B] (and dentropy); adds the gradient of Σ dlogp·logp + dentropy·entropy to `g/*`, fetches logp and entropy. */
export function classifierGradient(model: ModelPlan, options: { readonly entropy: boolean }): Graph {
  const b = new GraphBuilder('gradient')
  const weights = new Weights(b, model)
  const { logp, entropy } = scores(b, model, weights)
  addGradients(b, model, weights, { logp, entropy }, options.entropy)
  b.fetch('logp', logp)
  b.fetch('entropy', entropy)
  return simplify(b.build())
}

interface Scores {
  readonly logits: Value
  readonly targets: Value
  readonly logp: Value
  readonly entropy: Value
}

function scores(b: GraphBuilder, model: ModelPlan, weights: Weights): Scores {
  const [features, targets] = [b.input('features', 'f32', ['B', Number(model.config['num_inputs'])]), b.input('targets', 'i32', ['B'])]
  const logits = forward(b, model, weights, features)
  const logps = b.logSoftmax(logits)
  return { logits, targets, logp: b.label(b.pick(logps, targets), 'logp'), entropy: b.label(b.neg(b.reduceSum(b.mul(b.exp(logps), logps), -1)), 'entropy') }
}

/** features [B,F] → logits [B,C]. */
function forward(b: GraphBuilder, model: ModelPlan, weights: Weights, features: Value): Value {
  const hidden = model.config['hidden_sizes'] as readonly number[]
  const activate = (x: Value): Value => (model.config['hidden_act'] === 'tanh' ? b.tanh(x) : b.relu(x))
  const linear = (x: Value, layer: number): Value => {
    const y = b.matmul(x, weights.get(`${mlpLayer(layer)}.weight`), { transposeB: true })
    const bias = `${mlpLayer(layer)}.bias`
    return weights.has(bias) ? b.add(y, weights.get(bias)) : y
  }
  return linear(hidden.reduce((x, _, layer) => activate(linear(x, layer)), features), hidden.length)
}
