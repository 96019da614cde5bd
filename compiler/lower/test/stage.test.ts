// Stages: the programs of each kind, what they feed on, what they cost, and one training step put together from them.

import { readFileSync } from 'node:fs'
import { equal, is, near, ok, suite } from '../../../spec/test/suite.js'
import type { Graph } from '../../../spec/graph/graph.js'
import { verify } from '../../../spec/graph/verify.js'
import type { ClosureValue, CompileValue } from '../../elaborate/value.js'
import { readKinds } from '../../kinds/read.js'
import { nowhere, TestSession, tinyModel } from '../../model/test/harness.js'
import { flopsOf } from '../flops.js'
import { kinds as rows, lowerStage } from '../stage.js'
import type { LoweredStage } from '../types.js'
import { closure, feedsOf, noConstants, number, programOf, text } from './harness.js'

const program = programOf(`rlp 1
import * as stages from "std/stages"
import * as advantages from "std/advantages"
import * as losses from "std/losses"
import * as aggregations from "std/aggregations"
import * as sft from "std/sft"
import * as preferences from "std/preferences"
import * as schedules from "std/schedules"
fn with_entropy(logp: Real per token, entropy: Real per token, advantage: Real per rollout): Real per token = -advantage * logp - 0.01 * entropy
fn unused() = [advantages.plain, losses.k3, aggregations.token_mean, sft.nll, preferences.dpo, schedules.constant, stages.Sft]
`)
const { kinds } = readKinds(program)
const modules = new Map(program.modules.map((module) => [module.path, module]))
const std = (module: string, name: string, bound: Record<string, CompileValue> = {}): ClosureValue => closure(modules.get(`std/${module}`), name, bound)

const model = tinyModel()
const optimizer: Record<string, CompileValue> = {
  'optimizer.lr': std('schedules', 'linear', { peak: number(0.1), warmup: number(2, 'steps') }),
  'optimizer.beta1': number(0.9),
  'optimizer.beta2': number(0.99),
  'optimizer.eps': number(1e-8),
  'optimizer.weight_decay': number(0.01),
}
const sft: Record<string, CompileValue> = { ...optimizer, length: number(10, 'steps'), batch: number(4, 'samples'), loss: std('sft', 'nll'), aggregate: std('sft', 'supervised_mean'), packing: { type: 'boolean', value: false } }
const dpo: Record<string, CompileValue> = { ...optimizer, length: number(10, 'steps'), batch: number(4, 'samples'), loss: std('preferences', 'dpo', { beta: number(0.2) }), aggregate: std('preferences', 'pair_mean') }
const grpo: Record<string, CompileValue> = {
  ...optimizer,
  length: number(6, 'steps'),
  group_size: number(4, 'rollouts'),
  advantage: std('advantages', 'group_relative'),
  loss: std('losses', 'policy_gradient'),
  aggregate: std('aggregations', 'token_mean'),
  'rollout.per_step': number(3, 'prompts'),
  'rollout.max_new': number(8, 'tokens'),
  'rollout.temperature': number(0.7),
  'rollout.top_p': number(0.9),
  'rollout.top_k': number(5),
  'update.passes': number(2),
  'update.splits': number(3),
}
const evaluate: Record<string, CompileValue> = { max_new: number(8, 'tokens'), temperature: number(0), top_p: number(1), top_k: number(0) }

function lower(kind: string, attributes: Record<string, CompileValue>, inputs: readonly string[] = ['policy']): LoweredStage {
  const schema = kinds.all.get(`std/stages.${kind}`)
  if (!schema) throw new Error(`no kind ${kind}`)
  return lowerStage({ address: 'stage', kind: schema, attributes: new Map(Object.entries(attributes)), inputs: new Set(inputs), model: kind === 'Filter' ? undefined : model, span: nowhere, spanOf: () => undefined }, noConstants)
}

const training = ['score', 'gradient', 'norm', 'apply', 'weigh', 'measure', 'lr']
const rollout = ['prefill', 'decode', 'sample']
const expected: Readonly<Record<string, { attributes: Record<string, CompileValue>; roles: readonly string[]; inputs?: readonly string[] }>> = {
  Sft: { attributes: sft, roles: training },
  Dpo: { attributes: dpo, roles: training, inputs: ['policy', 'reference'] },
  Grpo: { attributes: grpo, roles: ['advantage', ...training, ...rollout] },
  Perplexity: { attributes: {}, roles: ['score'] },
  Generate: { attributes: { ...evaluate, temperature: number(1) }, roles: rollout },
  Evaluate: { attributes: evaluate, roles: rollout },
  Filter: { attributes: {}, roles: [] },
}

