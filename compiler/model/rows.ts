// How the tokens of whole rows stand and attend: what scoring, gradients, critics and prefill have in common.

import type { ModelPlan } from '../../spec/plan/plan.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { attention, maskedAttention } from '../graph/composites.js'
import { attentionScale, type Mix } from './forward.js'
import { pathRows, visibleInRows, type PathRows } from './paths.js'
import { reweighedRows, type ReweighedRows } from './reweigh.js'
import { sizesOf } from './sizes.js'

export interface Rows {
  readonly positions: Value
  readonly mix: Mix
  /** The keys that `mix` attends to, where a `ReweighAttention` changed them. */
  readonly reweighed?: ReweighedRows
  /** Of a model that keeps paths apart. */
  readonly paths?: PathRows
}

/** tokens and positions i32 [B,T], positions counted from 0 in each text; `segments` i32 [B,T] of packed rows. */
export function wholeRows(b: GraphBuilder, model: ModelPlan, tokens: Value, positions: Value, segments?: Value): Rows {
  const scale = attentionScale(sizesOf(model))
  const reweighed = model.attention && reweighedRows(b, model.attention, tokens, positions)
  const keys = reweighed?.keys ?? ((_: number, k: Value) => k)
  const changed = reweighed ? { reweighed } : {}
  if (!model.paths) return { positions, mix: (layer, q, k, v) => attention(b, q, keys(layer, k), v, segments ? { scale, segments } : { scale }), ...changed }
  const paths = pathRows(b, model.paths, tokens, positions)
  const visible = visibleInRows(b, paths, segments)
  return { positions: paths.positions, mix: (layer, q, k, v) => maskedAttention(b, q, keys(layer, k), v, { scale, visible }), paths, ...changed }
}
