// Canonical JSON and its SHA-256: the one text of a plan, a program or a value, and the hash that names it.
// Keys are sorted by UTF-16 units, numbers are shortest round-trip (ECMAScript), as in RFC 8785.

import { hash } from 'node:crypto'

/** Canonical JSON that was made before and stands for its value: what thousands of stages share is written once. */
export class CanonicalText {
  constructor(readonly text: string) {}
}

/**
 * JSON with sorted keys and no white space; absent (`undefined`) fields are left out.
 * Numbers that JSON lacks (NaN, infinities) are a mistake of the caller and throw a `RangeError`; -0 is written as 0.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${value} has no JSON form`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (value instanceof CanonicalText) return value.text
  if (typeof value === 'object') {
    // Concatenation: plans have hundreds of thousands of small objects.
    let text = ''
    for (const key of sorted(Object.keys(value))) {
      const field = (value as Readonly<Record<string, unknown>>)[key]
      if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(field)}`
    }
    return `{${text}}`
  }
  throw new RangeError(`a ${typeof value} has no JSON form`)
}

/** Sorted in place; most objects have one field, or their fields in order. */
function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort()
  return keys
}

/** SHA-256 of the canonical JSON, 64 hexadecimal digits. */
export function contentHash(value: unknown): string {
  return hash('sha256', canonicalJson(value))
}
