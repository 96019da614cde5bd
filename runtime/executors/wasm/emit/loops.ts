// Writes one nest of loops as a WebAssembly function: four lanes along one loop, sums in float64, invariants outside.
// Function parameters: first and last trip of the outermost loop (so that workers can share it), then one pointer for each buffer.

import type { DType } from '../../../../spec/graph/graph.js'
import { accessKey, mergeLoops, type Access, type Instruction, type Nest, type Store } from '../plan/nest.js'
import { wholeLines, type Division } from '../plan/step.js'
import { FunctionWriter, op, simd } from './encoder.js'
import { lanes, type Call } from './lanes.js'

const LOW = 0
const HIGH = 1
const FIRST_BUFFER = 2
const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
const LOWEST: Readonly<Record<DType, number>> = { f32: 0xff800000 | 0, i32: 0x80000000 | 0, u32: 0, bool: 0 }
const HIGHEST: Readonly<Record<DType, number>> = { f32: 0x7f800000, i32: 0x7fffffff, u32: -1, bool: -1 }

/** `buffers` gives the order of the pointer parameters: buffer ids of the nest. */
export function writeNest(source: Nest, buffers: readonly number[], call: Call): FunctionWriter {
  return new NestWriter(mergeLoops(source), buffers, call).write()
}

/** Trips of the outermost loop, which threads may share; undefined where the nest must run as a whole. */
export function divisionOf(source: Nest): Division | undefined {
  const nest = mergeLoops(source)
  if (nest.outer === 0) return undefined
  // Where that loop is walked four trips at a time, shares are whole cache lines.
  const trips = nest.loops[0] as number
  return nest.outer === 1 ? wholeLines(trips) : { items: trips, grain: 1 }
}

class NestWriter {
  private readonly f: FunctionWriter
  private readonly loops: readonly number[]
  private readonly outer: number
  /** The loop that is walked four trips at a time. */
  private readonly vector: number
  private readonly counters: number[]
  private readonly pointers = new Map<string, { access: Access; local: number }>()
  private readonly values: number[]
  private readonly depths: number[]
  private readonly accumulators: [number, number][]

  constructor(
    private readonly nest: Nest,
    private readonly buffers: readonly number[],
    private readonly call: Call,
  ) {
    this.f = new FunctionWriter(['i32', 'i32', ...buffers.map(() => 'i32' as const)])
    this.loops = nest.loops
    this.outer = nest.outer
    this.vector = this.chooseVector()
    this.counters = this.loops.map(() => this.f.local('i32'))
    for (const each of nest.code) if (each.kind === 'load') this.pointer(each.access)
    for (const store of nest.stores) this.pointer(store.access)
    this.values = nest.code.map(() => this.f.local('v128'))
    this.depths = []
    for (const each of nest.code) this.depths.push(this.depthOf(each))
    this.accumulators = nest.reduction ? nest.stores.map(() => [this.f.local('v128'), this.f.local('v128')]) : []
  }

  write(): FunctionWriter {
    for (const { access, local } of this.pointers.values()) {
      this.f.get(FIRST_BUFFER + this.buffers.indexOf(access.buffer))
      if (access.offset !== 0) this.f.i32(access.offset * 4).emit(op.i32_add)
      const step = this.outer > 0 ? (access.strides[0] as number) : 0
      if (step !== 0) this.f.get(LOW).i32(step * 4).emit(op.i32_mul, op.i32_add)
      this.f.set(local)
    }
    this.level(0, 1)
    return this.f
  }

  /** The innermost map loop or the innermost reduced one, whichever more loads walk contiguously. */
  private chooseVector(): number {
    const [map, reduced] = [this.outer - 1, this.loops.length - 1]
    if (!this.nest.reduction || this.outer === this.loops.length) return map
    if (map < 0) return reduced
    const contiguous = (loop: number): number => this.nest.code.filter((each) => each.kind === 'load' && each.access.strides[loop] === 1).length
    const useful = (loop: number): number => ((this.loops[loop] as number) >= 4 ? contiguous(loop) : 0)
    return useful(map) > useful(reduced) ? map : reduced
  }

  private pointer(access: Access): number {
    const key = accessKey(access)
    const known = this.pointers.get(key) ?? { access, local: this.f.local('i32') }
    this.pointers.set(key, known)
    return known.local
  }

