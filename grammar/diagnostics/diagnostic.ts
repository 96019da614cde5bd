// What every phase says about a mistake: code, places, reason, help and fixes. Rendering is elsewhere.

import type { Span } from '../source/source.js'

export type Severity = 'error' | 'warning' | 'hint'

/** A place and the short text under its carets. */
export interface Label {
  readonly span: Span
  readonly text: string
}

export interface Edit {
  readonly span: Span
  readonly insert: string
}

/** An edit that a tool can apply; `safe` when it cannot change the meaning beyond the mistake. */
export interface Fix {
  readonly title: string
  readonly edits: readonly Edit[]
  readonly safe: boolean
}

export interface Diagnostic {
  /** `RLP4001`; the first digit is the layer. */
  readonly code: string
  readonly severity: Severity
  /** At most about 72 characters, no trailing period. */
  readonly title: string
  readonly primary: Label
  readonly related: readonly Label[]
  /** Why, and the values in scope. */
  readonly notes: readonly string[]
  /** What to do, imperative. */
  readonly help?: string
  readonly fixes: readonly Fix[]
}

/** One row of a layer's table of codes: number, slug, severity and one-line meaning. */
export interface CodeEntry {
  readonly slug: string
  readonly severity: Severity
  readonly meaning: string
}

export type CodeTable = Readonly<Record<string, CodeEntry>>

export interface DiagnosticDetails {
  label?: string
  related?: readonly Label[]
  notes?: readonly string[]
  help?: string
  fixes?: readonly Fix[]
}

/**
 * A function that makes diagnostics of one table: `report('RLP2001', span, 'title', {…})`.
 * The code is checked by the type system against the table, so a code without an entry does not compile.
 */
export function reporter<T extends CodeTable>(table: T) {
  return (code: keyof T & string, span: Span, title: string, details: DiagnosticDetails = {}): Diagnostic => ({
    code,
    severity: (table[code] as CodeEntry).severity,
    title,
    primary: { span, text: details.label ?? '' },
    related: details.related ?? [],
    notes: details.notes ?? [],
    fixes: details.fixes ?? [],
    ...(details.help === undefined ? {} : { help: details.help }),
  })
}
