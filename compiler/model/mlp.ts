// The plan of a multilayer perceptron that classifies vectors, from the attributes of an `Mlp`.
// Its programs are in `classifier.ts`.

import type { Span } from '../../grammar/source/source.js'
import type { CompileValue } from '../elaborate/value.js'
import type { LoweredModel } from './lowered.js'
import { Attributes } from '../elaborate/attributes.js'
import type { WeightPlan } from './weights.js'

/** Layer `index` of an MLP; the last one gives the logits. */
export const mlpLayer = (index: number): string => `layers.${index}`

/** Weights `[out, in]` are drawn from N(0, 2/in) (He et al., arXiv 1502.01852), biases start at zero. */
export function freshMlp(attributes: ReadonlyMap<string, CompileValue>, _span: Span): LoweredModel {
  const read = new Attributes(attributes)
  const sizes = [read.number('inputs', 1), ...read.numbers('hidden'), read.number('classes', 2)]
  const weights = sizes.slice(1).flatMap((out, layer): WeightPlan[] => {
    const fan = sizes[layer] as number
    return [
      { name: `${mlpLayer(layer)}.weight`, shape: [out, fan], init: 'normal', std: Math.sqrt(2 / fan), decay: true },
      ...(read.flag('bias') ? [{ name: `${mlpLayer(layer)}.bias`, shape: [out], init: 'zeros', std: 0, decay: false } as const] : []),
    ]
  })
  const config = { model_type: 'mlp', num_inputs: sizes[0] as number, hidden_sizes: sizes.slice(1, -1), num_labels: sizes.at(-1) as number, hidden_act: read.text('activation', 'relu'), bias: read.flag('bias') }
  return { model: { architecture: 'mlp', config, tokenizer: null, source: { scratch: true, seed: read.number('seed') }, weights }, diagnostics: [] }
}
