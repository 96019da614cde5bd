// Tensors of the reference executor: flat row-major arrays, f32 held as float64.
// Does not compute; `evaluate.ts` does.

import type { DType } from '../../../spec/graph/graph.js'
import type { TensorData } from '../executor.js'

export type Sizes = readonly number[]

export interface Tensor {
  readonly dtype: DType
  readonly shape: Sizes
  readonly data: TensorData
}

export const count = (shape: Sizes): number => shape.reduce((product, size) => product * size, 1)

export function zeros(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'f32': return new Float64Array(length)
    case 'i32': return new Int32Array(length)
    case 'u32': return new Uint32Array(length)
    case 'bool': return new Uint8Array(length)
  }
}

/** A copy of some numbers as the data of a dtype. */
export function dataOf(dtype: DType, numbers: ArrayLike<number>): TensorData {
  const data = zeros(dtype, numbers.length)
  data.set(numbers)
  return data
}

/** Elements between neighbours along each axis. */
export function strides(shape: Sizes): number[] {
  const result = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = step
    step *= shape[axis] as number
  }
  return result
}

/**
 * Visits the positions of `shape` in row-major order and gives for each its offset under other strides: transpose, broadcast
 * (stride 0), slice (start), reverse (negative stride) and reductions are all this walk.
 */
export function walk(shape: Sizes, steps: Sizes, start = 0): Int32Array {
  const offsets = new Int32Array(count(shape))
  const at = new Array<number>(shape.length).fill(0)
  let offset = start
  for (let i = 0; i < offsets.length; i++) {
    offsets[i] = offset
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += steps[axis] as number
      if (++(at[axis] as number) < (shape[axis] as number)) break
      offset -= (steps[axis] as number) * (shape[axis] as number)
      at[axis] = 0
    }
  }
  return offsets
}
