// How much scratch memory one matrix product takes; the same sizes as in `assembly/gemm.ts`.
// Does not choose a kernel.

const [MC, KC, NC] = [96, 256, 512]
const round = (x: number, to: number): number => Math.ceil(x / to) * to

/** Elements of workspace for `gemm`: packed A, packed B and one spare tile. */
export function gemmWorkspace(m: number, n: number, k: number): number {
  const depth = Math.min(k, KC)
  return Math.min(round(m, 4), MC) * depth + Math.min(round(n, 8), NC) * depth + 32
}
