// Rows of files: JSON lines, CSV, Parquet. A file is read whole and every row is checked when it is opened,
// so a mistake in line 90,000 is found before the first step, with the line's number.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { failure } from '../codes.js'
import type { HostContext } from '../host.js'
import type { Dataset, Row } from './dataset.js'
import { csvRecords } from './csv.js'
import { listed } from './draws.js'
import { setOrigin } from './origin.js'
import { fieldTypes, mismatch, readCell, type FieldType } from './field-types.js'

/** @throws HostError RLP8101, RLP8102, RLP8103, RLP8104, RLP8106 */
export async function jsonl(path: string, context: HostContext): Promise<Dataset> {
  const types = fieldTypes(context.row ?? {})
  const bytes = await contentOf(path, context)
  const rows: Row[] = []
  let line = 0
  for (const text of linesOf(bytes, path)) {
    line++
    if (text.trim() === '') continue
    const place = `\`${path}\` line ${line}`
    const row = parsed(text, place)
    checkRow(row, types, place)
    rows.push(setOrigin(row, { path, unit: 'line', number: line }))
  }
  return notEmpty(rows, path)
}

/** The first line names the fields; cells become what the dataset declares them to be, else texts. */
export async function csv(path: string, context: HostContext): Promise<Dataset> {
  const types = fieldTypes(context.row ?? {})
  const bytes = await contentOf(path, context)
  const [header, ...records] = csvRecords([...linesOf(bytes, path)].join('\n'), path)
  if (!header) throw failure('RLP8103', `\`${path}\` has no rows`)
  const rows = records.map(({ line, cells }): Row => {
    const place = `\`${path}\` line ${line}`
    if (cells.length !== header.cells.length) throw failure('RLP8102', `${place} has ${cells.length} values, the header names ${header.cells.length}`, 'put a value that contains a comma or a line break in double quotes')
    const row = Object.fromEntries(header.cells.map((name, i) => [name, readCell(types.get(name) ?? { is: 'text' }, cells[i] as string)]))
    checkRow(row, types, place)
    return setOrigin(row, { path, unit: 'line', number: line })
  })
  return notEmpty(rows, path)
}

/** 64-bit integers become numbers when they are safe, dates ISO 8601 texts. Uncompressed, Snappy, gzip, Brotli. */
export async function parquet(path: string, context: HostContext): Promise<Dataset> {
  const types = fieldTypes(context.row ?? {})
  const bytes = await contentOf(path, context)
  const { parquetRows } = await import('./parquet.js')
  const rows = (await parquetRows(bytes, path)).map((row, i) => {
    checkRow(row, types, `\`${path}\` row ${i + 1}`)
    return setOrigin(row, { path, unit: 'row', number: i + 1 })
  })
  return notEmpty(rows, path)
}

async function contentOf(path: string, context: HostContext): Promise<Uint8Array> {
  try {
    return await readFile(resolve(context.root, path))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read: ${message}`
    throw failure('RLP8101', `\`${path}\` ${reason}`, 'paths are relative to the folder of the spec')
  }
}

/** Lines end in `\n` or `\r\n`, nothing else: JSON texts may hold U+2028. A byte order mark is dropped. */
function* linesOf(bytes: Uint8Array, path: string): Generator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const found = bytes.indexOf(10, start)
    const end = found < 0 ? bytes.length : found
    let text: string
    try {
      text = decoder.decode(bytes.subarray(start, end))
    } catch {
      throw failure('RLP8104', `\`${path}\` line ${line} is not UTF-8`, 'save the file as UTF-8')
    }
    yield text.endsWith('\r') ? text.slice(0, -1) : text
    start = end + 1
  }
}

function parsed(text: string, place: string): Row {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw failure('RLP8102', `${place} is not JSON: ${(error as Error).message}`, 'each line is one complete JSON object')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw failure('RLP8102', `${place} is not an object`, Array.isArray(value) ? 'write one object per line, not one list' : 'each line is one complete JSON object')
  }
  return value as Row
}

function checkRow(row: Row, types: ReadonlyMap<string, FieldType>, place: string): void {
  for (const [name, type] of types) {
    const problem = mismatch(type, row[name], name)
    if (problem === undefined) continue
    const fields = Object.keys(row).map((field) => `\`${field}\``)
    throw failure('RLP8106', `${place}: ${problem}`, row[name] === undefined ? `the row has ${fields.length > 0 ? fields.join(', ') : 'no fields'}` : undefined)
  }
}

function notEmpty(rows: readonly Row[], path: string): Dataset {
  if (rows.length === 0) throw failure('RLP8103', `\`${path}\` has no rows`)
  return listed(rows)
}
