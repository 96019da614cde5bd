// The example `long-to-short`: no mistakes at either scale, an engine for every stage of the miniature, and the claims that its page reports.

import { fileURLToPath } from 'node:url'
import { is, ok, suite } from '../../spec/test/suite.js'
import { diskHost } from '../cli/disk-host.js'
import { compile } from '../index.js'

const folder = fileURLToPath(new URL('../../examples/long-to-short/', import.meta.url))

async function planned(variant: string | undefined) {
  const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: diskHost(folder), parameters: [], variant })
  is(diagnostics.map(({ code, title }) => `${code} ${title}`).join('\n'), '')
  if (!plan) throw new Error('no plan and no reason')
  return plan
}

suite('long to short', (test) => {
  test('the miniature runs here as a whole', async () => {
    const plan = await planned('mini')
    is(plan.stages.filter(({ engine }) => engine === null).map(({ address }) => address).join(), '')
    is(plan.claims.map(({ name, checks }) => `${name} ${checks.length}`).toSorted().join(), 'hardly_worse 4,shorter 4')
  })

  test('at full scale the plan says why no engine runs the model', async () => {
    const plan = await planned(undefined)
    const trained = plan.stages.filter(({ kind }) => kind === 'Sft' || kind === 'Grpo' || kind === 'Dpo')
    is(trained.length, 5)
    for (const { address, obstacle } of trained) ok(obstacle?.includes('Qwen/Qwen2.5-7B'), `${address}: ${obstacle}`)
  })
})
