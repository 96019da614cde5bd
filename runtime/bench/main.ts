// `npm run bench -- [ROW…] [--threads N] [--rounds N] [--seconds N] [--json FILE]`: ratios of our times to those of PyTorch, `transformers` and TRL,
// all measured in one run, in turns; the fastest turn of each side counts. RLPC_PYTHON names the Python that has them; without one their columns say so.
// RLPC_BACKEND=tensorflow times that backend in the rows that train (its programs are compiled before; the column of processor time lacks its process), and XLA's compiling in `kernels`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { contest, type Outcome } from './contest.js'
import { json, table } from './report.js'
import { rows } from './rows.js'
import { writeCheckpoint } from './ours/checkpoint.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string' }, rounds: { type: 'string', default: '12' }, seconds: { type: 'string', default: '60' }, json: { type: 'string' } },
})
const unknown = positionals.filter((name) => !rows.some((row) => row.name === name))
if (unknown.length > 0) {
  console.error(`no row ${unknown.join(', ')}; there are ${rows.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const limits = { rounds: Number(values.rounds), seconds: Number(values.seconds) }

const outcomes: Outcome[] = []
for (const row of rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  for (const threads of row.threads.filter((count) => values.threads === undefined || count === Number(values.threads))) {
    process.stderr.write(`${row.name}, ${threads} thread${threads === 1 ? '' : 's'} …\n`)
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-bench-'))
    try {
      writeCheckpoint(join(folder, 'model'), row.model, row.batch === 512 ? 16 : 64 + row.tokens)
      outcomes.push(await contest(row, threads, folder, limits))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
console.log(`Node ${process.version}, ${cpus()[0]?.model}; fastest of up to ${limits.rounds} turns each, in one run\n`)
console.log(table(outcomes))
if (values.json !== undefined) writeFileSync(values.json, json(outcomes, limits.rounds))
