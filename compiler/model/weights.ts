// The weight tensors of a transformer in their fixed order, under the names of its Hugging Face file.
// Does not hold values: a new model is drawn at run time as `init` says.

import type { ModelPlan } from '../../spec/plan/plan.js'
import type { TransformerSizes } from './sizes.js'

export type WeightPlan = ModelPlan['weights'][number]

/** Name of layer `layer`'s tensor `part`, e.g. `model.layers.0.self_attn.q_proj.weight`. */
export const layerWeight = (layer: number, part: string): string => `model.layers.${layer}.${part}`

export const EMBEDDING = 'model.embed_tokens.weight'
export const POSITIONS = 'model.embed_positions.weight'
export const FINAL_NORM = 'model.norm.weight'
export const headName = (sizes: TransformerSizes): string => (sizes.tied ? EMBEDDING : 'lm_head.weight')

/** Matrices are `[out, in]`, drawn from a normal distribution with deviation `std`; norms start at one, biases at zero; only matrices decay. */
export function weightsOf(sizes: TransformerSizes, std: number): WeightPlan[] {
  const { width, mlp, vocabulary, headSize } = sizes
  const [queries, keys] = [sizes.heads * headSize, sizes.kvHeads * headSize]
  const matrix = (name: string, rows: number, columns: number): WeightPlan => ({ name, shape: [rows, columns], init: 'normal', std, decay: true })
  const norm = (name: string, size: number): WeightPlan => ({ name, shape: [size], init: 'ones', std: 0, decay: false })
  const linear = (name: string, rows: number, columns: number, bias: boolean): WeightPlan[] => [
    matrix(`${name}.weight`, rows, columns),
    ...(bias ? [{ name: `${name}.bias`, shape: [rows], init: 'zeros', std: 0, decay: false } as const] : []),
  ]
  const layer = (index: number): WeightPlan[] => {
    const at = (part: string): string => layerWeight(index, part)
    return [
      norm(at('input_layernorm.weight'), width),
      ...linear(at('self_attn.q_proj'), queries, width, sizes.qkvBias),
      ...linear(at('self_attn.k_proj'), keys, width, sizes.qkvBias),
      ...linear(at('self_attn.v_proj'), keys, width, sizes.qkvBias),
      ...(sizes.headNorm ? [norm(at('self_attn.q_norm.weight'), headSize), norm(at('self_attn.k_norm.weight'), headSize)] : []),
      ...linear(at('self_attn.o_proj'), width, queries, sizes.outputBias),
      norm(at('post_attention_layernorm.weight'), width),
      ...linear(at('mlp.gate_proj'), mlp, width, sizes.mlpBias),
      ...linear(at('mlp.up_proj'), mlp, width, sizes.mlpBias),
      ...linear(at('mlp.down_proj'), width, mlp, sizes.mlpBias),
    ]
  }
  return [
    matrix(EMBEDDING, vocabulary, width),
    ...(sizes.learnedPositions > 0 ? [matrix(POSITIONS, sizes.learnedPositions, width)] : []),
    ...Array.from({ length: sizes.layers }, (_, index) => layer(index)).flat(),
    norm(FINAL_NORM, width),
    ...(sizes.tied ? [] : [matrix(headName(sizes), vocabulary, width)]),
  ]
}

/** Router and experts of every layer, beside the dense part; the experts of a layer are one tensor for each of their two maps, as transformers 5 holds them. */
export function expertsOf({ layers, width }: TransformerSizes, { count, idle, width: inner }: { readonly count: number; readonly idle: number; readonly width: number }, std: number): WeightPlan[] {
  return Array.from({ length: layers }, (_, index): WeightPlan[] => {
    const tensor = (name: string, ...shape: number[]): WeightPlan => ({ name: layerWeight(index, `mlp.${name}`), shape, init: 'normal', std, decay: true })
    return [tensor('router.weight', count + idle, width), tensor('experts.gate_up_proj', count, 2 * inner, width), tensor('experts.down_proj', count, width, inner)]
  }).flat()
}
