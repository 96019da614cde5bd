// Weights that are packed ahead of a product: once after each change of their state, not once in each product.
// Does not pack them: the session does, before it runs a program (`../packed.ts`).

/** The matrix [k, n] that lies in a state with these strides, in panels as `assembly/gemm.ts` reads them. */
export interface Packing {
  /** The buffer of the packed matrix. */
  readonly buffer: number
  readonly state: string
  readonly row: number
  readonly column: number
  readonly n: number
  readonly k: number
}

/** Elements that one program has packed at most: the weights of larger models are packed by each product, as they would need their memory twice. */
export const MOST = 2 ** 24

/** Panels of twelve columns before the last ones. */
const twelvesOf = (n: number): number => (n % 12 === 0 ? n / 12 : Math.floor(Math.max(n - 5, 0) / 12))

/** Panels of n columns: those of twelve, then one of eight or twelve or two of eight, as leaves less empty. */
export function panelsOf(n: number): number {
  const rest = n - twelvesOf(n) * 12
  return twelvesOf(n) + (rest > 12 ? 2 : Number(rest > 0))
}

/** Elements of a packed matrix [k, n]. */
export function packedElements(n: number, k: number): number {
  const rest = n - twelvesOf(n) * 12
  return (n - rest + (rest === 0 ? 0 : rest <= 8 ? 8 : rest <= 12 ? 12 : 16)) * k
}

/** One name for each state and way to read it: programs share what is packed. */
export const packedName = ({ state, row, column, n, k }: Omit<Packing, 'buffer'>): string => `${state} [${k}, ${n}] by ${row}, ${column}`
