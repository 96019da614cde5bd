// `npm run parity -- [DIR] [--only TEXT] [--executor reference,wasm,torch]`: compares our objectives with recorded cases and
// prints what differs. Ends with `N passed, N failed, N skipped`; the exit status is 1 when a case fails.

import { readCases, recorded, tables } from './tables.js'
import { runCases } from './run.js'
import { open } from './subjects.js'

const args = process.argv.slice(2)
const option = (name: string): string | undefined => {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
const [only, chosen] = [option('--only'), option('--executor')]
// Without a choice, printed PyTorch takes part where RLPC_PYTHON names a Python with torch.
const names = chosen?.split(',') ?? ['reference', 'wasm', ...(process.env['RLPC_PYTHON'] ? ['torch'] : [])]
const opened = await Promise.allSettled(names.map(open))
const refused = opened.flatMap((each, i) => (each.status === 'rejected' ? [`${names[i]} is not compared: ${(each.reason as Error).message}`] : []))
for (const line of refused) console.log(line)
const subjects = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
const cases = readCases(args[0] ?? recorded).filter((c) => only === undefined || `${c.system} ${c.function} ${c.name}`.includes(only))
const verdicts = await runCases(cases, tables, subjects)
for (const subject of subjects) subject.close()

for (const { case: c, executor, outcome, notes } of verdicts) if (outcome === 'failed') console.log(`FAIL ${c.system} ${c.function} ${c.name} on ${executor}\n${notes.map((note) => `     ${note}`).join('\n')}`)
const reasons = new Map<string, number>()
for (const { case: c, outcome, notes } of verdicts) if (outcome === 'skipped') reasons.set(`${c.system} ${c.function}: ${notes.join('; ')}`, (reasons.get(`${c.system} ${c.function}: ${notes.join('; ')}`) ?? 0) + 1)
for (const [reason, n] of reasons) console.log(`skip ${reason} (${n})`)
const count = (outcome: string): number => verdicts.filter((verdict) => verdict.outcome === outcome).length
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
process.exitCode = count('failed') > 0 || count('passed') === 0 || (chosen !== undefined && refused.length > 0) ? 1 : 0
