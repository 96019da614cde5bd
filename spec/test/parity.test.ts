// Our objectives against everything that was recorded of TRL and verl, on `reference`; and the table of them is current.

import { readFileSync } from 'node:fs'
import { readCases, recorded, tables } from '../tools/parity/tables.js'
import { runCases } from '../tools/parity/run.js'
import { open } from '../tools/parity/subjects.js'
import { objectivesTable, tableFile } from '../tools/parity/table.js'
import { is, ok, suite } from './suite.js'

const cases = readCases(recorded)

suite('parity', (test) => {
  test('every recorded case that has a counterpart agrees', async () => {
    const verdicts = await runCases(cases, tables, [await open('reference')])
    const failed = verdicts.filter(({ outcome }) => outcome === 'failed')
    is(failed.map(({ case: c, notes }) => `${c.function} ${c.name}: ${notes.join('; ')}`).join('\n'), '')
    ok(verdicts.filter(({ outcome }) => outcome === 'passed').length > 790)
  })

  test('spec/objectives.md is what the tables say', () => is(readFileSync(tableFile, 'utf8'), objectivesTable(cases)))
})
