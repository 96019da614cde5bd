// What a stage is said to take, against what the memories of its sessions came to: data that fills the context, within 15 %.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import type { Expr, Plan, Value } from '../../spec/plan/plan.js'
import { kinds } from '../engines/native/kinds.js'
import { memoryOf } from '../engines/native/memory.js'
import type { Executor } from '../executors/executor.js'
import { wasm, WasmSession } from '../executors/wasm/index.js'
import { inHome, LETTERS, PlanBuilder, rows, tinyModel, withReference } from './plans.js'
import { planOfSpec } from './specs.js'

const CONTEXT = 64
const model = tinyModel(LETTERS, { context: CONTEXT, width: 32, layers: 2 })
/** Prompt, completion and what frames them fill the context but for a token or two. */
const letters = (count: number, row = 0) => Array.from({ length: count }, (_, i) => LETTERS[3 + ((i + Math.floor(row / 4 ** i)) % 4)]).join(' ')
const full: Value = rows(Array.from({ length: 64 }, () => ({ prompt: letters(20), completion: letters(CONTEXT - 23), answer: 'a' })))
const prompts: Value = rows(Array.from({ length: 64 }, (_, row) => ({ prompt: letters(28, row), answer: 'a' })))

/** Bytes of the memories of all sessions that the stage `s` has open at once; others before it are run, and not counted. */
async function measured(plan: Plan, files: Readonly<Record<string, string>> = {}): Promise<number> {
  const sessions: WasmSession[] = []
  let counting = false
  const executor: Executor = {
    name: 'wasm',
    open: async () => {
      const session = (await wasm.open()) as WasmSession
      if (counting) sessions.push(session)
      return session
    },
  }
  await inHome(async (home, run) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text)
    const { result } = await run(plan, { executor, report: (event) => event.type === 'started' && (counting = event.stage === 's') })
    is(result.outcome, 'done', JSON.stringify(result.stages.map(({ error }) => error)))
  })
  return sessions.reduce((sum, { peak }) => sum + peak, 0)
}

/** Differs between rollouts, so that there is something to learn. */
const LENGTH: Expr = { field: 'tokens', of: { name: 'completion' } }
const policy: Value = { model: 'm' }
const stages: Readonly<Record<string, (plan: PlanBuilder) => PlanBuilder>> = {
  'supervised fine-tuning': (plan) => plan.sft('s', model, policy, full, { steps: 2, batch: 16 }),
  'packed fine-tuning': (plan) => plan.sft('s', model, policy, full, { steps: 2, batch: 8, packing: true }),
  'policy optimisation': (plan) => plan.reward('r', LENGTH).grpo('s', model, { policy, prompts, reward: { reward: 'r' } }, { steps: 2, prompts: 4, size: 8, maxNew: 32 }),
  'policy optimisation with a reference': (plan) => plan.reward('r', LENGTH).grpo('s', model, { policy, prompts, reward: { reward: 'r' }, reference: policy }, { steps: 2, prompts: 4, size: 4, maxNew: 32, loss: withReference }),
  evaluation: (plan) => plan.exactReward('r').completing('s', 'Evaluate', model, { policy, data: prompts, score: { reward: 'r', term: 'correct' } }, { samples: 2, maxNew: 32, temperature: 1 }),
}

const lines = (count: number, row: (i: number) => object): string => Array.from({ length: count }, (_, i) => JSON.stringify(row(i))).join('\n')

const COMMON = `
import { matches } from "std/signals"
type Row = { prompt: Text, completion: Text, chosen: Text, rejected: Text, text: Text, reward: Real }
dataset d: Dataset[Row] { source = jsonl("rows.jsonl"), take = 64 samples }
dataset short: Dataset[Row] { source = jsonl("short.jsonl"), take = 64 samples }
model m: Transformer { layers = 2, width = 32, heads = 2, mlp = 64, context = ${CONTEXT} tokens, vocabulary = ["a", "b", "c", "d", "?"] }
model n: Transformer { layers = 2, width = 32, heads = 2, mlp = 64, context = ${CONTEXT} tokens, vocabulary = ["a", "b", "c", "d", "?"], seed = 1 }
reward r: Reward[Row] { term begins = matches(completion, "^a")
  total = begins }
`
const FILES = {
  'rows.jsonl': lines(64, () => ({ prompt: letters(20), completion: letters(CONTEXT - 23), chosen: letters(CONTEXT - 23), rejected: letters(CONTEXT - 24), text: letters(CONTEXT), reward: 0 })),
  'short.jsonl': lines(64, (row) => ({ prompt: letters(CONTEXT - 36, row), completion: '', chosen: '', rejected: '', text: '', reward: 0 })),
  'vectors.jsonl': lines(300, (i) => ({ features: Array.from({ length: 40 }, (_, j) => (i * j) % 7), label: i % 3 })),
}
const LEARNS = 'optimizer { lr = 1e-3 }'
const ROLLS = 'policy = m, prompts = short, reward = r, length = 3 steps'
const EXAM = 'policy = m, data = short, score = r.begins'
const NET = `import { EvaluateClassifier, GradientNorm, Labelled, Mlp, Supervised } from "std/supervised"
model net: Mlp { inputs = 40, hidden = [256, 64], classes = 3 }
dataset v: Dataset[Labelled] { source = jsonl("vectors.jsonl") }
`

