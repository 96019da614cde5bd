// The forward pass of a decoder-only transformer (RMS norm, rotary positions, SwiGLU, grouped-query attention), as a graph.
// Does not choose how tokens attend: whole rows and single decoded tokens bring their own `Mix`.

import type { Dim } from '../../spec/graph/graph.js'
import { adapterNames } from '../../spec/plan/adapters.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { rmsNorm, rotary } from '../graph/composites.js'
import type { Chain } from '../graph/recompute.js'
import { attentionFactor, scaledFrequencies } from './rotary-scaling.js'
import type { TransformerSizes } from './sizes.js'
import { EMBEDDING, FINAL_NORM, headName, layerWeight, POSITIONS, type WeightPlan } from './weights.js'

/** The weights of a model as states `w/NAME` of one graph. */
export class Weights {
  private readonly plans: ReadonlyMap<string, WeightPlan>

  constructor(
    private readonly b: GraphBuilder,
    private readonly model: Pick<ModelPlan, 'weights' | 'adapter'>,
    /** Leaves out inputs of adapters, as training does; absent where nothing is left out. */
    private readonly dropout?: Dropout,
  ) {
    this.plans = new Map(model.weights.map((plan) => [plan.name, plan]))
  }

  has(name: string): boolean {
    return this.plans.has(name)
  }

  get(name: string): Value {
    const plan = this.plans.get(name)
    if (!plan) throw new Error(`model plan: no weight "${name}"`)
    return this.b.input(`w/${name}`, 'f32', plan.shape, 'state')
  }

  /** x […, in] times the matrix [out, in] of `name`, plus what an adapter beside it adds: scale · B A x (arXiv 2106.09685, eq. 3). */
  product(name: string, x: Value): Value {
    const w = this.get(`${name}.weight`)
    // One matrix product over all rows: batched products would read the weights once for each row.
    const rows = this.b.mergeAxes(x, 0, -2)
    const y = this.b.matmul(rows, w, { transposeB: true })
    return this.b.reshape(this.adapted(name, rows, y), [...x.shape.slice(0, -1), w.shape[0] as Dim])
  }

  private adapted(name: string, rows: Value, y: Value): Value {
    const { b } = this
    const [a, up] = adapterNames(name)
    if (!this.model.adapter || !this.has(a)) return y
    const low = b.matmul(this.dropout?.(b, name, rows) ?? rows, this.get(a), { transposeB: true })
    return b.add(y, b.mul(b.matmul(low, this.get(up), { transposeB: true }), this.model.adapter.scale))
  }
}

/** The inputs [n, in] of the adapter of `name` without a random share, the rest scaled up. */
export type Dropout = (b: GraphBuilder, name: string, rows: Value) => Value

/** Mixes the tokens of one layer: rotated queries [B,T,H,Dh] and keys, values [B,T,KV,Dh] → [B,T,H,Dh]. */
export type Mix = (layer: number, q: Value, k: Value, v: Value) => Value

/** The tokens whose hidden states are wanted: […,T,n] → […,t,n]. */
export type Choice = (x: Value) => Value

const all: Choice = (x) => x

/** tokens and positions i32 [B,T] → hidden states [B,T,D] before the final norm; of those of `chosen` alone, where it is given. */
export function hiddenStates(b: GraphBuilder, sizes: TransformerSizes, weights: Weights, tokens: Value, positions: Value, mix: Mix, chosen = all): Value {
  return layerChain(b, sizes, weights, tokens, positions, mix, chosen).points.at(-1) as Value
}

