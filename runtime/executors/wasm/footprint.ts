// How large the memory of a session gets, without computing anything: states and programs are placed as the session places them.
// The sizes of arenas come from the same schedules that would run.

import { evaluateDim } from '../../../spec/graph/dims.js'
import type { Graph } from '../../../spec/graph/graph.js'
import type { Bindings, Loop } from '../executor.js'
import { Blocks } from './blocks.js'
import { scratchBytes } from './emit/module.js'
import { MEETING_BYTES, operationsOf, prepared, roomOf, stagedBytes, TURN_BYTES, turnsAtMost } from './index.js'
import { PackedWeights } from './packed.js'
import { lower } from './plan/lower.js'
import type { Packing } from './plan/packing.js'
import { CAPACITY } from './queue.js'
import { isShared, WORTH } from './plan/phases.js'
import { place } from './plan/place.js'
import { Regions } from './regions.js'
import { defaultThreads } from './threads.js'

interface Bytes {
  readonly constants: number
  readonly packings: readonly Packing[]
  readonly arena: number
  /** Of each arena, and of what goes in and out of a run, where several run at once. */
  readonly room: number
  readonly staged: number
  readonly operations: number
  readonly turns: number
  readonly divided: boolean
  /** For each thread. */
  readonly scratch: number
}

/** What a program takes; schedules are made once for a graph and its sizes. */
export class Arenas {
  private readonly known = new WeakMap<Graph, Map<string, Bytes>>()

  of(graph: Graph, bindings: Bindings, loop?: Loop): Bytes {
    const sizes = this.known.get(graph) ?? new Map<string, Bytes>()
    this.known.set(graph, sizes)
    const key = JSON.stringify(Object.entries(bindings).sort())
    const known = sizes.get(key)
    if (known) return known
    const bound = prepared(graph, bindings)
    const schedule = lower(bound)
    const placement = place(schedule)
    const found = { constants: schedule.pool.length * 4, packings: schedule.packings, arena: placement.arenaBytes, scratch: scratchBytes(schedule), room: roomOf(placement), staged: stagedBytes(schedule, loop), operations: operationsOf(schedule), turns: turnsAtMost(loop, operationsOf(schedule)), divided: isShared(schedule, WORTH) }
    sizes.set(key, found)
    return found
  }
}

export class Footprint {
  private readonly blocks = new Blocks()
  private readonly states = new Set<string>()
  private readonly regions = new Regions(this.blocks)
  private readonly packed = new PackedWeights(this.blocks)
  private stride = 0

  constructor(
    private readonly arenas: Arenas,
    readonly threads = defaultThreads(),
  ) {
    this.blocks.allocate(MEETING_BYTES)
  }

  /** Bytes up to the last that is in use. */
  get peak(): number {
    return this.blocks.end
  }

  /** Bytes of the arena, which all programs share. */
  get arenaBytes(): number {
    return this.regions.arenaBytes
  }

  /** Declares a tensor of 32-bit numbers; returns its bytes, 0 when it was there. */
  declare(name: string, shape: readonly number[]): number {
    if (this.states.has(name)) return 0
    this.states.add(name)
    const bytes = shape.reduce((a, b) => a * b, 1) * 4
    this.blocks.allocate(bytes)
    this.blocks.allocate(TURN_BYTES)
    return bytes
  }

  /** Declares the states that a graph reads, under other names where `rename` says so; returns their bytes. */
  declareStates(graph: Graph, bindings: Bindings, rename: (name: string) => string = (name) => name): number {
    let bytes = 0
    for (const { op, attributes, type } of graph.nodes) {
      if (op !== 'input' || attributes['storage'] !== 'state') continue
      bytes += this.declare(rename(String(attributes['name'])), type.shape.map((dim) => evaluateDim(dim, bindings)))
    }
    return bytes
  }

  /** Loads a program and runs it, or a loop of it, `calls` times at once. */
  load(graph: Graph, bindings: Bindings, calls = 1, loop?: Loop): void {
    const { constants, packings, arena, scratch, room, staged, operations, turns, divided } = this.arenas.of(graph, bindings, loop)
    this.blocks.allocate(constants)
    this.packed.declare(packings)
    this.stride = Math.max(this.stride, scratch)
    this.regions.reserve('scratch', this.stride * this.threads)
    const together = operations * turns * calls >= WORTH.program ? Math.min(this.threads, calls) : 1
    if (together > 1 || (loop && !(this.threads > 1 && divided))) {
      this.regions.reserve('arena', room * together)
      this.regions.reserve('stage', staged * Math.min(calls, CAPACITY))
    } else this.regions.reserve('arena', arena)
  }
}
