// A diagnostic as plain data for `--format json` and editors; schema: spec/schemas/diagnostic.schema.json.

import type { Position, Span } from '../source/source.js'
import type { Diagnostic, Severity } from './diagnostic.js'

/** Lines and columns count from 1, columns in UTF-16 units; `end` is just after the last character. */
export interface JsonSpan {
  readonly file: string
  readonly start: Position
  readonly end: Position
}

export interface JsonDiagnostic {
  readonly code: string
  readonly severity: Severity
  readonly title: string
  readonly span: JsonSpan
  readonly label: string
  readonly related: readonly { readonly span: JsonSpan; readonly text: string }[]
  readonly notes: readonly string[]
  readonly help?: string
  readonly fixes: readonly {
    readonly title: string
    readonly safe: boolean
    readonly edits: readonly { readonly span: JsonSpan; readonly insert: string }[]
  }[]
}

export function toJson(diagnostic: Diagnostic): JsonDiagnostic {
  const { code, severity, title, primary, related, notes, help, fixes } = diagnostic
  return {
    code,
    severity,
    title,
    span: jsonSpan(primary.span),
    label: primary.text,
    related: related.map(({ span, text }) => ({ span: jsonSpan(span), text })),
    notes,
    ...(help === undefined ? {} : { help }),
    fixes: fixes.map((fix) => ({ title: fix.title, safe: fix.safe, edits: fix.edits.map(({ span, insert }) => ({ span: jsonSpan(span), insert })) })),
  }
}

const jsonSpan = ({ file, start, end }: Span): JsonSpan => ({ file: file.path, start: file.position(start), end: file.position(end) })