const feeds = (graph: Graph | undefined): string[] => (graph ? feedsOf(graph).filter((name) => !name.includes('/')) : [])

/** Kind → roles, as the plan's page says it. */
function documented(): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const line of readFileSync(new URL('../../../spec/plan/README.md', import.meta.url), 'utf8').split('\n')) {
    const [, roles = '', of = ''] = line.split('|')
    for (const kind of of.match(/\b[A-Z][A-Za-z]+\b/g) ?? []) for (const [, role] of roles.matchAll(/`(\w+)`/g)) (found[kind] ??= []).push(role as string)
  }
  return found
}

suite('stages', (test) => {
  test('the page of plans says which roles each kind has', () => {
    const said = documented()
    for (const [kind, { roles, formulas = {}, attention, critic }] of Object.entries(rows)) {
      const more = [...Object.keys(formulas), ...(attention ? ['attend'] : []), ...(critic ? ['estimate', ...['score', 'gradient', 'norm', 'apply', 'weigh', 'measure', 'lr'].map((role) => `critic_${role}`)] : [])]
      equal([...new Set(said[kind])].sort(), [...roles, ...more].sort(), kind)
    }
  })

  test('every kind of the standard library is covered', () => {
    equal([...kinds.all].filter(([, { category }]) => category === 'Stage').map(([name]) => name.replace('std/stages.', '')).sort(), Object.keys(expected).sort())
  })

  for (const [kind, { attributes, roles, inputs }] of Object.entries(expected)) {
    test(`${kind}: programs are those of the plan format, and legal`, () => {
      const { programs, diagnostics } = lower(kind, attributes, inputs)
      equal(diagnostics.map(({ title }) => title), [])
      equal(Object.keys(programs).sort(), [...roles].sort())
      for (const graph of Object.values(programs)) equal(verify(graph), [])
      // A plan is JSON: nothing may be lost in it.
      equal(JSON.parse(JSON.stringify(programs)), programs)
    })
  }

  test('what functions became is told from what follows from model and settings: fingerprints hold the first alone', () => {
    const { programs, written } = lower('Grpo', grpo)
    equal(written, { advantage: programs['advantage'], weigh: programs['weigh'], measure: programs['measure'], lr: programs['lr'] })
    equal(lower('Evaluate', evaluate).written, {})
  })

  test('feeds are those that the plan format names, and only the needed ones', () => {
    const { programs } = lower('Grpo', grpo)
    equal(feeds(programs['score']), ['positions', 'targets', 'temperature', 'tokens'])
    equal(feeds(programs['gradient']), ['dlogp', 'positions', 'targets', 'temperature', 'tokens'])
    equal(feeds(programs['norm']), [])
    equal(feeds(programs['apply']), ['bias1', 'bias2', 'clip_scale', 'lr'])
    // In several updates the advantage comes before, of the whole batch.
    equal(feeds(programs['advantage']), ['reward'])
    equal(feeds(programs['weigh']), ['advantage', 'mask'])
    const undivided = lower('Grpo', { ...grpo, 'update.splits': number(1) }).programs
    is(undivided['advantage'], undefined)
    equal(feeds(undivided['weigh']), ['mask', 'reward'])
    equal(feeds(lower('Dpo', dpo, ['policy', 'reference']).programs['weigh']), ['logp', 'mask', 'ref_logp'])
    equal(feeds(programs['lr']), ['step', 'steps'])
    equal(feeds(programs['prefill']), ['last', 'positions', 'tokens'])
    equal(feeds(programs['decode']), ['positions', 'tokens'])
    equal(feeds(programs['sample']), ['key0', 'key1', 'logits', 'position', 'row', 'temperature'])
    equal(feeds(lower('Evaluate', evaluate).programs['sample']), ['logits'])
    equal(feeds(lower('Grpo', { ...grpo, loss: closure(modules.get('main.rlp'), 'with_entropy') }).programs['gradient']), ['dentropy', 'dlogp', 'positions', 'targets', 'temperature', 'tokens'])
    equal(feeds(lower('Sft', { ...sft, packing: { type: 'boolean', value: true } }).programs['gradient']), ['dlogp', 'positions', 'segments', 'targets', 'temperature', 'tokens'])
  })

  test('a loss that needs a reference policy: with and without one', () => {
    const attributes = { ...grpo, loss: std('losses', 'clipped_with_kl', { kl: number(0.1) }) }
    const without = lower('Grpo', attributes)
    equal(without.diagnostics.map(({ code }) => code), ['RLP5106'])
    is(without.programs['weigh'], undefined)
    equal(lower('Grpo', attributes, ['policy', 'reference']).diagnostics, [])
  })

  test('a learning rate that is no number is reported, not thrown', () => {
    equal(lower('Sft', { ...sft, 'optimizer.lr': text('fast') }).diagnostics.map(({ code }) => code), ['RLP5102'])
  })
})

