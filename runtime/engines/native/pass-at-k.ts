// Statistics of passes: pass@k and the Wilson interval. Pure functions.

/** Chance that at least one of k completions drawn from n, of which c pass, passes: 1 − C(n−c, k) / C(n, k) (arXiv 2107.03374, eq. 1). */
export function passAtK(n: number, c: number, k: number): number {
  if (n - c < k) return 1
  let none = 1
  for (let i = n - c + 1; i <= n; i++) none *= 1 - k / i
  return 1 - none
}

/** 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054

/** Half width of the 95 % Wilson score interval of a proportion seen in n trials (Wilson, 1927). */
export function wilsonMargin(proportion: number, n: number): number {
  if (n === 0) return 1
  return (Z / (1 + (Z * Z) / n)) * Math.sqrt((proportion * (1 - proportion)) / n + (Z * Z) / (4 * n * n))
}
