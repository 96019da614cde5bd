// The dtypes of the format in PyTorch: `f32` is whatever the inputs have, u32 lives in int64.
// Does not convert values; `rows.ts` prints conversions.

import type { DType } from '../../../spec/graph/graph.js'

/** Inputs that new tensors resemble: the dtype of floats, and the device of all. */
export interface Like {
  readonly float: string | undefined
  readonly device: string | undefined
}

export const KINDS = { i32: 'torch.int32', u32: 'torch.int64', bool: 'torch.bool', f32: 'torch.get_default_dtype()' } as const satisfies Record<DType, string>

export const floatKind = ({ float }: Like): string => (float === undefined ? KINDS.f32 : `${float}.dtype`)

/** The keywords of a function that makes a tensor. */
export function factory(dtype: DType, like: Like): string[] {
  return [`dtype=${dtype === 'f32' ? floatKind(like) : KINDS[dtype]}`, ...(like.device === undefined ? [] : [`device=${like.device}.device`])]
}
