// Every dataset that a stage of an example reads: it opens, and what is drawn from it can be written in the model's words
// and fits its context. Models are not trained here.

import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '../../compiler/index.js'
import { diskHost } from '../../compiler/cli/disk-host.js'
import type { ModelPlan, Plan, StagePlan, TokenizerPlan, Value } from '../../spec/plan/plan.js'
import { draws } from '../data/draws.js'
import { openDataset, type DataContext } from '../data/open.js'
import { frameExample, framePrompt } from '../tokenizer/framing.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { is, ok, suite } from '../../spec/test/suite.js'

const root = fileURLToPath(new URL('../../examples', import.meta.url))
const specs = ['tutorial', 'quickstart'].flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.rlp')).map((name) => join(root, folder, name)))

/** The data that a stage reads, as values that can be opened; outputs of stages exist only in a run. */
function dataOf(plan: Plan, stage: StagePlan): Value[] {
  const value = stage.inputs['data'] ?? stage.inputs['prompts'] ?? null
  if (typeof value !== 'object' || value === null || 'stage' in value) return []
  if (!('curriculum' in value)) return [value]
  return (plan.curricula[value.curriculum]?.phases ?? []).map(({ name }) => ({ dataset: `${value.curriculum}.${name}` }))
}

/** The model that a stage's policy began as. */
function modelOf(plan: Plan, stage: StagePlan): ModelPlan | undefined {
  const policy = stage.inputs['policy']
  if (typeof policy !== 'object' || policy === null) return undefined
  if ('model' in policy) return plan.models[policy.model]
  const before = 'stage' in policy ? plan.stages.find(({ address }) => address === policy.stage) : undefined
  return before && modelOf(plan, before)
}

suite('data of the examples', (test) => {
  for (const spec of specs) {
    test(`${basename(dirname(spec))}/${basename(spec)}`, async () => {
      const { plan, diagnostics } = await compile({ entry: basename(spec), host: diskHost(dirname(spec)), parameters: [] })
      is(diagnostics.map(({ title }) => title).join('\n'), '')
      if (!plan) throw new Error('no plan')
      const context: DataContext = { root: dirname(spec), stageOutput: () => Promise.reject(new Error('nothing has run')), opened: new Map() }
      let rows = 0
      for (const stage of plan.stages) {
        const model = modelOf(plan, stage)
        for (const value of dataOf(plan, stage)) {
          const tokenizer = vocabularyTokenizer((model as ModelPlan).tokenizer as TokenizerPlan)
          const drawn = draws(await openDataset(plan, value, context), stage.seed)
          for (let i = 0; i < 64; i++, rows++) {
            const row = drawn.row(i)
            const tokens = 'completion' in row && stage.kind.endsWith('Sft') ? frameExample(tokenizer, row, 'row').tokens : framePrompt(tokenizer, row, 'row')
            ok(tokens.length <= Number(model?.config['max_position_embeddings']), `${stage.address}: ${tokens.length} tokens`)
          }
        }
      }
      ok(rows > 0)
    })
  }
})
