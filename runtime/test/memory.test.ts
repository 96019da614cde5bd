// What a stage is said to take, against what the memories of its sessions came to: data that fills the context, within 15 %.

import { is, near, ok, suite } from '../../spec/test/suite.js'
import type { Expr, Plan, Value } from '../../spec/plan/plan.js'
import { memoryOf } from '../engines/native/memory.js'
import type { Executor } from '../executors/executor.js'
import { wasm, WasmSession } from '../executors/wasm/index.js'
import { inHome, LETTERS, PlanBuilder, rows, tinyModel, withReference } from './plans.js'

const CONTEXT = 64
const model = tinyModel(LETTERS, { context: CONTEXT, width: 32, layers: 2 })
/** Prompt, completion and what frames them fill the context but for a token or two. */
const letters = (count: number) => Array.from({ length: count }, (_, i) => LETTERS[3 + (i % 4)]).join(' ')
const full: Value = rows(Array.from({ length: 64 }, () => ({ prompt: letters(20), completion: letters(CONTEXT - 23), answer: 'a' })))
const prompts: Value = rows(Array.from({ length: 64 }, () => ({ prompt: letters(23), answer: 'a' })))

/** Bytes of the memories of all sessions that are open at once in a run of one stage. */
async function measured(plan: Plan): Promise<number> {
  const sessions: WasmSession[] = []
  const executor: Executor = {
    name: 'wasm',
    open: async () => {
      const session = (await wasm.open()) as WasmSession
      sessions.push(session)
      return session
    },
  }
  await inHome(async (_, run) => is((await run(plan, { executor })).result.outcome, 'done'))
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
})
