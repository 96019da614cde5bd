// One matrix product as a kernel call: how it is divided between threads, and the scratch memory it takes.
// Does not look at the graph (`calls.ts`, `composites.ts`).

import type { Lowering } from './lower.js'
import { panelsOf } from './packing.js'
import { at, type Arg } from './step.js'
import { gemmWorkspace } from './workspace.js'

/** What `assembly/gemm.ts` counts as items; of a packed matrix panels, not columns. */
const [ROWS, COLUMNS, STACK] = [0, 1, 2]

/** A matrix, or a stack of them, in a buffer. Strides in elements. */
export interface Matrix {
  readonly buffer: number
  readonly offset: number
  readonly row: number
  readonly column: number
  readonly batch: number
}

export interface ProductSizes {
  readonly m: number
  readonly n: number
  readonly k: number
  /** Matrices in the stack. */
  readonly stack?: number
  /** Add to what is there. */
  readonly accumulate?: boolean
}

/** out [stack, m, n] (+)= a [stack, m, k] · b [stack, k, n]; rows of `out` are adjacent. */
export function product(c: Lowering, a: Matrix, b: Matrix, out: { readonly buffer: number; readonly offset: number }, { m, n, k, stack = 1, accumulate = false }: ProductSizes): void {
  const packed = stack === 1 ? c.packed(b, n, k) : undefined
  const [kernel, right, from] = packed === undefined ? ['gemm', matrix(b), b.buffer] as const : ['gemm_packed', [at(packed)], packed] as const
  // Divided by matrices of the stack, else by the longer side of C: what belongs to the other one is packed by every thread, if it was not before.
  const [axis, items, grain] = stack > 1 ? [STACK, stack, 1] : m >= n ? [ROWS, m, 3] : packed === undefined ? [COLUMNS, n, 12] : [COLUMNS, panelsOf(n), 1]
  const left = packed === undefined ? matrix(a) : matrix(a).slice(0, 3)
  const into = packed === undefined ? [at(out.buffer, out.offset), n, m * n] : [at(out.buffer, out.offset), n]
  c.call(kernel, [...left, ...right, ...into, m, n, k, Number(accumulate), axis], [a.buffer, from, ...(accumulate ? [out.buffer] : [])], [out.buffer], {
    scratch: gemmWorkspace(m, n, k, packed !== undefined),
    division: { items, grain },
    operations: (m * n * k * stack) / 2,
  })
}

const matrix = ({ buffer, offset, row, column, batch }: Matrix): Arg[] => [at(buffer, offset), row, column, batch]