/** As `hiddenStates`, with what enters each layer. */
export function layerChain(b: GraphBuilder, sizes: TransformerSizes, weights: Weights, tokens: Value, positions: Value, mix: Mix, chosen = all): Chain {
  const again = (layer: number, x: Value): Value => {
    // Tokens of the last layer see what others attend to, but nothing else of them.
    const wanted = layer === sizes.layers - 1 ? chosen : all
    const attended = b.add(wanted(x), attentionBlock(b, sizes, weights, layer, x, positions, mix, wanted))
    return b.add(attended, mlpBlock(b, sizes, weights, layer, attended))
  }
  const points = [embedded(b, sizes, weights, tokens, positions)]
  for (let layer = 0; layer < sizes.layers; layer++) points.push(again(layer, points[layer] as Value))
  return { points, again }
}

/** Embeddings of tokens and, where they are learned, of positions (arXiv 1706.03762, 3.5); later positions have none. */
function embedded(b: GraphBuilder, { learnedPositions: count, width, context }: TransformerSizes, weights: Weights, tokens: Value, positions: Value): Value {
  const x = b.gather(weights.get(EMBEDDING), tokens)
  if (count === 0) return x
  const table = weights.get(POSITIONS)
  if (count >= context) return b.add(x, b.gather(table, positions))
  const known = b.lt(positions, count)
  const row = b.gather(table, b.where(known, positions, 0))
  return b.add(x, b.where(b.spread(known, [...positions.shape, width], -1), row, 0))
}

/** The final norm, after which `head` maps to logits. */
export const finalNorm = (b: GraphBuilder, sizes: TransformerSizes, weights: Weights, x: Value): Value => rmsNorm(b, x, weights.get(FINAL_NORM), { eps: sizes.normEps })

/** The matrix [V,D] of the output head. */
export const headMatrix = (sizes: TransformerSizes, weights: Weights): Value => weights.get(headName(sizes))

export const attentionScale = ({ headSize, rotaryScaling }: TransformerSizes): number => attentionFactor(rotaryScaling) / Math.sqrt(headSize)

function attentionBlock(b: GraphBuilder, sizes: TransformerSizes, weights: Weights, layer: number, x: Value, positions: Value, mix: Mix, wanted: Choice): Value {
  const part = (name: string): string => layerWeight(layer, `self_attn.${name}`)
  const eps = { eps: sizes.normEps }
  const rotate = { base: sizes.rotaryBase, frequencies: scaledFrequencies(b, sizes.rotaryScaling, { size: sizes.headSize, base: sizes.rotaryBase }) }
  const normed = rmsNorm(b, x, weights.get(layerWeight(layer, 'input_layernorm.weight')), eps)
  const heads = (name: string, count: number): Value => b.splitAxis(linear(b, weights, part(name), normed), -1, count)
  const headNorm = (name: string, y: Value): Value => (sizes.headNorm ? rmsNorm(b, y, weights.get(part(name)), eps) : y)
  const q = rotary(b, headNorm('q_norm.weight', heads('q_proj', sizes.heads)), positions, rotate)
  const k = rotary(b, headNorm('k_norm.weight', heads('k_proj', sizes.kvHeads)), positions, rotate)
  const mixed = mix(layer, q, k, heads('v_proj', sizes.kvHeads))
  return linear(b, weights, part('o_proj'), wanted(b.mergeAxes(mixed, -2, -1)))
}

function mlpBlock(b: GraphBuilder, sizes: TransformerSizes, weights: Weights, layer: number, x: Value): Value {
  const part = (name: string): string => layerWeight(layer, `mlp.${name}`)
  const normed = rmsNorm(b, x, weights.get(layerWeight(layer, 'post_attention_layernorm.weight')), { eps: sizes.normEps })
  const gated = b.mul(b.silu(linear(b, weights, part('gate_proj'), normed)), linear(b, weights, part('up_proj'), normed))
  return linear(b, weights, part('down_proj'), gated)
}

/** x […, in] times the matrix [out, in], plus the bias where the model has one. */
function linear(b: GraphBuilder, weights: Weights, name: string, x: Value): Value {
  const y = weights.product(name, x)
  return weights.has(`${name}.bias`) ? b.add(y, weights.get(`${name}.bias`)) : y
}
