// Agents from a spec to what they hand over: updates against torch (RLPC_PYTHON), going on after an interruption, what begins anew, and buffers.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lineage } from '../../spec/plan/lineage.js'
import { ENVIRONMENTS } from '../../spec/plan/agents.js'
import type { ModelPlan, Plan, StagePlan } from '../../spec/plan/plan.js'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'
import { HostError } from '../host.js'
import { freshWeights } from '../checkpoint/initialise.js'
import { graphsOf, inputs, Programs } from '../engines/native/programs.js'
import { Replay, transitionOf } from '../engines/native/transitions.js'
import type { TensorData } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { normal, randomKey } from '../random.js'
import { environments } from '../tasks/environments.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const NETWORKS = 'networks { critics = 3, critic_hidden = [8, 6], actor_hidden = [7, 5] }'
const LEARNING = 'learning { next_actions = 2, discount = 0.9, polyak = 0.1, target_entropy = -1 }'
const SPEC = `import { Collect, OfflineRl, OnlineRl, squared_with_penalty, Transition } from "std/offline"
import * as point from "std/tasks/point"
dataset recorded: Dataset[Transition] { source = point.episodes(), take = 300 samples }
stage offline: OfflineRl { data = recorded, environment = point.point, length = 4 steps, batch = 8 samples, sampled_actions = 5, critic_loss = squared_with_penalty(weight = 0.7), ${NETWORKS}, ${LEARNING}, rates { actor = 1e-2, critic = 2e-2, temperature = 3e-2 } }
stage filled: Collect { agent = offline.agent, environment = point.point, length = 60 transitions }
stage online: OnlineRl { agent = offline.agent, buffer = filled.buffer, offline = recorded, offline_share = 0.25, environment = point.point, length = 6 transitions, capacity = 50 transitions, update { ratio = 2, batch = 8 samples }, ${LEARNING} }
stage scratch: OnlineRl { agent = offline.agent, fresh = ["actor", "critics", "temperature", "optimisers"], environment = point.point, length = 2 transitions, update { batch = 8 samples }, ${LEARNING} }
`
const python = process.env['RLPC_PYTHON']

const stageOf = (plan: Plan, address: string): StagePlan => plan.stages.find((stage) => stage.address === address) as StagePlan
const agentOf = (plan: Plan): ModelPlan => lineage(plan)({ stage: 'offline', output: 'agent' })?.model as ModelPlan
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

