// Signals that read and compare answers: texts and numbers.
// No algebra: `1/2` and `0.5` are different texts, and the first number of `1/2` is 1.

/** Same text in Unicode's composed form, after trimming and joining runs of white space. */
export const sameText = (a: string, b: string): boolean => plain(a) === plain(b)

/** The second text, which is not empty, occurs in the first; both as `sameText` takes them. */
export const containsText = (a: string, b: string): boolean => plain(b) !== '' && plain(a).includes(plain(b))

const plain = (text: string): string => text.normalize('NFC').trim().replace(/\s+/g, ' ')

/**
 * A sign counts unless it directly follows a letter, digit or closing bracket (`7-4`, `GPT-4`); commas group by three
 * (`1,234,567.5`); a decimal part and an exponent may follow. Digits are 0–9, the minus may be U+2212.
 */
const NUMBER = /(?:(?<![\p{L}\p{N})\]])[-+−])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|(?:(?<![\p{L}\p{N})\]])[-+−])?(?<!\d)\.\d+(?:[eE][-+]?\d+)?/u

/** The first number in the text; `null` when there is none that is finite. */
export function firstNumber(text: string): number | null {
  const found = NUMBER.exec(text)
  if (!found) return null
  const value = Number(found[0].replace('−', '-').replaceAll(',', ''))
  return Number.isFinite(value) ? value : null
}

/** |a − b| ≤ tolerance·|b|. */
export const numbersEqual = (a: number, b: number, tolerance: number): boolean => Math.abs(a - b) <= tolerance * Math.abs(b)
