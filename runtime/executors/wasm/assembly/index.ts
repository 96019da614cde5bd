// The kernel library: what generated programs call. Kernels take pointers (bytes) and sizes (elements) and hold no state.
// Those whose last parameters are `begin` and `end` compute some of their items, so that threads can divide them; an item is computed the same
// way in every division. Does not allocate: `plan/workspace.ts` says how much scratch memory (`work`) a kernel needs.

export { gemm, gemm_packed, pack } from './gemm'
export { await_turn, barrier, fail, pass_turn, share } from './threads'
import * as math from './math'

export function log(x: v128): v128 { return math.log4(x) }
export function sin(x: v128): v128 { return math.sin4(x) }
export function cos(x: v128): v128 { return math.cos4(x) }
export function tanh(x: v128): v128 { return math.tanh4(x) }
export { pow4 as pow, mod4 as mod, mod_i4 as mod_i32, mod_u4 as mod_u32 } from './math'
export { threefry } from './random'
export { argsort, argsort_i32, argsort_u32, copy, cumsum, cumsum_i32, gather, linear_scan, pick, scatter_add, scatter_add_i32, take_rows } from './indexing'
export { rms_norm, rms_norm_grad, sum_rows } from './norm'
export { rotary } from './rotary'
export { attention, attention_grad } from './attention'
export { attention_decode, cache_write } from './decode'
export { token_logprob, token_logprob_slope } from './head'
export { adamw } from './adamw'
export { sample } from './sample'
