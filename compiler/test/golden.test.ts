// Small specs, their plans and the words of `rlpc plan`, kept as files; `UPDATE_GOLDEN=1` writes them anew.
// Hashes and graphs are left out: other tests look after them.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import type { Plan } from '../../spec/plan/plan.js'
import { planProblem } from '../../spec/plan/validate.js'
import { canonicalJson } from '../../spec/plan/canonical.js'
import { is, suite } from '../../spec/test/suite.js'
import { planOf } from '../plan/test/harness.js'
import { showPlan } from '../plan/show.js'

const folder = new URL('./golden/', import.meta.url)
const variants: Readonly<Record<string, string>> = { practice: 'mini' }

function excerpt(plan: Plan): unknown {
  return {
    ...plan,
    models: Object.fromEntries(Object.entries(plan.models).map(([address, { config, source, weights }]) => [address, { width: config['hidden_size'], source, weights: weights.length }])),
    programs: Object.keys(plan.programs).length,
    rewards: Object.fromEntries(Object.entries(plan.rewards).map(([address, reward]) => [address, { ...reward, program: '…' }])),
    stages: plan.stages.map((stage) => ({ ...stage, programs: Object.keys(stage.programs).join(' '), estimate: { batch: stage.estimate.batch, steps: stage.estimate.steps, reward: stage.estimate.reward }, fingerprint: '…' })),
  }
}

function compare(name: string, actual: string): void {
  const file = new URL(name, folder)
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, actual)
  is(actual, existsSync(file) ? readFileSync(file, 'utf8') : 'no golden file: write it with UPDATE_GOLDEN=1')
}

suite('golden plans', (test) => {
  for (const name of readdirSync(folder)) {
    const source = readFileSync(new URL(`${name}/main.rlp`, folder), 'utf8')
    const choices = [undefined, ...(variants[name] === undefined ? [] : [variants[name]])]
    for (const variant of choices) {
      const stem = variant === undefined ? 'plan' : `plan.${variant}`
      test(`${name}${variant === undefined ? '' : ` (${variant})`}`, async () => {
        const plan = await planOf(source, { variant })
        is(planProblem(JSON.parse(canonicalJson(plan))), undefined)
        compare(`${name}/${stem}.json`, `${JSON.stringify(JSON.parse(canonicalJson(excerpt(plan))), null, 1)}\n`)
        compare(`${name}/${stem}.txt`, showPlan(plan, { colour: false }))
      })
    }
  }
})
