// Comma-separated values (RFC 4180): quoted cells with doubled quotes, commas and line breaks.
// Cells are texts; their types are given elsewhere.

import { failure } from '../codes.js'

export interface CsvRecord {
  /** Where the record starts, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * The records of a text whose lines end in `\n`; empty lines are skipped.
 * @throws HostError RLP8102 when a quote is not closed, or stands within a cell that is not quoted.
 */
export function csvRecords(text: string, path: string): CsvRecord[] {
  const records: CsvRecord[] = []
  let [at, line] = [0, 1]
  while (at < text.length) {
    if (text[at] === '\n') {
      at++
      line++
      continue
    }
    const record = { line, cells: [] as string[] }
    let more = true
    while (more) {
      const quoted = text[at] === '"'
      const cell = quoted ? quotedCell() : plainCell()
      record.cells.push(cell)
      more = text[at] === ','
      if (!more && at < text.length && text[at] !== '\n') throw failure('RLP8102', `\`${path}\` line ${line}: text follows a closing quote`, 'double a quote that belongs to the value: `""`')
      at++
    }
    line++
    records.push(record)
  }
  return records

  function plainCell(): string {
    const start = at
    while (at < text.length && text[at] !== ',' && text[at] !== '\n') {
      if (text[at] === '"') throw failure('RLP8102', `\`${path}\` line ${line}: a quote within a value that is not quoted`, 'put the whole value in double quotes and double the quotes in it')
      at++
    }
    return text.slice(start, at)
  }

  function quotedCell(): string {
    const opened = line
    let cell = ''
    for (at++; ; at++) {
      const end = text.indexOf('"', at)
      if (end < 0) throw failure('RLP8102', `\`${path}\` line ${opened}: a quote is not closed`)
      const part = text.slice(at, end)
      line += part.split('\n').length - 1
      cell += part
      at = end + 1
      if (text[at] !== '"') return cell
      cell += '"'
    }
  }
}
