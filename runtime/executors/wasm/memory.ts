// One linear memory for states and arenas, grown on demand and shared by threads. Which bytes are in use is in `blocks.ts`; what lies in them is the session's.

import { Blocks } from './blocks.js'

const PAGE = 65_536
const MAXIMUM_PAGES = 65_536
/** Vector loads may read past the end of the last block. */
const SLACK = 1024

export class OutOfMemory extends Error {
  constructor(readonly wanted: number, readonly used: number) {
    super(`out of memory: ${mebibytes(wanted)} more wanted, ${mebibytes(used)} of the 4096 MiB of a WebAssembly memory in use; use a smaller batch, fewer tokens or a smaller model`)
    this.name = 'OutOfMemory'
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

export class Heap {
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: MAXIMUM_PAGES, shared: true })
  private readonly blocks = new Blocks()

  /** Address of a block of zeroed or stale bytes. Throws OutOfMemory. */
  allocate(size: number): number {
    return this.blocks.allocate(size, (end) => this.reserve(end))
  }

  release(start: number, size: number): void {
    this.blocks.release(start, size)
  }

  /** Views are made for each use: those made before do not reach what the memory has grown by. */
  get words(): Int32Array {
    return new Int32Array(this.memory.buffer)
  }
  get floats(): Float32Array {
    return new Float32Array(this.memory.buffer)
  }
  /** Behind the last block that was ever taken. */
  get used(): number {
    return this.blocks.end
  }
  get bytes(): number {
    return this.memory.buffer.byteLength
  }

  private reserve(end: number): void {
    const pages = Math.ceil((end + SLACK) / PAGE) - this.memory.buffer.byteLength / PAGE
    if (pages <= 0) return
    if (this.memory.buffer.byteLength / PAGE + pages > MAXIMUM_PAGES) throw new OutOfMemory(end - this.blocks.end, this.blocks.end)
    try {
      this.memory.grow(pages)
    } catch {
      throw new OutOfMemory(end - this.blocks.end, this.blocks.end)
    }
  }
}
