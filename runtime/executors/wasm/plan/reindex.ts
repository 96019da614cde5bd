// Index arithmetic: positions of a tensor as linear functions of loop counters, and what a reshape does to them.
// Does not know buffers or ops.

import { rowMajor } from './nest.js'

/** offset + Σ strides[loop] · counter[loop] */
export interface Linear {
  readonly offset: number
  readonly strides: readonly number[]
}

/** A loop that has to become two, the inner one of `by` trips, before an index is linear. */
export interface Split {
  readonly loop: number
  readonly by: number
}

export const shift = (index: Linear, by: number): Linear => ({ ...index, offset: index.offset + by })

export const mirror = (index: Linear, size: number): Linear => ({ offset: size - 1 - index.offset, strides: index.strides.map((stride) => -stride) })

/** The position in a row-major tensor of an index of each of its axes. */
export function flatten(index: readonly Linear[], shape: readonly number[], loops: number): Linear {
  const steps = rowMajor(shape)
  return {
    offset: index.reduce((sum, { offset }, axis) => sum + offset * (steps[axis] as number), 0),
    strides: Array.from({ length: loops }, (_, loop) => index.reduce((sum, { strides }, axis) => sum + (strides[loop] as number) * (steps[axis] as number), 0)),
  }
}

/**
 * The index of each axis of `shape` for a flat position: every term must fall inside the digit of one axis, without carries.
 * Undefined where that is not so for any split of the loops.
 */
export function unflatten({ offset, strides }: Linear, shape: readonly number[], loops: readonly number[]): readonly Linear[] | Split | undefined {
  const steps = rowMajor(shape)
  const digits = shape.map((size, axis) => ({ offset: Math.floor(offset / (steps[axis] as number)) % size, strides: loops.map(() => 0) }))
  for (let loop = 0; loop < loops.length; loop++) {
    const [stride, trips] = [strides[loop] as number, loops[loop] as number]
    if (stride === 0 || trips <= 1) continue
    const reach = Math.abs(stride)
    const axis = shape.findIndex((size, i) => size > 1 && reach >= (steps[i] as number) && reach < size * (steps[i] as number))
    const digit = digits[axis]
    const step = steps[axis]
    if (digit === undefined || step === undefined || reach % step !== 0) return undefined
    const room = ((shape[axis] as number) * step) / reach
    if (trips > room) return Number.isInteger(room) && trips % room === 0 ? { loop, by: room } : undefined
    digit.strides[loop] = stride / step
  }
  const carries = digits.some((digit, axis) => {
    const reach = digit.strides.map((stride, loop) => stride * ((loops[loop] as number) - 1))
    const [low, high] = [Math.min, Math.max].map((extreme) => digit.offset + reach.reduce((sum, each) => sum + extreme(each, 0), 0)) as [number, number]
    return low < 0 || high >= (shape[axis] as number)
  })
  return carries ? undefined : digits
}
