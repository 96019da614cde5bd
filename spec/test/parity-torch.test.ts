// Our objectives as printed PyTorch, with the gradients of autograd, against what was recorded of TRL and verl.
// Every fourth case of each function, to be quick: `npm run parity -- --executor torch` runs all.

import { readCases, recorded, tables } from '../tools/parity/tables.js'
import { runCases } from '../tools/parity/run.js'
import { open, type Subject } from '../tools/parity/subjects.js'
import { is, ok, suite } from './suite.js'

const torch: Subject | undefined = await open('torch').catch((error: Error) => {
  console.log(`note: printed PyTorch is not run here (${error.message}); set RLPC_PYTHON to a Python with torch`)
  return undefined
})

suite('parity of printed PyTorch', (test) => {
  test('recorded cases agree', async () => {
    if (!torch) return
    const seen = new Map<string, number>()
    const chosen = readCases(recorded).filter(({ system, function: name }) => {
      const n = seen.get(`${system} ${name}`) ?? 0
      seen.set(`${system} ${name}`, n + 1)
      return n % 4 === 0
    })
    const verdicts = await runCases(chosen, tables, [torch])
    torch.close()
    is(verdicts.filter(({ outcome }) => outcome === 'failed').map(({ case: c, notes }) => `${c.function} ${c.name}: ${notes.join('; ')}`).join('\n'), '')
    ok(verdicts.filter(({ outcome }) => outcome === 'passed').length > 190)
  })
})
