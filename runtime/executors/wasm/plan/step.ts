// The schedule as data: buffers, and steps that read and write them.
// Does not say where buffers lie (`place.ts`) nor how steps run (`emit/module.ts`).

import type { DType } from '../../../../spec/graph/graph.js'
import type { Nest } from './nest.js'
import type { Packing } from './packing.js'

/** `pool` holds the constants of the program, `feed` and `arena` lie in the arena, `state` and `packed` in the session. */
export interface Buffer {
  readonly kind: 'arena' | 'feed' | 'state' | 'packed' | 'pool'
  /** Number of 32-bit elements. */
  readonly elements: number
  readonly name?: string
}

/** An integer, a float, or the address of an element of a buffer. */
export type Arg = number | { readonly float: number } | { readonly buffer: number; readonly offset: number }

/**
 * How a step is divided between threads: its items do not depend on each other, and each is computed the same way whoever does it.
 * Shares are whole grains. A kernel that can be divided takes the first item and the one behind the last as its last two parameters.
 */
export interface Division {
  readonly items: number
  readonly grain: number
}

/** Elements one by one, in whole cache lines. */
export const wholeLines = (elements: number): Division => ({ items: elements, grain: 16 })

/** `sharing` lists pairs (read, written) that may lie at the same address. */
export interface Step {
  readonly reads: readonly number[]
  readonly writes: readonly number[]
  readonly sharing: readonly (readonly [number, number])[]
  /** What a person calls the step, where it can fail. */
  readonly label?: string
  /** Absent where one thread does it all. */
  readonly division?: Division
  /** Rough amount of work, in operations on one element: little work is not divided. */
  readonly operations: number
  /** Elements of scratch memory that each thread needs; its address follows the arguments of the call. */
  readonly scratch?: number
  readonly work: { readonly kind: 'nest'; readonly nest: Nest } | { readonly kind: 'call'; readonly kernel: string; readonly args: readonly Arg[] }
}

export type Fetch = { readonly name: string; readonly dtype: DType; readonly buffer: number }
export type Assign = { readonly state: string; readonly buffer: number }

/** What lowering makes of a graph. Buffer 0 is the pool. */
export interface Schedule {
  readonly buffers: readonly Buffer[]
  readonly steps: readonly Step[]
  readonly feeds: readonly Fetch[]
  readonly fetches: readonly Fetch[]
  readonly assigns: readonly Assign[]
  /** What has to be packed before the program runs. */
  readonly packings: readonly Packing[]
  /** Bits of the constants. */
  readonly pool: readonly number[]
}

export const POOL = 0

export const at = (buffer: number, offset = 0): Arg => ({ buffer, offset })
