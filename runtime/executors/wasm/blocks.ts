// Which bytes of a linear memory are in use: blocks, first fit, neighbours merged. Arithmetic only, so that `footprint.ts` can ask
// how large a memory would get without having one.

const PAGE = 65_536
/** The kernels' own constants lie below. */
const START = PAGE
export const ALIGNMENT = 64

const rounded = (size: number): number => Math.max(ALIGNMENT, Math.ceil(size / ALIGNMENT) * ALIGNMENT)

export class Blocks {
  /** Free blocks by address, never adjacent. */
  private readonly free: { start: number; end: number }[] = []
  /** Behind the last block that was ever taken. */
  end = START

  /** Address of a block. `grow` is called with the new end before anything changes, and may throw. */
  allocate(size: number, grow: (end: number) => void = () => {}): number {
    const bytes = rounded(size)
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
    grow(start + bytes)
    if (start !== this.end) this.free.pop()
    this.end = start + bytes
    return start
  }

  release(start: number, size: number): void {
    const end = start + rounded(size)
    this.free.push({ start, end })
    this.free.sort((a, b) => a.start - b.start)
    for (let i = this.free.length - 1; i > 0; i--) {
      const [low, high] = [this.free[i - 1], this.free[i]] as [{ start: number; end: number }, { start: number; end: number }]
      if (low.end !== high.start) continue
      low.end = high.end
      this.free.splice(i, 1)
    }
  }
}
