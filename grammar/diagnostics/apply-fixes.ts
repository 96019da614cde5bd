// Applies the edits of fixes to texts. Writes no file.

import type { SourceFile } from '../source/source.js'
import type { Edit, Fix } from './diagnostic.js'

export interface FixedTexts {
  /** New text of every file that an applied fix touches. */
  readonly texts: ReadonlyMap<SourceFile, string>
  readonly applied: readonly Fix[]
  /** Fixes that overlap an earlier one; they apply after the next check. */
  readonly skipped: readonly Fix[]
}

/** Each fix is applied as a whole or not at all; of two that overlap, the first wins. */
export function applyFixes(fixes: readonly Fix[]): FixedTexts {
  const taken: Edit[] = []
  const applied: Fix[] = []
  const skipped: Fix[] = []
  for (const fix of fixes) {
    if (fix.edits.some((edit) => taken.some((other) => overlap(edit, other)))) skipped.push(fix)
    else {
      applied.push(fix)
      taken.push(...fix.edits)
    }
  }
  const texts = new Map<SourceFile, string>()
  // From the end, so that earlier offsets stay true; insertions at one place keep their order.
  const backwards = taken.map((edit, order) => ({ edit, order })).sort((a, b) => b.edit.span.start - a.edit.span.start || b.order - a.order)
  for (const { edit } of backwards) {
    const { file, start, end } = edit.span
    const text = texts.get(file) ?? file.text
    texts.set(file, text.slice(0, start) + edit.insert + text.slice(end))
  }
  return { texts, applied, skipped }
}

/** Two insertions at one place only clash when they are the same: then both mend one mistake. */
function overlap(a: Edit, b: Edit): boolean {
  if (a.span.file !== b.span.file) return false
  if (a.span.start === a.span.end && b.span.start === b.span.end) return a.span.start === b.span.start && a.insert === b.insert
  return a.span.start < b.span.end && b.span.start < a.span.end
}