  /** Number of loops that a value depends on being inside of. */
  private depthOf(each: Instruction): number {
    if (each.kind === 'apply') return Math.max(0, ...each.args.map((arg) => this.depths[arg] as number))
    const strides = each.kind === 'load' ? each.access.strides : each.strides
    return 1 + strides.findLastIndex((stride) => stride !== 0)
  }

  /** Everything inside the first `depth` loops, for `width` valid lanes of the vector loop. */
  private level(depth: number, width: number): void {
    if (depth === this.outer && this.nest.reduction) this.openAccumulators()
    this.nest.code.forEach((each, i) => {
      if (this.depths[i] === depth) this.evaluate(each, i, width)
    })
    if (depth < this.loops.length) this.loop(depth, width)
    else if (this.nest.reduction) this.nest.stores.forEach((store, i) => this.accumulate(store, i, width))
    else for (const store of this.nest.stores) this.storeMap(store, width)
    if (depth === this.outer && this.nest.reduction) this.closeAccumulators(width)
  }

  private loop(depth: number, width: number): void {
    const { f } = this
    const size = this.loops[depth] as number
    const shared = depth === 0 && this.outer > 0
    const step = depth === this.vector ? 4 : 1
    const whole = size - (size % step)
    const counter = this.counters[depth] as number
    if (shared) f.get(LOW).set(counter)
    else f.i32(0).set(counter)
    const run = (): void => {
      f.loop(() => {
        this.level(depth + 1, step === 4 ? 4 : width)
        this.advance(depth, step)
        f.get(counter).i32(step).emit(op.i32_add).tee(counter)
        this.limit(shared, whole)
        f.emit(op.i32_lt_s, op.br_if, 0)
      })
    }
    if (whole > 0 && !shared) run()
    else if (whole > 0) {
      f.get(counter)
      this.limit(shared, whole)
      f.emit(op.i32_lt_s).if(run)
    }
    if (size > whole) {
      const tail = (): void => this.level(depth + 1, size - whole)
      if (shared) f.get(HIGH).i32(size).emit(op.i32_eq).if(tail)
      else tail()
    }
    if (depth > 0) this.advance(depth, -whole)
  }

  /** Pushes the end of a loop: for the shared one, the caller's, but never into the tail. */
  private limit(shared: boolean, whole: number): void {
    if (shared) this.f.get(HIGH).i32(whole).get(HIGH).i32(whole).emit(op.i32_lt_s, op.select)
    else this.f.i32(whole)
  }

  private advance(depth: number, trips: number): void {
    for (const { access, local } of this.pointers.values()) {
      const by = (access.strides[depth] as number) * trips * 4
      if (by !== 0) this.f.get(local).i32(by).emit(op.i32_add).set(local)
    }
  }

  private evaluate(each: Instruction, i: number, width: number): void {
    const { f } = this
    if (each.kind === 'load') this.load(each.access, width)
    else if (each.kind === 'index') this.index(each.offset, each.strides, each.dtype)
    else {
      const emit = lanes[each.op]
      if (!emit) throw new Error(`${each.op} is not element-wise`)
      const locals = each.args.map((arg) => this.values[arg] as number)
      for (const local of locals) f.get(local)
      emit(f, (this.nest.code[each.args[0] as number] as Instruction).dtype, each.dtype, this.call, locals)
    }
    f.set(this.values[i] as number)
  }

  private load(access: Access, width: number): void {
    const { f } = this
    const local = this.pointer(access)
    const stride = this.vector < 0 ? 0 : (access.strides[this.vector] as number)
    if (stride === 0) f.get(local).memory(simd.v128_load32_splat)
    else if (stride === 1) f.get(local).memory(simd.v128_load)
    else {
      f.get(local).memory(simd.v128_load32_zero).set(this.scratch())
      // Lanes beyond the end are not read: they may lie outside of the memory.
      for (let lane = 1; lane < width; lane++) {
        f.get(local).i32(stride * lane * 4).emit(op.i32_add).get(this.scratch()).memory(simd.v128_load32_lane, 0, lane).set(this.scratch())
      }
      f.get(this.scratch())
    }
  }

  private scratchLocal: number | undefined
  private scratch(): number {
    return (this.scratchLocal ??= this.f.local('v128'))
  }