suite('estimates', (test) => {
  test('matrix products are counted exactly', () => {
    const { programs } = lower('Sft', sft)
    const [B, T] = [2, 5]
    const { hidden_size: D, intermediate_size: M, vocab_size: V } = model.config as Record<string, number>
    const [queries, keys] = [8, 4]
    const layer = D! * queries * 2 + D! * keys * 2 + 3 * D! * M!
    const forward = 2 * B * T * (2 * layer + D! * V!) + 2 * (2 * 2 * B * T * T * queries)
    is(flopsOf(programs['score'] as Graph, { B, T }), forward)
    // Backward takes twice as many, and recomputes attention and the head inside their gradients.
    const gradient = flopsOf(programs['gradient'] as Graph, { B, T })
    ok(gradient >= 3 * forward && gradient < 4 * forward, `${gradient} beside ${forward}`)
  })

  test('steps, tokens and the batch equation', () => {
    const supervised = lower('Sft', sft).estimate
    is(supervised.steps, 10)
    is(supervised.tokens, 10 * 4 * 16)
    is(supervised.batch, '4 samples = 1 update')
    is(lower('Dpo', dpo, ['policy', 'reference']).estimate.batch, '4 pairs = 1 update')
    const { steps, tokens, batch, flops } = lower('Grpo', grpo).estimate
    is(steps, 6)
    is(tokens, 12 * 8)
    is(batch, '3 prompts x 4 rollouts = 12 rollouts = 6 updates of 4')
    ok((flops ?? 0) > 0)
    equal(lower('Sft', { ...sft, length: number(2, 'epochs') }).estimate, { batch: '4 samples = 1 update' })
  })
})

suite('a training step', (test) => {
  test('weigh, gradient, norm and apply lower the loss that measure reports', async () => {
    const { programs } = lower('Sft', sft)
    const session = await TestSession.open(model)
    const [N, T] = [2, 4]
    const rows = { tokens: [1, 3, 5, 4, 1, 6, 6, 2], targets: [3, 5, 4, 2, 6, 6, 2, 0], positions: [0, 1, 2, 3, 0, 1, 2, 3], temperature: [1] }
    const mask = [0, 1, 1, 1, 0, 1, 1, 0]
    const run = async (role: string, sizes: Record<string, number>, given: Record<string, readonly number[]>) => {
      const graph = programs[role] as Graph
      return session.run(graph, sizes, Object.fromEntries(Object.entries(given).filter(([name]) => feedsOf(graph).includes(name))))
    }
    const losses: number[] = []
    for (let step = 0; step < 8; step++) {
      const { dlogp } = await run('weigh', { N, T }, { mask })
      const { logp } = await run('gradient', { B: N, T }, { ...rows, dlogp: dlogp as number[] })
      losses.push((await run('measure', { N, T }, { mask, logp: logp as number[] }))['loss']?.[0] as number)
      near(losses.at(-1) as number, -mask.reduce((sum, m, i) => sum + m * (logp?.[i] as number), 0) / 5, { rtol: 1e-12 })
      const norm = (await run('norm', {}, {}))['norm']?.[0] as number
      const lr = (await run('lr', {}, { step: [step], steps: [8] }))['lr'] as number[]
      await run('apply', {}, { lr, clip_scale: [Math.min(1, 1 / (norm + 1e-6))], bias1: [1 - 0.9 ** (step + 1)], bias2: [1 - 0.99 ** (step + 1)] })
    }
    ok((losses.at(-1) as number) < 0.5 * (losses[0] as number), losses.join(' '))
  })
})
