// Composites that are written for XLA instead of being expanded: where its own way with the expansion is slow.
// What they mean is their expansion (`compiler/graph/composites`); all others are expanded.

import type { TensorType } from '../../../spec/graph/graph.js'
import type { FunctionBuilder, Ref } from './builder.js'
import { typed } from './graph-def.js'
import { iotaOf, reshape, sizes, type Row } from './ops.js'

/** [B,S,KV,D] as [B,KV,S,D] and back: what XLA's matrix products take without copying. */
export const swapped = (b: FunctionBuilder, x: Ref): Ref => b.node('Transpose', [x, b.constant('i32', [0, 2, 1, 3])], { T: typed('f32'), Tperm: typed('i32') })

export const composites: Readonly<Record<string, Row>> = {
  /** Writes only the entries, in place; the expansion writes the whole cache. A place outside becomes −1, which a scatter leaves out. */
  cache_write: ({ b, inputs: [cache, entry, at], types: [type] }) => {
    const [B, S, KV, D] = sizes(type as TensorType) as [number, number, number, number]
    const integers = (op: string, x: Ref, y: Ref): Ref => b.node(op, [x, y], { T: typed('i32') })
    const place = reshape(b, at as Ref, 'i32', [B, 1])
    const inside = b.node('LogicalAnd', [integers('Less', place, b.constant('i32', S)), integers('LessEqual', b.constant('i32', 0), place)], {})
    const line = integers('AddV2', integers('Mul', integers('AddV2', integers('Mul', iotaOf(b, 'i32', [B, 1], 0), b.constant('i32', KV)), iotaOf(b, 'i32', [1, KV], 1)), b.constant('i32', S)), place)
    const index = reshape(b, b.node('SelectV2', [inside, line, b.constant('i32', -1)], { T: typed('i32') }), 'i32', [B * KV, 1])
    const attr = { T: typed('f32'), Tindices: typed('i32') }
    const written = b.node('TensorScatterUpdate', [reshape(b, swapped(b, cache as Ref), 'f32', [B * KV * S, D]), index, reshape(b, entry as Ref, 'f32', [B * KV, D])], attr)
    return swapped(b, reshape(b, written, 'f32', [B, KV, S, D]))
  },
}