  private index(offset: number, strides: readonly number[], dtype: DType): void {
    const { f } = this
    f.i32(offset)
    strides.forEach((stride, loop) => {
      if (stride !== 0) f.get(this.counters[loop] as number).i32(stride).emit(op.i32_mul, op.i32_add)
    })
    f.simd(simd.i32x4_splat)
    const step = this.vector < 0 ? 0 : (strides[this.vector] as number)
    if (step !== 0) f.vector([0, step, 2 * step, 3 * step]).simd(simd.i32x4_add)
    if (dtype === 'f32') f.simd(simd.f32x4_convert_i32x4_s)
  }

  private dtypeOf(store: Store): DType {
    return (this.nest.code[store.value] as Instruction).dtype
  }

  private storeMap(store: Store, width: number): void {
    this.put(this.values[store.value] as number, store.access, width)
  }

  /** Stores the first lanes of a value along the vector loop. */
  private put(value: number, access: Access, width: number): void {
    const local = this.pointer(access)
    const stride = this.vector < 0 ? 1 : (access.strides[this.vector] as number)
    if (width === 4 && stride === 1) this.f.get(local).get(value).memory(simd.v128_store)
    else {
      for (let lane = 0; lane < width; lane++) {
        this.f.get(local)
        if (lane > 0 && stride !== 0) this.f.i32(stride * lane * 4).emit(op.i32_add)
        this.f.get(value).memory(simd.v128_store32_lane, 0, lane)
      }
    }
  }

  private identity(store: Store): number {
    const dtype = this.dtypeOf(store)
    return this.nest.reduction === 'reduce_sum' ? 0 : this.nest.reduction === 'reduce_max' ? LOWEST[dtype] : HIGHEST[dtype]
  }

  private openAccumulators(): void {
    this.nest.stores.forEach((store, i) => {
      const start = this.identity(store)
      for (const local of this.accumulators[i] as [number, number]) this.f.vector([start, start, start, start]).set(local)
    })
  }

  /** f32 sums are two float64 pairs, so that a long sum does not lose digits; everything else is one vector. */
  private accumulate(store: Store, i: number, width: number): void {
    const { f } = this
    const [low, high] = this.accumulators[i] as [number, number]
    let value = this.values[store.value] as number
    if (width < 4 && this.vector >= this.outer) {
      const start = this.identity(store)
      const mask = [0, 1, 2, 3].map((lane) => (lane < width ? -1 : 0)) as [number, number, number, number]
      f.get(value).vector([start, start, start, start]).vector(mask).simd(simd.v128_bitselect).set(this.scratch())
      value = this.scratch()
    }
    if (this.nest.reduction === 'reduce_sum' && this.dtypeOf(store) === 'f32') {
      f.get(low).get(value).simd(simd.f64x2_promote_low_f32x4).simd(simd.f64x2_add).set(low)
      f.get(high).get(value).get(value).shuffle(...UPPER_HALF).simd(simd.f64x2_promote_low_f32x4).simd(simd.f64x2_add).set(high)
    } else {
      f.get(low).get(value)
      this.combine(store)
      f.set(low)
    }
  }

  private combine(store: Store): void {
    const name = this.nest.reduction === 'reduce_sum' ? 'add' : this.nest.reduction === 'reduce_max' ? 'max' : 'min'
    lanes[name]?.(this.f, this.dtypeOf(store), this.dtypeOf(store), this.call, [])
  }

  private closeAccumulators(width: number): void {
    const { f } = this
    const across = this.vector >= this.outer
    this.nest.stores.forEach((store, i) => {
      const [low, high] = this.accumulators[i] as [number, number]
      if (this.nest.reduction === 'reduce_sum' && this.dtypeOf(store) === 'f32') {
        if (across) {
          f.get(low).get(high).simd(simd.f64x2_add).tee(low).get(low).get(low).shuffle(...UPPER_HALF).simd(simd.f64x2_add).simd(simd.f32x4_demote_f64x2_zero).set(low)
        } else f.get(low).simd(simd.f32x4_demote_f64x2_zero).get(high).simd(simd.f32x4_demote_f64x2_zero).shuffle(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23).set(low)
      } else if (across) {
        f.get(low).get(low).get(low).shuffle(...UPPER_HALF)
        this.combine(store)
        f.tee(low).get(low).get(low).shuffle(4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7)
        this.combine(store)
        f.set(low)
      }
      this.put(low, store.access, across ? 1 : width)
    })
  }
}
