// Source lines with labels under them: `^^^` for the primary one, `---` for the others.
// Labels are shown in the order given; one that does not follow in the same file opens a new `:::` part.

import type { SourceFile } from '../source/source.js'
import type { Label } from './diagnostic.js'

export interface Style {
  readonly width: number
  /** Columns for line numbers. */
  readonly gutter: number
  readonly primary: (text: string) => string
  readonly secondary: (text: string) => string
}

interface Mark {
  readonly line: number
  /** Display columns from 0, `to` exclusive. */
  readonly from: number
  readonly to: number
  readonly text: string
  readonly isPrimary: boolean
}

interface Part {
  readonly file: SourceFile
  readonly labels: Label[]
}

const lineOf = ({ span }: Label): number => span.file.position(span.start).line

export function gutterWidth(labels: readonly Label[]): number {
  return Math.max(2, ...labels.map((label) => String(lineOf(label)).length))
}

/** Lines of the part of a message that shows source. */
export function renderSnippets(primary: Label, related: readonly Label[], style: Style): string[] {
  const parts: Part[] = []
  for (const label of [primary, ...sameLineFirst(primary, related)]) {
    const last = parts[parts.length - 1]
    const previous = last?.labels[last.labels.length - 1]
    if (last && previous && last.file === label.span.file && lineOf(label) >= lineOf(previous)) last.labels.push(label)
    else parts.push({ file: label.span.file, labels: [label] })
  }
  const margin = ' '.repeat(style.gutter)
  const bar = `${margin} ${style.secondary('|')}`
  return parts.flatMap(({ file, labels }, k) => {
    const first = labels[0] as Label
    const { line, column } = file.position(first.span.start)
    const compact = k > 0 && parts[k - 1]?.file === file
    const head = `${margin}${style.secondary(k === 0 ? '-->' : ':::')} ${file.path}:${line}:${column}`
    return [...(k > 0 && !compact ? [bar] : []), head, ...(compact ? [] : [bar]), ...renderLines(file, labels, primary, style)]
  })
}

/** Labels on the primary one's line belong to the first part, wherever they stand in the list. */
function sameLineFirst(primary: Label, related: readonly Label[]): readonly Label[] {
  const isNear = (label: Label): boolean => label.span.file === primary.span.file && lineOf(label) === lineOf(primary)
  return [...related.filter(isNear), ...related.filter((label) => !isNear(label))]
}

function renderLines(file: SourceFile, labels: readonly Label[], primary: Label, style: Style): string[] {
  const lines = [...new Set(labels.map(lineOf))]
  const out: string[] = []
  let previous: number | undefined
  for (const line of lines) {
    if (previous !== undefined && line > previous + 1) out.push(style.secondary('...'))
    previous = line
    const marks = labels.filter((label) => lineOf(label) === line).map((label) => toMark(label, label === primary))
    const cut = cutLine(expand(file.line(line)), marks, style.width - style.gutter - 3)
    const number = style.secondary(`${String(line).padStart(style.gutter)} |`)
    out.push(`${number} ${cut.text}`.trimEnd())
    for (const row of markRows(cut.marks, style)) out.push(`${' '.repeat(style.gutter)} ${style.secondary('|')} ${row}`)
  }
  return out
}

// ── one line ───────────────────────────────────────────────────────────────────────────────────────

function toMark({ span, text }: Label, isPrimary: boolean): Mark {
  const { line, column } = span.file.position(span.start)
  const source = span.file.line(line)
  const start = Math.min(column - 1, source.length)
  const end = Math.min(start + Math.max(0, span.end - span.start), source.length)
  const from = displayWidth(source.slice(0, start))
  return { line, from, to: Math.max(from + 1, displayWidth(source.slice(0, end))), text, isPrimary }
}

/** The carets, then the texts: the last one beside its carets, the others below on a leg each. */
function markRows(marks: readonly Mark[], style: Style): string[] {
  const sorted = marks.toSorted((a, b) => a.from - b.from || a.to - b.to)
  const end = Math.max(...sorted.map((mark) => mark.to))
  const cells = Array.from({ length: end }, () => ' ')
  for (const mark of sorted.toSorted((a, b) => Number(a.isPrimary) - Number(b.isPrimary))) cells.fill(mark.isPrimary ? '^' : '-', mark.from, mark.to)
  const carets = cells.join('').replaceAll(/-+/g, style.secondary).replaceAll(/\^+/g, style.primary)
  const last = sorted[sorted.length - 1] as Mark
  const beside = last.text !== '' && last.to === end ? last : undefined
  const rows = [carets + (beside ? ` ${paint(style, beside, beside.text)}` : '')]
  const below = sorted.filter((mark) => mark !== beside && mark.text !== '')
  if (below.length > 0) rows.push(legs(below, style))
  for (let k = below.length - 1; k >= 0; k--) {
    const mark = below[k] as Mark
    const left = below.slice(0, k).filter((other) => other.from < mark.from)
    rows.push(`${legs(left, style, mark.from)}${paint(style, mark, mark.text)}`)
  }
  return rows
}

function legs(marks: readonly Mark[], style: Style, width = 0): string {
  let row = ''
  let column = 0
  for (const mark of marks) {
    if (mark.from < column) continue
    row += ' '.repeat(mark.from - column) + paint(style, mark, '|')
    column = mark.from + 1
  }
  return row + ' '.repeat(Math.max(0, width - column))
}

const paint = (style: Style, mark: Mark, text: string): string => (mark.isPrimary ? style.primary(text) : style.secondary(text))

/** Shortens a long line to what is around its marks. */
function cutLine(text: string, marks: readonly Mark[], width: number): { text: string; marks: readonly Mark[] } {
  const columns = displayWidth(text)
  if (columns <= width || width < 20) return { text, marks }
  const first = Math.min(...marks.map((mark) => mark.from))
  const start = first < width / 2 ? 0 : first - Math.floor(width / 4)
  const shown = sliceColumns(text, start, start + width - 2)
  const shift = start > 0 ? 1 - start : 0
  const clamp = (column: number): number => Math.min(Math.max(0, column + shift), width)
  const cut = start + width - 2 < columns ? '…' : ''
  return {
    text: `${start > 0 ? '…' : ''}${shown}${cut}`,
    marks: marks.map((mark) => ({ ...mark, from: clamp(mark.from), to: Math.max(clamp(mark.from) + 1, clamp(mark.to)) })),
  }
}

// ── display columns ────────────────────────────────────────────────────────────────────────────────

const wide = /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}]/u
const zeroWidth = /[\p{M}\u200B-\u200D\uFEFF]/u

function columnsOf(character: string): number {
  if (character === '\t') return 4
  if (zeroWidth.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

const expand = (text: string): string => text.replaceAll('\t', '    ')

function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

function sliceColumns(text: string, from: number, to: number): string {
  let column = 0
  let out = ''
  for (const character of text) {
    if (column >= from && column < to) out += character
    column += columnsOf(character)
  }
  return out
}
