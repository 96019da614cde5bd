// Our objectives against everything that was recorded of TRL and verl, on `wasm`.

import { readCases, recorded, tables } from '../tools/parity/tables.js'
import { runCases } from '../tools/parity/run.js'
import { open } from '../tools/parity/subjects.js'
import { is, suite } from './suite.js'

suite('parity on wasm', (test) => {
  test('every recorded case that has a counterpart agrees', async () => {
    const failed = (await runCases(readCases(recorded), tables, [await open('wasm')])).filter(({ outcome }) => outcome === 'failed')
    is(failed.map(({ case: c, notes }) => `${c.function} ${c.name}: ${notes.join('; ')}`).join('\n'), '')
  })
})
