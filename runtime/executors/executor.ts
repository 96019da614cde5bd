// The one interface behind which a graph runs: reference, wasm, tensorflow.
// Does not know what the graphs mean.

import type { DType, Graph } from '../../spec/graph/graph.js'

/** f32 → Float32Array (Float64Array on `reference`), i32 → Int32Array, u32 → Uint32Array, bool → Uint8Array. */
export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

/** Concrete sizes of the symbols of a graph. */
export type Bindings = Readonly<Record<string, number>>

export interface Executor {
  readonly name: string
  open(): Promise<Session>
}

/** Owns named state that stays where the computation is: weights, moments, caches. */
export interface Session {
  /** Create a zeroed state tensor; again with the same type is a no-op. */
  declare(name: string, dtype: DType, shape: readonly number[]): void
  write(name: string, data: TensorData | readonly number[]): void
  /** A copy of the state; a promise where it lies in another process or on a device. */
  read(name: string): TensorData | Promise<TensorData>
  /** States read or assigned by `graph` must have been declared. Loading the same graph with the same bindings again is cheap. */
  load(graph: Graph, bindings: Bindings): Program
  close(): void
}

export interface Program {
  /** Runs once. Feeds may be any typed array of the right length; fetched values are the caller's to keep. */
  run(feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>>
}
