// One linear memory: blocks for states and arenas, grown on demand.
// Does not know what lies in a block.

const PAGE = 65_536
const MAXIMUM_PAGES = 65_536
/** The kernels' own constants lie below. */
const START = PAGE
const ALIGNMENT = 64
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
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: MAXIMUM_PAGES })
  /** Free blocks by address, never adjacent. */
  private readonly free: { start: number; end: number }[] = []
  private end = START

  /** Address of a block of zeroed or stale bytes. Throws OutOfMemory. */
  allocate(size: number): number {
    const bytes = Math.max(ALIGNMENT, Math.ceil(size / ALIGNMENT) * ALIGNMENT)
    const index = this.free.findIndex(({ start, end }) => end - start >= bytes)
    const block = this.free[index]
    if (block) {
      const { start } = block
      block.start += bytes
      if (block.start === block.end) this.free.splice(index, 1)
      return start
    }
    // A free block at the end grows.
    const last = this.free.at(-1)
    const start = last?.end === this.end ? last.start : this.end
    this.reserve(start + bytes)
    if (start !== this.end) this.free.pop()
    this.end = start + bytes
    return start
  }

  release(start: number, size: number): void {
    const end = start + Math.max(ALIGNMENT, Math.ceil(size / ALIGNMENT) * ALIGNMENT)
    this.free.push({ start, end })
    this.free.sort((a, b) => a.start - b.start)
    for (let i = this.free.length - 1; i > 0; i--) {
      const [low, high] = [this.free[i - 1], this.free[i]] as [{ start: number; end: number }, { start: number; end: number }]
      if (low.end !== high.start) continue
      low.end = high.end
      this.free.splice(i, 1)
    }
  }

  /** Views are made for each use: growing the memory detaches them. */
  get words(): Int32Array {
    return new Int32Array(this.memory.buffer)
  }
  get floats(): Float32Array {
    return new Float32Array(this.memory.buffer)
  }
  get bytes(): number {
    return this.memory.buffer.byteLength
  }

  private reserve(end: number): void {
    const pages = Math.ceil((end + SLACK) / PAGE) - this.memory.buffer.byteLength / PAGE
    if (pages <= 0) return
    if (this.memory.buffer.byteLength / PAGE + pages > MAXIMUM_PAGES) throw new OutOfMemory(end - this.end, this.end)
    try {
      this.memory.grow(pages)
    } catch {
      throw new OutOfMemory(end - this.end, this.end)
    }
  }
}
