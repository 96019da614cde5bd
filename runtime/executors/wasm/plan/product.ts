// One matrix product as a kernel call: how it is divided between threads, and the scratch memory it takes.
// Does not look at the graph (`calls.ts`, `composites.ts`).

import type { Lowering } from './lower.js'
import { at } from './step.js'
import { gemmWorkspace } from './workspace.js'

/** What `assembly/gemm.ts` counts as items. */
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
  // Divided by matrices of the stack, else by the longer side of C: what belongs to the other one is packed by every thread.
  const [axis, items, grain] = stack > 1 ? [STACK, stack, 1] : m >= n ? [ROWS, m, 3] : [COLUMNS, n, 12]
  const matrix = ({ buffer, offset, row, column, batch }: Matrix) => [at(buffer, offset), row, column, batch]
  c.call('gemm', [...matrix(a), ...matrix(b), at(out.buffer, out.offset), n, m * n, m, n, k, Number(accumulate), axis], [a.buffer, b.buffer, ...(accumulate ? [out.buffer] : [])], [out.buffer], {
    scratch: gemmWorkspace(m, n, k),
    division: { items, grain },
    operations: (m * n * k * stack) / 2,
  })
}