const ACTS = `import { Collect, OfflineRl, OnlineRl } from "std/offline"
import * as point from "std/tasks/point"
stage learned: OfflineRl { data = point.episodes(), environment = point.point, length = 2 steps }
`

/** Kind → a stage `s` of that kind, and what it needs. */
const specs: Readonly<Record<string, string>> = {
  Dpo: `import { Dpo } from "std/stages"\n${COMMON}stage s: Dpo { policy = m, reference = m, data = d, length = 2 steps, batch = 8 samples, ${LEARNS} }`,
  AttentionSft: `import { AttentionSft } from "std/attention"\n${COMMON}stage s: AttentionSft { policy = m, data = d, length = 2 steps, batch = 16 samples, roles { image = ["a", "b"], system = ["c", "d"] }, ${LEARNS} }`,
  Pretrain: `import { Pretrain } from "std/pretraining"\n${COMMON}stage s: Pretrain { policy = m, data = d, length = 2 steps, batch = 16 samples, ${LEARNS} }`,
  EvaluateLoss: `import { EvaluateLoss } from "std/pretraining"\n${COMMON}stage s: EvaluateLoss { policy = m, data = d }`,
  Perplexity: `import { Perplexity } from "std/stages"\n${COMMON}stage s: Perplexity { policy = m, data = d }`,
  RewardModel: `import { RewardModel } from "std/reward_models"\n${COMMON}stage s: RewardModel { policy = m, data = d, length = 2 steps, batch = 8 samples, ${LEARNS} }`,
  EvaluateRewardModel: `import { EvaluateRewardModel, RewardModel } from "std/reward_models"\n${COMMON}stage judge: RewardModel { policy = m, data = d, length = 1 step, batch = 8 samples, ${LEARNS} }\nstage s: EvaluateRewardModel { model = judge.model, data = d }`,
  Supervised: `${NET}stage s: Supervised { model = net, data = v, length = 2 steps, batch = 16 samples, ${LEARNS} }`,
  EvaluateClassifier: `${NET}stage s: EvaluateClassifier { model = net, data = v }`,
  GradientNorm: `${NET}stage s: GradientNorm { model = net, rows = v }`,
  OfflineRl: ACTS.replace('stage learned', 'stage s'),
  Collect: `${ACTS}stage s: Collect { agent = learned.agent, environment = point.point, length = 3 transitions }`,
  OnlineRl: `${ACTS}stage s: OnlineRl { agent = learned.agent, environment = point.point, length = 2 transitions }`,
  ShrinkPerturb: `import { ShrinkPerturb } from "std/operations"\n${COMMON}stage s: ShrinkPerturb { model = m, shrink = 0.5, perturb = 0.1 }`,
  Lora: `import { Lora } from "std/adapters"\n${COMMON}stage s: Lora { policy = m, rank = 2 }`,
  MergeLora: `import { Lora, MergeLora } from "std/adapters"\n${COMMON}stage thin: Lora { policy = m, rank = 2 }\nstage s: MergeLora { policy = thin.policy }`,
  Merge: `import { Merge, same_length } from "std/merging"\n${COMMON}stage s: Merge { policy = m, policies = [m, n, n], combine = same_length }`,
  Ppo: `import { Ppo } from "std/ppo"\n${COMMON}stage s: Ppo { ${ROLLS}, rollout { per_step = 24 prompts, max_new = 32 tokens }, ${LEARNS}, critic_${LEARNS} }`,
  AsyncGrpo: `import { AsyncGrpo } from "std/asynchronous"\nimport { k3 } from "std/losses"\n${COMMON}stage s: AsyncGrpo { ${ROLLS}, group_size = 6 rollouts, rollout { per_step = 4 prompts, max_new = 32 tokens, staleness = 1 }, ${LEARNS} }`,
  Generate: `import { Generate } from "std/stages"\n${COMMON}stage s: Generate { policy = m, prompts = short, samples = 4 rollouts, max_new = 32 tokens }`,
  MajorityVote: `import { MajorityVote } from "std/inference"\n${COMMON}stage s: MajorityVote { ${EXAM}, samples = 3 rollouts, max_new = 32 tokens }`,
  PartSearch: `import { PartSearch } from "std/inference"\n${COMMON}stage s: PartSearch { ${EXAM}, judge = r.begins, choose = "best", candidates = 2, max_new = 32 tokens }`,
  TreeSearch: `import { TreeSearch } from "std/inference"\n${COMMON}stage s: TreeSearch { ${EXAM}, judge = r.begins, step = "?", recall = m, associate = "{prompt}", branching = 2, depth = 1, calls = 7, max_new = 32 tokens }`,
  GenerateWithTools: `import { GenerateWithTools } from "std/tools"\n${COMMON}stage s: GenerateWithTools { policy = m, prompts = short, score = r.begins, max_new = 32 tokens }`,
}

