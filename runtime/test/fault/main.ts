// `npm run fault -- --kills N --seed S [--faults N]`: kills runs N times, and N times fills the disk, makes it read-only, damages a file.
// After each the run must go on and end with the same bytes. Ends with `N passed, N failed`; the exit status is 1 when a case fails.

import { parseArgs } from 'node:util'
import { Harness, type Case } from './harness.js'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '0' }, faults: { type: 'string' } } })
const kills = Number(values.kills)
const faults = Number(values.faults ?? Math.ceil(kills / 10))
const started = performance.now()

await Harness.with(Number(values.seed), async (harness) => {
  let passed = 0
  let failed = 0
  const count = (weight: number, { what, problem }: Case) => {
    if (problem === undefined) passed += weight
    else {
      failed += Math.max(1, weight)
      console.log(`FAIL ${what}\n     ${problem}`)
    }
  }
  for (let done = 0; done < kills; ) {
    const one = await harness.kills(kills - done)
    done += one.problem === undefined ? one.kills : Math.max(1, one.kills)
    count(one.kills, one)
    console.log(`${done}/${kills} kills  ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  let mounts = true
  for (let i = 0; i < faults; i++) {
    for (const make of [() => harness.refusal('full'), () => harness.refusal('readonly'), () => harness.damage(), () => harness.fullDisk()]) {
      const one = await make()
      if (one) count(1, one)
      else mounts = false
    }
    console.log(`${i + 1}/${faults} faults of each kind  ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
  if (!mounts) console.log('no small disks: this system lets nobody mount one (it takes Linux and user namespaces)')
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
})
