// The form between graph and code: one nest of loops that evaluates expressions on buffers and stores or reduces them.
// Does not know graph nodes (`fuse.ts` makes nests) nor instructions (`emit/loops.ts` writes them).

import type { DType, OpName } from '../../../../spec/graph/graph.js'

/** Elements of a buffer as a linear function of the loop counters. Offset and strides in elements. */
export interface Access {
  readonly buffer: number
  readonly offset: number
  readonly strides: readonly number[]
}

/** `args` are positions of earlier instructions. Values are lanes of 32 bits; `dtype` is the result's. */
export type Instruction =
  | { readonly kind: 'load'; readonly dtype: DType; readonly access: Access }
  | { readonly kind: 'index'; readonly dtype: DType; readonly offset: number; readonly strides: readonly number[] }
  | { readonly kind: 'apply'; readonly dtype: DType; readonly op: OpName; readonly args: readonly number[] }

export type Reduction = 'reduce_sum' | 'reduce_max' | 'reduce_min'

export interface Store {
  readonly value: number
  readonly access: Access
}

export interface Nest {
  /** Trip counts, outermost first. */
  readonly loops: readonly number[]
  /** How many loops there are before the reduced ones, which come last. */
  readonly outer: number
  readonly reduction?: Reduction
  readonly code: readonly Instruction[]
  readonly stores: readonly Store[]
}

export const accessKey = ({ buffer, offset, strides }: Access): string => `${buffer}:${offset}:${strides.join()}`

/** Strides of a contiguous row-major block. */
export function rowMajor(sizes: readonly number[]): number[] {
  const strides = new Array<number>(sizes.length)
  let step = 1
  for (let i = sizes.length - 1; i >= 0; i--) {
    strides[i] = step
    step *= sizes[i] as number
  }
  return strides
}

export const count = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1)

/** The same nest with loops of one trip dropped and neighbours merged wherever every access walks them as one. */
export function mergeLoops(nest: Nest): Nest {
  const linear = [...nest.stores.map(({ access }) => access.strides), ...nest.code.flatMap((each) => (each.kind === 'load' ? [each.access.strides] : each.kind === 'index' ? [each.strides] : []))]
  /** Each new loop: its size and the old loop whose strides it has. */
  const merged: { size: number; from: number; reduced: boolean }[] = []
  nest.loops.forEach((size, loop) => {
    if (size === 1) return
    const reduced = loop >= nest.outer
    const last = merged.at(-1)
    if (last && last.reduced === reduced && linear.every((strides) => strides[last.from] === (strides[loop] as number) * size)) {
      last.size *= size
      last.from = loop
    } else merged.push({ size, from: loop, reduced })
  })
  const pick = (strides: readonly number[]): number[] => merged.map(({ from }) => strides[from] as number)
  const access = (old: Access): Access => ({ ...old, strides: pick(old.strides) })
  return {
    ...nest,
    loops: merged.map(({ size }) => size),
    outer: merged.filter(({ reduced }) => !reduced).length,
    code: nest.code.map((each) => (each.kind === 'load' ? { ...each, access: access(each.access) } : each.kind === 'index' ? { ...each, strides: pick(each.strides) } : each)),
    stores: nest.stores.map((store) => ({ ...store, access: access(store.access) })),
  }
}
