// The kernel library: where its bytes are, its functions' types, and the module.
// Does not compile it: `npm run build` does (`spec/tools/build-kernels.mjs`).

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import type { Signature, ValueType } from './emit/encoder.js'

/** Parameters and results of each kernel: i = i32 (pointers too), f = f32, v = four lanes. Divided ones end with `begin` and `end`, behind `work`. */
const types = {
  log: 'v>v', sin: 'v>v', cos: 'v>v', tanh: 'v>v',
  pow: 'vv>v', mod: 'vv>v', mod_i32: 'vv>v', mod_u32: 'vv>v', threefry: 'vvvv>v',
  gemm: 'iiiiiiiiiiiiiiiiiii', // a row column batch, b row column batch, c row batch, m n k, accumulate, axis, work
  gemm_packed: 'iiiiiiiiiiiiii', pack: 'iiiiii', // a row column, b, c row, m n k, accumulate, axis, work; b row column, n k, to
  gather: 'iiiiiii', scatter_add: 'iiiiiiii', scatter_add_i32: 'iiiiiiii', // …, out, size, count, width
  pick: 'iiiiii',
  cumsum: 'iiiiiii', cumsum_i32: 'iiiiiii', linear_scan: 'iiiiiiii', // …, out, length, inner, reverse
  argsort: 'iiiiii', argsort_i32: 'iiiiii', argsort_u32: 'iiiiii', take_rows: 'iiiiii',
  copy: 'iiii',
  rms_norm: 'iiiifii', rms_norm_grad: 'iiiiiiifiii', sum_rows: 'iiiiii',
  rotary: 'iiiiiifiiii',
  attention: 'iiiiiiiiifiii', attention_grad: 'iiiiiiiiiiiifiii', // …, tokens, heads, keyHeads, size, scale, work
  attention_decode: 'iiiiiiiiifiii', cache_write: 'iiiiiii',
  token_logprob: 'iiiiiiiiiiii', token_logprob_slope: 'iiiiiiiiiiii',
  adamw: 'iiiiiiiiiiiffffffii',
  sample: 'iiiiiiifiiii',
  share: 'iiii>i', barrier: 'ii', fail: 'ii', await_turn: 'iii', pass_turn: 'ii',
} as const

export type KernelName = keyof typeof types

const letters: Readonly<Record<string, ValueType>> = { i: 'i32', f: 'f32', v: 'v128' }
const list = (text: string | undefined): ValueType[] => [...(text ?? '')].map((letter) => letters[letter] as ValueType)

/** In the order in which generated modules import them. */
export const kernelTypes: readonly (readonly [KernelName, Signature])[] = Object.entries(types).map(([name, type]) => {
  const [parameters, results] = type.split('>')
  return [name as KernelName, { parameters: list(parameters), results: list(results) }]
})

/** The smallest module that uses a relaxed instruction: `f32x4.relaxed_madd` of three zero vectors. */
const relaxedProbe = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11)

let relaxedSimd: boolean | undefined

/** Fused multiply-add is in every V8 since 11.4 and behind a flag in Node 20's. */
export function hasRelaxedSimd(): boolean {
  if (relaxedSimd === undefined && !WebAssembly.validate(relaxedProbe)) setFlagsFromString('--experimental-wasm-relaxed-simd')
  return (relaxedSimd ??= WebAssembly.validate(relaxedProbe))
}

/** Beside this file in the package; in the source tree, where the build has put it. */
function locate(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../../../dist/runtime/executors/wasm/${name}`, import.meta.url))
}

/** Which kernels these are, for `rlp.lock`: SHA-256 of the portable build. */
export function kernelsHash(): string {
  return createHash('sha256').update(readFileSync(locate('kernels.wasm'))).digest('hex')
}

/** Which kernels compute here: SHA-256 of the build that this engine runs. */
export function kernelsInUse(): string {
  used ??= createHash('sha256').update(readFileSync(locate(buildOf(hasRelaxedSimd())))).digest('hex')
  return used
}
let used: string | undefined

const buildOf = (relaxed: boolean): string => (relaxed ? 'kernels-relaxed.wasm' : 'kernels.wasm')
const compiled = new Map<string, WebAssembly.Module>()

/** The compiled library: the build with fused multiply-add where the engine has it. Throws where the package was not built. */
export function kernelModule({ relaxed = hasRelaxedSimd() } = {}): WebAssembly.Module {
  const name = buildOf(relaxed)
  const module = compiled.get(name) ?? new WebAssembly.Module(readFileSync(locate(name)))
  compiled.set(name, module)
  return module
}
