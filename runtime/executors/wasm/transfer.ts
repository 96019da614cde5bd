// Between the caller's typed arrays and the memory: every element takes 32 bits there, a bool is 0 or −1.
// Does not allocate in the memory.

import type { DType } from '../../../spec/graph/graph.js'
import type { TensorData } from '../executor.js'
import type { Heap } from './memory.js'

export function copyIn(heap: Heap, address: number, dtype: DType, data: TensorData | readonly number[]): void {
  const at = address / 4
  if (dtype === 'f32') heap.floats.set(data, at)
  else if (dtype !== 'bool') heap.words.set(data, at)
  else {
    const words = heap.words
    for (let i = 0; i < data.length; i++) words[at + i] = data[i] === 0 ? 0 : -1
  }
}

/** A copy that belongs to the caller. */
export function copyOut(heap: Heap, address: number, dtype: DType, elements: number): TensorData {
  const at = address / 4
  switch (dtype) {
    case 'f32': return heap.floats.slice(at, at + elements)
    case 'i32': return heap.words.slice(at, at + elements)
    case 'u32': return new Uint32Array(heap.memory.buffer).slice(at, at + elements)
    case 'bool': return Uint8Array.from(heap.words.subarray(at, at + elements), (word) => word & 1)
  }
}
