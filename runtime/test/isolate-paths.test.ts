// Policies whose paths do not see each other, from a spec to what they write: weights handed on, an adapter that stays, training, rollouts that
// leave out ended rows, and their log-probabilities.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lineage } from '../../spec/plan/lineage.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { sequenceExamples } from '../engines/native/examples.js'
import { Policy } from '../engines/native/policy.js'
import { graphsOf } from '../engines/native/programs.js'
import { rollOut } from '../engines/native/rollout.js'
import { wasm } from '../executors/wasm/index.js'
import { Artefacts } from '../scheduler/artefacts.js'
import { Store } from '../store/store.js'
import { frameRollout } from '../tokenizer/framing.js'
import { inHome } from './plans.js'
import { metricsOf, planOfSpec, weightsOf } from './specs.js'

const SPEC = `import { Lora, MergeLora } from "std/adapters"
import { IsolatePaths } from "std/attention"
import { policy_gradient } from "std/losses"
import { matches } from "std/signals"
import { Evaluate, Grpo, Sft } from "std/stages"
import * as sums from "std/tasks/sums"
model tiny: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 48 tokens, vocabulary = sums.words }
const problems = sums.sums(minuses = 0..1)
reward branched: Reward[{ prompt: Text }] { term paths = matches(completion, "<Path>"), total = paths }
stage first: Sft { policy = tiny, data = sums.in_parallel(problems), length = 2 steps, batch = 4 samples, optimizer { lr = 1e-2 } }
stage apart: IsolatePaths { policy = first.policy }
stage learned: Sft for seen in ["apart", "together"] { policy = if seen == "apart" then apart.policy else first.policy, data = sums.in_parallel(problems), length = 3 steps, batch = 4 samples, optimizer { lr = 1e-2 } }
stage practice: Grpo { policy = learned["apart"].policy, prompts = subset(problems, 20 samples), reward = branched, length = 2 steps, group_size = 4 rollouts, rollout { per_step = 3 prompts, max_new = 30 tokens }, update { splits = 1, passes = 2 }, optimizer { lr = 1e-2 } }
stage thin: Lora { policy = first.policy, rank = 2 }
stage thin_apart: IsolatePaths { policy = thin.policy }
stage whole: MergeLora { policy = thin_apart.policy }
`

const stageOf = (plan: Plan, address: string): StagePlan => plan.stages.find((stage) => stage.address === address) as StagePlan

suite('isolate paths', (test) => {
  test('weights are handed on, everything after it is trained and written with paths apart, and adapters stay', () =>
    inHome(async (home, run) => {
      const plan = await planOfSpec(SPEC)
      const { result } = await run(plan, { executor: wasm })
      is(result.outcome, 'done', JSON.stringify(result.stages))
      is(weightsOf(home, plan, 'apart', 'policy'), weightsOf(home, plan, 'first', 'policy'))
      const loss = (address: string) => metricsOf(home, result).filter(({ stage }) => stage === address).map(({ loss }) => loss)
      is(loss('learned["apart"]').length, 3)
      ok(loss('learned["apart"]')[0] !== loss('learned["together"]')[0], 'the first loss is that of the same weights, seen otherwise')

      const stage = stageOf(plan, 'practice')
      const at = await new Artefacts(plan, new Store(join(home, '.rlp')), home).policy(stage.inputs['policy'] ?? null)
      const policy = await Policy.open(wasm, at, graphsOf(plan, stage))
      const prompts = Array.from({ length: 24 }, (_, row) => ({ tokens: policy.tokenizer.encode('<bos> +3 -5 +7 -2 ? <Parallel> <Path> +3', 'a prompt').slice(0, 5 + (row % 4)), row }))
      const rollouts = await rollOut(policy, prompts, { maxNew: 30, temperature: 1, key: { key0: 5, key1: 6 } })
      ok(new Set(rollouts.map(({ tokens }) => tokens.length)).size > 3, 'some end early, and the caches of the others are moved')
      const sequences = rollouts.map(({ tokens }, i) => frameRollout((prompts[i] as (typeof prompts)[number]).tokens, tokens))
      const { logp } = await policy.score(sequenceExamples(sequences, policy.layout(24)), [...sequences.keys()], 1)
      rollouts.forEach((rollout, i) => {
        const from = i * logp.width + (prompts[i] as (typeof prompts)[number]).tokens.length - 1
        near(rollout.logp, logp.values.slice(from, from + rollout.logp.length), { rtol: 1e-4, atol: 1e-5, what: `rollout ${i}` })
      })
      policy.close()

      const behind = lineage(plan)
      const changed = ['first', 'apart', 'practice', 'thin', 'thin_apart', 'whole'].map((stage) => behind({ stage, output: 'policy' })?.model)
      equal(changed.map((model) => [model?.paths !== undefined, model?.adapter !== undefined]), [[false, false], [true, false], [true, false], [false, true], [true, true], [true, false]])
      equal(behind({ stage: 'thin_apart', output: 'policy' })?.base, { stage: 'first', output: 'policy' })
      const adapter = (address: string) => readFileSync(join(home, '.rlp', 'store', stageOf(plan, address).fingerprint, 'policy', 'adapter_model.safetensors')).toString('base64')
      is(adapter('thin_apart'), adapter('thin'))
    }))
})
