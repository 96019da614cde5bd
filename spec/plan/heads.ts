// A policy's body with one number in the place of a vocabulary: critics, with a number at every token, and reward models, with one for each text.

import type { ModelPlan } from './plan.js'

/** The head, [1, D], under the name that Hugging Face's classifiers of tokens and sequences give it. */
export const VALUE_HEAD = 'score.weight'

const critics = new WeakMap<ModelPlan, ModelPlan>()
const scorers = new WeakMap<ModelPlan, ModelPlan>()

/** The plan of a policy's critic: the same body, and a fresh head in the place of the policy's own; the same object for the same policy. */
export function withValueHead(model: ModelPlan): ModelPlan {
  const known = critics.get(model)
  if (known) return known
  const body = model.weights.filter(({ name }) => name !== 'lm_head.weight')
  const std = body.find(({ init }) => init === 'normal')?.std ?? 0.02
  const critic: ModelPlan = { ...model, weights: [...body, { name: VALUE_HEAD, shape: [1, Number(model.config['hidden_size'])], init: 'normal', std, decay: true }] }
  critics.set(model, critic)
  return critic
}

/** What a `RewardModel` trains, with a config that `AutoModelForSequenceClassification` opens. */
export function withScoreHead(model: ModelPlan): ModelPlan {
  const known = scorers.get(model)
  if (known) return known
  const architectures = [model.config['architectures'] ?? []].flat().map((name) => String(name).replace('ForCausalLM', 'ForSequenceClassification'))
  const headed = withValueHead(model)
  const scorer: ModelPlan = { ...headed, config: { ...model.config, architectures, num_labels: 1 } }
  scorers.set(model, scorer)
  return scorer
}
