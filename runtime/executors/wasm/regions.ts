// The memory that runs leave nothing in, in one block of a session's memory: what goes in and out of queued runs, scratch, the arena.
// Grows as a whole, since a region that grew alone would leave a hole behind. Does not know what lies where in a region.

import { ALIGNMENT } from './blocks.js'

/** In the order of their addresses. */
const REGIONS = ['stage', 'scratch', 'arena'] as const
type RegionName = (typeof REGIONS)[number]

interface Memory {
  allocate(bytes: number): number
  release(address: number, bytes: number): void
}

export class Regions {
  private readonly sizes: Record<RegionName, number> = { stage: 0, scratch: 0, arena: 0 }
  private address = 0

  constructor(private readonly memory: Memory) {}

  /** Makes a region large enough. All regions may move, and what they held is lost. */
  reserve(region: RegionName, bytes: number): void {
    if (bytes <= this.sizes[region]) return
    const before = this.bytes
    if (before > 0) this.memory.release(this.address, before)
    const sizes = { ...this.sizes, [region]: Math.ceil(bytes / ALIGNMENT) * ALIGNMENT }
    // `allocate` may throw: then nothing is reserved.
    Object.assign(this.sizes, { stage: 0, scratch: 0, arena: 0 })
    this.address = this.memory.allocate(sizes.stage + sizes.scratch + sizes.arena)
    Object.assign(this.sizes, sizes)
  }

  get stage(): number {
    return this.address
  }

  get scratch(): number {
    return this.stage + this.sizes.stage
  }

  get arena(): number {
    return this.scratch + this.sizes.scratch
  }

  get arenaBytes(): number {
    return this.sizes.arena
  }

  private get bytes(): number {
    return REGIONS.reduce((sum, region) => sum + this.sizes[region], 0)
  }
}
