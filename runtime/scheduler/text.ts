// How numbers, times and tables look in the terminal. Pure functions of their arguments.

/** Up to four significant digits, without an exponent where that is readable. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6)) return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
  return value.toExponential(2)
}

/** `0:07`, `12:30`, `3:05:00`. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  const whole = Math.max(0, Math.round(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const pad = (part: number) => String(part).padStart(2, '0')
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`
}

/** Columns aligned on the left, two spaces between them; no trailing spaces. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visible(cell))))
  return rows.map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] as number) - visible(cell))).join('  ').trimEnd()).join('\n')
}

const visible = (cell: string): number => cell.replace(/\x1b\[[0-9;]*m/g, '').length

export interface Painter {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly dim: (text: string) => string
}

export function painter(colour: boolean): Painter {
  const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { good: paint(32), bad: paint(31), dim: paint(2) }
}
