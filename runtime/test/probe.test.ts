// The probe of `rlpc plan`: what it measures, what it keeps, and where it says nothing. No time is compared with any other.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { Expr, Value } from '../../spec/plan/plan.js'
import type { Executor } from '../executors/executor.js'
import { wasm } from '../executors/wasm/index.js'
import { probe } from '../scheduler/probe.js'
import { LETTERS, PlanBuilder, rows, tinyModel } from './plans.js'

const model = tinyModel(LETTERS, { context: 16, width: 16, layers: 1 })
const data: Value = rows([{ prompt: 'a', completion: 'b', answer: 'a' }])
const policy: Value = { model: 'm' }
const LENGTH: Expr = { field: 'tokens', of: { name: 'completion' } }
const built = new PlanBuilder({ m: model })
  .sft('s', model, policy, data, { steps: 2, batch: 4 })
  .reward('r', LENGTH)
  .grpo('g', model, { policy, prompts: data, reward: { reward: 'r' } }, { steps: 2, prompts: 2, size: 2, maxNew: 4 })
  .plan()
const plan = { ...built, stages: built.stages.map((stage) => ({ ...stage, estimate: { steps: 2 } })) }

const options = (home: string, executor: Executor, budget = Infinity) => ({ executor, version: '1', home, bytes: () => 1000, budget })
const shut: Executor = { name: 'wasm', open: () => Promise.reject(new Error('a measurement')) }

async function inHome(body: (home: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'rlpc-probe-'))
  try {
    await body(home)
  } finally {
    rmSync(home, { recursive: true })
  }
}

suite('probe', (test) => {
  test('times the programs of each stage once and keeps them for the machine, backend and version', () =>
    inHome(async (home) => {
      const first = await probe(plan, plan.stages, options(home, wasm))
      const seconds = plan.stages.map(first)
      ok(seconds.every((each) => each !== undefined && each > 0), JSON.stringify(seconds))
      const again = await probe(plan, plan.stages, options(home, shut))
      equal(plan.stages.map(again), seconds)
      let measured = false
      await probe(plan, plan.stages, { ...options(home, shut), version: '2' }).catch(() => (measured = true))
      ok(measured, 'another version is measured anew')
    }))

  test('when the time is over nothing more is measured, and nothing is said of what was not', () =>
    inHome(async (home) => {
      const seconds = await probe(plan, plan.stages, options(home, shut, 0))
      equal(plan.stages.map(seconds), plan.stages.map(() => undefined))
      ok(!existsSync(join(home, 'probe.json')))
    }))

  test('stages that a second would not even set up are left out', () =>
    inHome(async (home) => {
      const seconds = await probe(plan, plan.stages, { ...options(home, shut), bytes: () => 2 ** 31 })
      is(seconds(plan.stages[0] as (typeof plan.stages)[number]), undefined)
    }))

  test('twice the steps take twice the time', () =>
    inHome(async (home) => {
      await probe(plan, plan.stages, options(home, wasm))
      const longer = { ...plan, stages: plan.stages.map((stage) => ({ ...stage, estimate: { steps: 4 } })) }
      const [short, long] = [await probe(plan, plan.stages, options(home, shut)), await probe(longer, longer.stages, options(home, shut))]
      const ratios = plan.stages.map((stage, i) => (long(longer.stages[i] as typeof stage) as number) / (short(stage) as number))
      ok(ratios.every((ratio) => Math.abs(ratio - 2) < 1e-9), JSON.stringify(ratios))
    }))

  test('a damaged file is measured over', () =>
    inHome(async (home) => {
      for (const damaged of ['{', '', 'null', '[1, 2]', '{"a": "b", "c": -1}', '7']) {
        writeFileSync(join(home, 'probe.json'), damaged)
        await probe(plan, plan.stages, options(home, wasm))
        const kept = Object.values(JSON.parse(readFileSync(join(home, 'probe.json'), 'utf8')) as object)
        ok(kept.length > 0 && kept.every((seconds) => seconds >= 0), damaged)
      }
    }))
})
