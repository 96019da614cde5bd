// Diagnostics as text for a terminal: code and title, source lines with labels under them, notes, help.
// Decides nothing about what is a mistake; JSON is in `to-json.ts`.

import type { Diagnostic, Fix, Severity } from './diagnostic.js'
import { gutterWidth, renderSnippets, type Style } from './snippet.js'

export { toJson } from './to-json.js'

export interface RenderOptions {
  readonly colour: boolean
  /** Columns of the terminal; notes are wrapped and long source lines are cut to it. */
  readonly width: number
}

/** More than these are counted, not shown. */
export const mostShown = 20

const ansi: Readonly<Record<Severity | 'bold' | 'gutter', string>> = {
  error: '\u001B[1;31m',
  warning: '\u001B[1;33m',
  hint: '\u001B[1;36m',
  bold: '\u001B[1m',
  gutter: '\u001B[1;34m',
}

/** One diagnostic, without a line end after its last line. */
export function renderDiagnostic(diagnostic: Diagnostic, { colour, width }: RenderOptions): string {
  const paint = (style: keyof typeof ansi, text: string): string => (colour && text !== '' ? `${ansi[style]}${text}\u001B[0m` : text)
  const { severity, primary, related } = diagnostic
  const style: Style = { width, gutter: gutterWidth([primary, ...related]), primary: (text) => paint(severity, text), secondary: (text) => paint('gutter', text) }
  const lines = [`${paint(severity, `${severity}[${diagnostic.code}]`)}${paint('bold', `: ${diagnostic.title}`)}`]
  lines.push(...renderSnippets(primary, related, style))
  const footers = [...diagnostic.notes.map((note) => ['note', note] as const), ...helpOf(diagnostic).map((help) => ['help', help] as const)]
  const margin = ' '.repeat(style.gutter + 1)
  if (footers.length > 0) lines.push(`${margin}${paint('gutter', '|')}`)
  for (const [kind, text] of footers) {
    const indent = `${margin}  ${' '.repeat(kind.length + 2)}`
    const [first = '', ...rest] = text.split('\n').flatMap((each) => wrap(each, Math.max(40, width - indent.length)))
    lines.push(`${margin}${paint('gutter', '=')} ${paint('bold', kind)}: ${first}`, ...rest.map((each) => indent + each))
  }
  return lines.join('\n')
}

/** All diagnostics and a summary such as `2 errors, 1 warning`; empty for none. Errors are shown before others are. */
export function renderAll(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  if (diagnostics.length === 0) return ''
  const shown = new Set(diagnostics.toSorted((a, b) => rank(a) - rank(b)).slice(0, mostShown))
  const hidden = diagnostics.length - shown.size
  const parts = diagnostics.filter((each) => shown.has(each)).map((each) => `${renderDiagnostic(each, options)}\n\n`)
  if (hidden > 0) parts.push(`… and ${hidden} more\n\n`)
  return `${parts.join('')}${summary(diagnostics)}\n`
}

/** `2 errors, 1 warning`. */
export function summary(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Severity): string[] => {
    const n = diagnostics.filter((each) => each.severity === severity).length
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`]
  }
  return severities.flatMap(count).join(', ')
}

const severities: readonly Severity[] = ['error', 'warning', 'hint']
const rank = (diagnostic: Diagnostic): number => severities.indexOf(diagnostic.severity)

function helpOf({ help, fixes }: Diagnostic): string[] {
  const text = help ?? fixes[0]?.title
  if (text === undefined) return []
  return [fixes.length === 0 ? text : `${text}  (${offered(fixes)})`]
}

const numerals = ['', 'one fix', 'two fixes', 'three fixes', 'four fixes']

function offered(fixes: readonly Fix[]): string {
  if (fixes.length === 1) return fixes[0]?.safe ? 'safe fix' : 'fix offered'
  return `${numerals[fixes.length] ?? `${fixes.length} fixes`} offered`
}

/** Breaks at spaces; runs of spaces inside a line stay. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<= )(?=[^ ])/)) {
    if (line !== '' && (line + word).trimEnd().length > width) {
      lines.push(line.trimEnd())
      line = ''
    }
    line += word
  }
  return [...lines, line.trimEnd()]
}

