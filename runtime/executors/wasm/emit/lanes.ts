// How each element-wise op is written for four lanes: an instruction, a call into the kernel library, or a short sequence.
// Bools are lane masks, 0 or −1. Does not know loops or memory.

import type { DType, OpName } from '../../../../spec/graph/graph.js'
import { op, simd, type FunctionWriter } from './encoder.js'
import { exp, sigmoid } from './inline.js'

/** Kernels are called by name; the module knows their indices. */
export type Call = (name: string) => number

/** Operands are on the stack; `operand` is their dtype, `locals` reads them again. Leaves the result. */
type Emit = (f: FunctionWriter, operand: DType, result: DType, call: Call, locals: readonly number[]) => void

type ByDType = Partial<Record<DType, number>>

const by = (codes: ByDType): Emit => (f, operand) => {
  const code = codes[operand]
  if (code === undefined) throw new Error(`no instruction for ${operand}`)
  f.simd(code)
}
const all = (code: number): ByDType => ({ f32: code, i32: code, u32: code, bool: code })
const kernel = (names: string | Partial<Record<DType, string>>): Emit => (f, operand, _, call) => {
  f.call(call(typeof names === 'string' ? names : (names[operand] as string)))
}

const ONE = 0x3f800000
const SIGN = 0x80000000 | 0
const splat = (f: FunctionWriter, value: number): FunctionWriter => f.vector([value, value, value, value])
const nothing: Emit = () => {}

/** SIMD shifts take one count for all lanes; counts above 31 give 0, where the machine would take them modulo 32. */
const shift = (code: number): Emit => (f, _operand, _result, _call, [x, count]) => {
  f.emit(op.drop, op.drop)
  splat(f, 0)
  for (let lane = 0; lane < 4; lane++) {
    f.get(x as number).lane(simd.i32x4_extract_lane, lane)
    f.get(count as number).lane(simd.i32x4_extract_lane, lane).emit(code).i32(0)
    f.get(count as number).lane(simd.i32x4_extract_lane, lane).i32(32).emit(op.i32_lt_u, op.select)
    f.lane(simd.i32x4_replace_lane, lane)
  }
}

const casts: Readonly<Record<DType, Partial<Record<DType, (f: FunctionWriter) => void>>>> = {
  f32: { i32: (f) => f.simd(simd.i32x4_trunc_sat_f32x4_s), u32: (f) => f.simd(simd.i32x4_trunc_sat_f32x4_u), bool: (f) => splat(f, 0).simd(simd.f32x4_ne) },
  i32: { f32: (f) => f.simd(simd.f32x4_convert_i32x4_s), bool: (f) => splat(f, 0).simd(simd.i32x4_ne) },
  u32: { f32: (f) => f.simd(simd.f32x4_convert_i32x4_u), bool: (f) => splat(f, 0).simd(simd.i32x4_ne) },
  bool: { f32: (f) => splat(f, ONE).simd(simd.v128_and), i32: (f) => f.simd(simd.i32x4_neg), u32: (f) => f.simd(simd.i32x4_neg) },
}

export const lanes: Readonly<Partial<Record<OpName, Emit>>> = {
  neg: by({ f32: simd.f32x4_neg, i32: simd.i32x4_neg }),
  exp,
  log: kernel('log'),
  sin: kernel('sin'),
  cos: kernel('cos'),
  tanh: kernel('tanh'),
  sigmoid,
  sqrt: by({ f32: simd.f32x4_sqrt }),
  rsqrt: (f, _operand, _result, _call, [x]) => splat(f.emit(op.drop), ONE).get(x as number).simd(simd.f32x4_sqrt).simd(simd.f32x4_div),
  abs: by({ f32: simd.f32x4_abs, i32: simd.i32x4_abs }),
  // ±1 where |x| > 0, else x itself: zeros keep their sign and NaN stays.
  sign: (f, operand, _result, _call, [x]) => {
    const local = x as number
    if (operand === 'i32') f.i32(31).simd(simd.i32x4_shr_s).get(local).simd(simd.i32x4_neg).i32(31).simd(simd.i32x4_shr_u).simd(simd.v128_or)
    else splat(splat(splat(f, SIGN).simd(simd.v128_and), ONE).simd(simd.v128_or).get(local).get(local).simd(simd.f32x4_abs), 0).simd(simd.f32x4_gt).simd(simd.v128_bitselect)
  },
  floor: by({ f32: simd.f32x4_floor }),
  not: by({ bool: simd.v128_not }),
  is_nan: (f, _operand, _result, _call, [x]) => f.get(x as number).simd(simd.f32x4_ne),
  cast: (f, operand, result) => casts[operand][result]?.(f),
  stop_gradient: nothing,

  add: by({ f32: simd.f32x4_add, i32: simd.i32x4_add, u32: simd.i32x4_add }),
  sub: by({ f32: simd.f32x4_sub, i32: simd.i32x4_sub, u32: simd.i32x4_sub }),
  mul: by({ f32: simd.f32x4_mul, i32: simd.i32x4_mul, u32: simd.i32x4_mul }),
  div: by({ f32: simd.f32x4_div }),
  max: by({ f32: simd.f32x4_max, i32: simd.i32x4_max_s, u32: simd.i32x4_max_u }),
  min: by({ f32: simd.f32x4_min, i32: simd.i32x4_min_s, u32: simd.i32x4_min_u }),
  pow: kernel('pow'),
  mod: kernel({ f32: 'mod', i32: 'mod_i32', u32: 'mod_u32' }),
  lt: by({ f32: simd.f32x4_lt, i32: simd.i32x4_lt_s, u32: simd.i32x4_lt_u }),
  le: by({ f32: simd.f32x4_le, i32: simd.i32x4_le_s, u32: simd.i32x4_le_u }),
  eq: by({ ...all(simd.i32x4_eq), f32: simd.f32x4_eq }),
  and: by(all(simd.v128_and)),
  or: by(all(simd.v128_or)),
  bit_and: by(all(simd.v128_and)),
  bit_or: by(all(simd.v128_or)),
  bit_xor: by(all(simd.v128_xor)),
  shift_left: shift(op.i32_shl),
  shift_right: shift(op.i32_shr_u),
  // On the stack: condition, a, b. bitselect wants a, b, condition.
  where: (f, _operand, _result, _call, [condition, a, b]) => f.emit(op.drop, op.drop, op.drop).get(a as number).get(b as number).get(condition as number).simd(simd.v128_bitselect),
  random_bits: kernel('threefry'),
}
