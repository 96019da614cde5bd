// Files of records: whatever happens to the bytes, what is read is a beginning of what was written.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { readRecords, RecordFile } from '../store/records.js'

const written = [{ step: 1 }, { step: 2, text: 'zwei – ü' }, { step: 3, list: [1, null] }]

function inFile(body: (path: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-records-'))
    try {
      const path = join(folder, 'journal')
      const file = RecordFile.open(path)
      for (const value of written) file.append(value)
      file.close()
      body(path)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const isBeginning = (values: readonly unknown[]) => equal(values, written.slice(0, values.length))

suite('records', (test) => {
  test('what is appended is read back, also after it was closed', inFile((path) => {
    const file = RecordFile.open(path)
    file.append({ step: 4 })
    file.sync()
    file.close()
    equal(readRecords(path), { values: [...written, { step: 4 }], lost: 0 })
    equal(readRecords(`${path}.absent`), { values: [], lost: 0 })
  }))

  test('cut at any byte, a beginning is left, and writing goes on behind it', inFile((path) => {
    const bytes = readFileSync(path)
    for (let size = 0; size < bytes.length; size++) {
      writeFileSync(path, bytes)
      truncateSync(path, size)
      const { values, lost } = readRecords(path)
      isBeginning(values)
      ok(values.length < written.length && (lost > 0 || size === 0 || values.length > 0))
      const file = RecordFile.open(path)
      file.append({ step: 'again' })
      file.close()
      equal(readRecords(path), { values: [...values, { step: 'again' }], lost: 0 })
    }
  }))

  test('any flipped bit ends what is believed', inFile((path) => {
    const bytes = readFileSync(path)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      writeFileSync(path, flipped)
      const { values, lost } = readRecords(path)
      isBeginning(values)
      ok(values.length < written.length && lost > 0, `bit ${bit}`)
    }
  }))

  test('a record that was removed or doubled ends it too', inFile((path) => {
    const bytes = readFileSync(path)
    const first = 12 + bytes.readUInt32LE(0)
    const second = first + 12 + bytes.readUInt32LE(first)
    writeFileSync(path, Buffer.concat([bytes.subarray(0, first), bytes.subarray(second)]))
    equal(readRecords(path).values, written.slice(0, 1))
    writeFileSync(path, bytes)
    appendFileSync(path, bytes.subarray(second))
    equal(readRecords(path).values, written)
    ok(readRecords(path).lost > 0)
  }))

  test('whoever opens it says how many records count', inFile((path) => {
    const file = RecordFile.open(path, ({ values }) => values.findIndex((value) => (value as { step: number }).step === 3))
    file.append({ step: 30 })
    file.close()
    is(JSON.stringify(readRecords(path).values), JSON.stringify([...written.slice(0, 2), { step: 30 }]))
  }))
})