suite('agents', (test) => {
  test('the tables of environments agree, and observations and actions have their sizes', () => {
    equal(Object.keys(environments), Object.keys(ENVIRONMENTS))
    for (const [id, { observations, actions }] of Object.entries(ENVIRONMENTS)) {
      const environment = environments[id] as (typeof environments)[string]
      const state = environment.begin(randomKey(0, 'a'))
      is(environment.observe(state).length, observations)
      is(environment.observe(environment.step(state, Array.from({ length: actions }, () => 1)).state).length, observations)
    }
  })

  test(`updates are those of torch${python === undefined ? ' (no Python: only our side)' : ''}`, async () => {
    const plan = await planOfSpec(SPEC)
    const stage = stageOf(plan, 'offline')
    const model = agentOf(plan)
    const graphs = graphsOf(plan, stage)
    // Every state has numbers, the squares of the moments positive ones; every feed too.
    const weights = freshWeights(model, 3).map(({ name, shape }) => {
      const key = randomKey(1, name)
      const wave = Float32Array.from({ length: size(shape) }, (_, i) => 0.3 * normal(key, i))
      return { name, shape, data: name.startsWith('adam.v.') ? wave.map((x) => x * x) : name.includes('norms') && name.endsWith('weight') ? wave.map((x) => 1 + x) : wave }
    })
    const feeds: Record<string, { shape: number[]; data: Float32Array | Int32Array | Float64Array }> = {}
    for (const role of ['critic_update', 'actor_update']) {
      for (const { attributes, type } of inputs(graphs[role] as (typeof graphs)[string], 'feed')) {
        const [name, shape] = [String(attributes['name']), type.shape.map(Number)]
        const key = randomKey(2, name)
        const data = Float32Array.from({ length: size(shape) }, (_, i) => normal(key, i))
        feeds[name] = { shape, data: name === 'subset' ? Int32Array.of(2, 0) : name === 'done' ? data.map((x) => Number(x > 0.5)) : name === 'bias1' ? Float64Array.of(1 - 0.9 ** 5) : name === 'bias2' ? Float64Array.of(1 - 0.999 ** 5) : name.includes('action') ? data.map(Math.tanh) : data }
      }
    }
    /** What an update fetches, and the weights behind it. */
    const after = async (role: string): Promise<{ fetched: Record<string, TensorData>; weights: Map<string, TensorData> }> => {
      const session = await reference.open()
      for (const { name, shape, data } of weights) {
        session.declare(`w/${name}`, 'f32', shape)
        session.write(`w/${name}`, data)
      }
      const fetched = await new Programs(session, graphs).run(role, {}, Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, data])))
      return { fetched, weights: new Map(weights.map(({ name }) => [name, session.read(`w/${name}`)])) }
    }
    const [critic, actor] = [await after('critic_update'), await after('actor_update')]
    ok(Number.isFinite(critic.fetched['critic_loss']?.[0]) && Number.isFinite(actor.fetched['actor_loss']?.[0]))
    if (python === undefined) return
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-agent-'))
    const plain = (of: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>) => Object.fromEntries(Object.entries(of).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]))
    const settings = { layers: 2, critics: 3, next_actions: 2, sampled: 5, discount: 0.9, polyak: 0.1, weight: 0.7, target_entropy: -1, actor_rate: 1e-2, critic_rate: 2e-2, temperature_rate: 3e-2, updates: 4 }
    writeFileSync(join(folder, 'case.json'), JSON.stringify({ settings, feeds: plain(feeds), weights: plain(Object.fromEntries(weights.map((weight) => [weight.name, { ...weight, data: weight.data as ArrayLike<number> }]))) }))
    const out = spawnSync(python, [fileURLToPath(new URL('python/agent.py', import.meta.url)), join(folder, 'case.json')], { encoding: 'utf8', env: { ...process.env, CUDA_VISIBLE_DEVICES: '' } })
    rmSync(folder, { recursive: true })
    is(out.status, 0, `${out.stdout}\n${out.stderr}`)
    const torch = JSON.parse(out.stdout.trim().split('\n').at(-1) as string) as { critic_loss: number; actor_loss: number; entropy: number; weights: Record<string, number[]> }
    near(Number(critic.fetched['critic_loss']?.[0]), torch.critic_loss, { rtol: 1e-10, what: 'loss of the critics' })
    near([Number(actor.fetched['actor_loss']?.[0]), Number(actor.fetched['entropy']?.[0])], [torch.actor_loss, torch.entropy], { rtol: 1e-10, what: 'loss and entropy of the actor' })
    for (const [name, expected] of Object.entries(torch.weights)) near((name.startsWith('critic') || name.startsWith('target') ? critic : actor).weights.get(name) ?? [], expected, { rtol: 1e-8, atol: 1e-11, what: name })
  })

  test('learn, collect, go on online with what is handed over, or begin anew', () =>
    inHome(async (home, run) => {
      const plan = await planOfSpec(SPEC)
      is((await run(plan, { executor: wasm })).result.outcome, 'done')
      const rows = readFileSync(join(home, '.rlp', 'store', stageOf(plan, 'filled').fingerprint, 'buffer.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { observation: number[]; action: number[]; next: number[]; done: boolean })
      is(rows.length, 60)
      ok(rows.every(({ observation, action }) => observation.length === 4 && action.length === 2 && action.every((x) => Math.abs(x) <= 1)))
      equal(rows[1]?.observation, rows[0]?.next)
      const updatesOf = (address: string) => {
        const bytes = Buffer.from(weightsOf(home, plan, address, 'agent'), 'base64')
        const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as Record<string, { data_offsets: [number, number] }>
        const at = 8 + Number(bytes.readBigUInt64LE(0)) + (header['adam.updates']?.data_offsets[0] ?? 0)
        return [bytes.readFloatLE(at), bytes.readFloatLE(at + 4)]
      }
      equal(updatesOf('offline'), [4, 4])
      equal(updatesOf('online'), [10, 16], 'the optimisers go on: an update of the actor and two of the critics for each transition')
      equal(updatesOf('scratch'), [2, 2])
    }))

  test('interrupted and continued: the same bytes', async () => {
    const plan = await planOfSpec(SPEC)
    const once = (after?: number) =>
      inHome(async (home, run) => {
        const onWasm: typeof run = (plan, options) => run(plan, { executor: wasm, ...options })
        const { result } = after === undefined ? await onWasm(plan) : await interrupted(onWasm, plan, after)
        is(result.outcome, 'done', JSON.stringify(result.stages))
        return { weights: ['offline', 'online'].map((stage) => weightsOf(home, plan, stage, 'agent')), metrics: metricsOf(home, result).filter(({ stage }) => stage === 'online') }
      })
    const whole = await once()
    for (const after of [2, 9]) equal((await once(after)).weights, whole.weights)
  })

  test('a buffer keeps the latest, and what it is restored to draws the same', () => {
    const sizes = { observations: 1, actions: 1 }
    const buffer = new Replay(sizes, 4)
    for (let i = 0; i < 6; i++) buffer.add([i, 0, i, i, 0, 0])
    is(buffer.count, 4)
    const key = randomKey(1, 'b')
    const drawn = buffer.draw(50, key, 3).map((row) => row[0])
    equal([...new Set(drawn)].sort(), [2, 3, 4, 5])
    const again = new Replay(sizes, 4)
    again.restore(buffer.tensor(), buffer.total)
    equal(again.draw(50, key, 3).map((row) => row[0]), drawn)
  })

  test('rows of other sizes, and returns of shifted rewards, are mistakes', () => {
    const row = { observation: [0, 1], action: [1], reward: 1, next: [0, 0], done: false, return_to_go: 2 }
    const sizes = { observations: 2, actions: 1 }
    equal(transitionOf({ row, place: 'row 1' }, sizes, { scale: 10, shift: 0 }), [0, 1, 1, 10, 0, 0, 0, 20])
    for (const [other, rewards] of [[{ ...row, action: [1, 2] }, { scale: 1, shift: 0 }], [row, { scale: 10, shift: -5 }]] as const) throws(() => transitionOf({ row: other, place: 'row 1' }, sizes, rewards), (error: unknown) => error instanceof HostError && error.code === 'RLP8009')
  })
})
