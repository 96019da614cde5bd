// Writes the WebAssembly binary format (core specification 2.0, chapter 5): functions, imports, one memory.
// Does not check types: the engine validates what we emit.

export type ValueType = 'i32' | 'f32' | 'v128'

const TYPE: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b }

/** The instructions we use outside of SIMD. */
export const op = {
  block: 0x02, loop: 0x03, if: 0x04, end: 0x0b, br: 0x0c, br_if: 0x0d, call: 0x10, drop: 0x1a, select: 0x1b,
  get: 0x20, set: 0x21, tee: 0x22, i32_const: 0x41, f32_const: 0x43,
  i32_load: 0x28, f32_load: 0x2a, i32_store: 0x36, f32_store: 0x38,
  i32_eqz: 0x45, i32_eq: 0x46, i32_ne: 0x47, i32_lt_s: 0x48, i32_lt_u: 0x49, i32_gt_u: 0x4b, i32_ge_s: 0x4e, i32_add: 0x6a, i32_sub: 0x6b, i32_mul: 0x6c, i32_shl: 0x74, i32_shr_u: 0x76,
  f32_add: 0x92, f64_add: 0xa0, f32_demote_f64: 0xb6, f64_promote_f32: 0xbb,
} as const

/** The SIMD instructions we use (after the prefix 0xfd). */
export const simd = {
  v128_load: 0, v128_load32_splat: 9, v128_store: 11, v128_const: 12, shuffle: 13,
  i32x4_splat: 17, f32x4_splat: 19, i32x4_extract_lane: 27, i32x4_replace_lane: 28, f32x4_extract_lane: 31, f64x2_extract_lane: 33,
  i32x4_eq: 55, i32x4_ne: 56, i32x4_lt_s: 57, i32x4_lt_u: 58, i32x4_le_s: 61, i32x4_le_u: 62,
  f32x4_eq: 65, f32x4_ne: 66, f32x4_lt: 67, f32x4_gt: 68, f32x4_le: 69,
  v128_not: 77, v128_and: 78, v128_andnot: 79, v128_or: 80, v128_xor: 81, v128_bitselect: 82,
  v128_load32_lane: 86, v128_store32_lane: 90, v128_load32_zero: 92, f32x4_demote_f64x2_zero: 94, f64x2_promote_low_f32x4: 95,
  f32x4_ceil: 103, f32x4_floor: 104,
  i32x4_abs: 160, i32x4_neg: 161, i32x4_shl: 171, i32x4_shr_s: 172, i32x4_shr_u: 173, i32x4_add: 174, i32x4_sub: 177, i32x4_mul: 181,
  i32x4_min_s: 182, i32x4_min_u: 183, i32x4_max_s: 184, i32x4_max_u: 185,
  f32x4_abs: 224, f32x4_neg: 225, f32x4_sqrt: 227, f32x4_add: 228, f32x4_sub: 229, f32x4_mul: 230, f32x4_div: 231, f32x4_min: 232, f32x4_max: 233, f32x4_pmin: 234, f32x4_pmax: 235, f32x4_relaxed_madd: 261,
  f64x2_add: 240,
  i32x4_trunc_sat_f32x4_s: 248, i32x4_trunc_sat_f32x4_u: 249, f32x4_convert_i32x4_s: 250, f32x4_convert_i32x4_u: 251,
} as const

const EMPTY_BLOCK = 0x40
/** Limits of a memory that threads share: a minimum and a maximum, which the session's must not exceed. */
const SHARED = 3
const MAXIMUM_PAGES = 65_536
const f32Bytes = new Float32Array(1)
const rawBytes = new Uint8Array(f32Bytes.buffer)

function unsigned(out: number[], value: number): void {
  do {
    const more = value > 0x7f
    out.push((value & 0x7f) | (more ? 0x80 : 0))
    value = Math.floor(value / 128)
  } while (value > 0)
}

function signed(out: number[], value: number): void {
  for (;;) {
    const byte = value & 0x7f
    value >>= 7
    const done = (value === 0 && (byte & 0x40) === 0) || (value === -1 && (byte & 0x40) !== 0)
    out.push(done ? byte : byte | 0x80)
    if (done) return
  }
}

/** One function body under construction. Parameters are locals 0, 1, … */
export class FunctionWriter {
  private readonly bytes: number[] = []
  private readonly locals: ValueType[] = []
  /** Bits of a number → the local that has it in all lanes from the beginning. */
  private readonly splats = new Map<number, number>()
  private readonly temporaries: number[] = []

  constructor(readonly parameters: readonly ValueType[]) {}

  local(type: ValueType): number {
    this.locals.push(type)
    return this.parameters.length + this.locals.length - 1
  }

  /** A local with a number in all lanes, set once: a constant in a loop would be made anew in every turn. */
  splat(value: number): number {
    f32Bytes[0] = value
    const bits = new Int32Array(rawBytes.buffer)[0] as number
    const local = this.splats.get(bits) ?? this.local('v128')
    this.splats.set(bits, local)
    return local
  }