/** What is drawn on depends on what was drawn before: stages of which the most is foreseen. */
const bounds: Readonly<Record<string, string>> = {
  ForceAnswer: `import { ForceAnswer } from "std/inference"\n${COMMON}stage s: ForceAnswer { ${EXAM}, max_new = 18 tokens, text = "a", answer = 8 tokens }`,
  PartSearch: `import { PartSearch } from "std/inference"\n${COMMON}stage s: PartSearch { ${EXAM}, judge = r.begins, part = "?", choose = "best", candidates = 2, max_new = 32 tokens }`,
  TreeSearch: `import { TreeSearch } from "std/inference"\n${COMMON}stage s: TreeSearch { ${EXAM}, judge = r.begins, step = "?", branching = 2, depth = 3, calls = 13, max_new = 8 tokens }`,
  GenerateWithTools: `import { GenerateWithTools } from "std/tools"\n${COMMON}stage s: GenerateWithTools { policy = m, prompts = short, score = r.begins, hints = [{ text = "b", after = ["a"] }], max_new = 32 tokens, temperature = 1 }`,
}

/** Kinds that change what a model is said to be, or read no model at all. */
const WITHOUT: readonly string[] = ['Filter', 'IsolatePaths', 'ReweighAttention']

suite('peak memory', (test) => {
  for (const [what, add] of Object.entries(stages))
    test(what, async () => {
      const plan = add(new PlanBuilder({ m: model })).plan()
      const stage = plan.stages[0] as Plan['stages'][number]
      const found = memoryOf(plan)(stage)
      ok(found)
      const bytes = await measured(plan)
      near(found.executor, bytes, { rtol: 0.15, what: `executor memory (${JSON.stringify(found.parts)})` })
      is(found.parts.weights, 4 * model.weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0))
      if (stage.kind !== 'Evaluate') is(found.parts.optimiser, 2 * found.parts.gradients)
    })

  for (const [kind, source] of Object.entries(specs))
    test(kind, async () => {
      const plan = await planOfSpec(source, FILES)
      const stage = plan.stages.find(({ address }) => address === 's') as Plan['stages'][number]
      const found = memoryOf(plan)(stage)
      ok(found)
      const bytes = await measured(plan, FILES)
      near(found.executor, bytes, { rtol: 0.15, what: `executor memory (${JSON.stringify(found.parts)})` })
      ok(found.peak > found.executor)
    })

  for (const [kind, source] of Object.entries(bounds))
    test(`${kind}, at most`, async () => {
      const plan = await planOfSpec(source, FILES)
      const found = memoryOf(plan)(plan.stages[0] as Plan['stages'][number])?.executor ?? 0
      const bytes = await measured(plan, FILES)
      ok(bytes <= 1.05 * found && found <= 3 * bytes, `${found} foreseen, ${bytes} taken`)
    })

  test('every kind has a forecast that is compared', () =>
    equal(Object.keys(kinds).filter((kind) => !(kind in specs) && !(kind in bounds) && !WITHOUT.includes(kind)), ['Sft', 'Grpo', 'Evaluate'], 'these are built from graphs above'))
})
