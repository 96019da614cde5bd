// The packed weights of a session: one copy for each state and way to read it, made anew when the state has changed since.
// Does not choose what is packed (`plan/packing.ts`).

import { packedElements, packedName, type Packing } from './plan/packing.js'

interface Memory {
  allocate(bytes: number): number
}

interface Copy {
  readonly address: number
  /** Of the state that it was made from; undefined before the first time. */
  version: number | undefined
}

/** Where a state lies, and how often it has changed. */
interface Source {
  readonly address: number
  readonly version: number
}

/** `assembly/gemm.ts` */
export type Pack = (matrix: number, row: number, column: number, n: number, k: number, to: number) => void

export class PackedWeights {
  private readonly copies = new Map<string, Copy>()

  constructor(private readonly memory: Memory) {}

  /** Finds room for what a program has packed. */
  declare(packings: readonly Packing[]): void {
    for (const packing of packings) {
      const name = packedName(packing)
      if (!this.copies.has(name)) this.copies.set(name, { address: this.memory.allocate(packedElements(packing.n, packing.k) * 4), version: undefined })
    }
  }

  address(name: string): number {
    return this.copy(name).address
  }

  /** Packs what has changed. */
  refresh(packings: readonly Packing[], source: (state: string) => Source, pack: Pack): void {
    for (const packing of packings) {
      const [copy, { address, version }] = [this.copy(packedName(packing)), source(packing.state)]
      if (copy.version === version) continue
      pack(address, packing.row, packing.column, packing.n, packing.k, copy.address)
      copy.version = version
    }
  }

  private copy(name: string): Copy {
    const copy = this.copies.get(name)
    if (!copy) throw new Error(`nothing is packed as "${name}"`)
    return copy
  }
}