  /** A vector that holds something for a few instructions; each has a number. */
  temporary(index: number): number {
    return (this.temporaries[index] ??= this.local('v128'))
  }

  emit(...opcodes: number[]): this {
    this.bytes.push(...opcodes)
    return this
  }
  get(local: number): this { return this.with(op.get, local) }
  set(local: number): this { return this.with(op.set, local) }
  tee(local: number): this { return this.with(op.tee, local) }
  call(index: number): this { return this.with(op.call, index) }
  i32(value: number): this {
    this.bytes.push(op.i32_const)
    signed(this.bytes, value | 0)
    return this
  }
  f32(value: number): this {
    f32Bytes[0] = value
    return this.emit(op.f32_const, ...rawBytes)
  }
  /** Vector instruction without immediates. */
  simd(code: number): this {
    this.bytes.push(0xfd)
    unsigned(this.bytes, code)
    return this
  }
  /** Vector load or store; `offset` in bytes, `lane` for the lane variants. */
  memory(code: number, offset = 0, lane?: number): this {
    this.simd(code).emit(2)
    unsigned(this.bytes, offset)
    return lane === undefined ? this : this.emit(lane)
  }
  lane(code: number, lane: number): this { return this.simd(code).emit(lane) }
  shuffle(...bytes: readonly number[]): this { return this.simd(simd.shuffle).emit(...bytes) }
  vector(lanes: readonly [number, number, number, number]): this {
    return this.simd(simd.v128_const).emit(...new Uint8Array(Int32Array.from(lanes).buffer))
  }
  loop(body: () => void): this { return this.nested(op.loop, body) }
  if(body: () => void): this { return this.nested(op.if, body) }

  private with(code: number, index: number): this {
    this.bytes.push(code)
    unsigned(this.bytes, index)
    return this
  }
  private nested(code: number, body: () => void): this {
    this.emit(code, EMPTY_BLOCK)
    body()
    return this.emit(op.end)
  }

  /** The entry of the code section: locals, instructions, end. */
  body(): number[] {
    const out: number[] = []
    unsigned(out, this.locals.length)
    for (const type of this.locals) out.push(1, TYPE[type])
    const first = new FunctionWriter([])
    for (const [bits, local] of this.splats) first.vector([bits, bits, bits, bits]).set(local)
    return out.concat(first.bytes, this.bytes, op.end)
  }
}

export interface Signature {
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

export class ModuleWriter {
  private readonly types: string[] = []
  private readonly functions: { type: number; body: number[] }[] = []
  private readonly known = new Map<string, number>()
  private readonly exported: [string, number][] = []

  /** Imports come from module `k` under the names given and are functions 0, 1, …; the memory is `env.memory`. */
  constructor(private readonly imports: readonly (readonly [string, Signature])[]) {
    for (const [, signature] of imports) this.type(signature)
  }

  /** Index of a function with this body, made once. */
  add(writer: FunctionWriter): number {
    const type = this.type({ parameters: writer.parameters, results: [] })
    const body = writer.body()
    const key = `${type}:${String.fromCharCode(...body.slice(0, 8192))}${body.length > 8192 ? body.slice(8192).join() : ''}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    const index = this.imports.length + this.functions.push({ type, body }) - 1
    this.known.set(key, index)
    return index
  }

  export(name: string, index: number): void {
    this.exported.push([name, index])
  }

  finish(): Uint8Array<ArrayBuffer> {
    const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    const append = (to: number[], bytes: readonly number[]): void => {
      for (const byte of bytes) to.push(byte)
    }
    const section = (id: number, items: readonly (readonly number[])[]): void => {
      const content: number[] = []
      unsigned(content, items.length)
      for (const item of items) append(content, item)
      out.push(id)
      unsigned(out, content.length)
      append(out, content)
    }
    const name = (text: string): number[] => [text.length, ...Buffer.from(text, 'latin1')]
    const number = (value: number): number[] => {
      const bytes: number[] = []
      unsigned(bytes, value)
      return bytes
    }
    section(1, this.types.map((type) => JSON.parse(type) as number[]))
    section(2, [[...name('env'), ...name('memory'), 2, SHARED, 0, ...number(MAXIMUM_PAGES)], ...this.imports.map(([label, signature]) => [...name('k'), ...name(label), 0, ...number(this.type(signature))])])
    section(3, this.functions.map(({ type }) => number(type)))
    section(7, this.exported.map(([label, index]) => [...name(label), 0, ...number(index)]))
    section(10, this.functions.map(({ body }) => [...number(body.length), ...body]))
    return Uint8Array.from(out)
  }

  private type({ parameters, results }: Signature): number {
    const key = JSON.stringify([0x60, parameters.length, ...parameters.map((type) => TYPE[type]), results.length, ...results.map((type) => TYPE[type])])
    const known = this.types.indexOf(key)
    return known >= 0 ? known : this.types.push(key) - 1
  }
}
