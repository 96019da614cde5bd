// `npm run bench`: ratios against PyTorch, measured interleaved in one run: a training step and a rollout of the quickstart's model.
// Prints a table (or `--json`); without PyTorch it prints our own times and says so.

import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { compile } from '../../compiler/index.js'
import { diskHost } from '../../compiler/cli/disk-host.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import type { Bindings, Program, Session, TensorData } from '../executors/executor.js'
import { declareStates } from '../executors/states.js'
import { wasm } from '../executors/wasm/index.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const rounds = Number(process.env['RLPC_BENCH_ROUNDS'] ?? 3)

const folder = fileURLToPath(new URL('../../examples/quickstart', import.meta.url))
const compiled = await compile({ entry: 'main.rlp', host: diskHost(folder), parameters: [] })
const plan = compiled.plan as Plan
const stage = (kind: string) => plan.stages.find((one) => one.kind === kind) as StagePlan
const graphOf = (one: StagePlan, role: string) => plan.programs[one.programs[role] as string] as Graph
const model = Object.values(plan.models)[0] as Plan['models'][string]
const config = (name: string) => Number(model.config[name])
const sizes = { layers: config('num_hidden_layers'), width: config('hidden_size'), heads: config('num_attention_heads'), mlp: config('intermediate_size'), batch: 32, tokens: 112, rollouts: 128, prompt: 21, new: 100, threads: 1 }
const vocabulary = model.tokenizer?.vocabulary.length ?? 0

/** Small reproducible values: the speed of a step does not depend on them. */
const fill = (length: number, scale: number) => Float32Array.from({ length }, (_, i) => (((i * 2654435761) >>> 0) / 2 ** 32 - 0.5) * scale)
const ids = (length: number) => Int32Array.from({ length }, (_, i) => ((i * 2654435761) >>> 7) % vocabulary)
const rising = (rows: number, length: number, start = 0) => Int32Array.from({ length: rows * length }, (_, i) => start + (i % length))

function open(session: Session, graph: Graph, bindings: Bindings): Program {
  for (const [name, shape] of declareStates(session, graph, bindings)) if (name.startsWith('w/')) session.write(name, fill(shape.reduce((a, b) => a * b, 1), 0.1))
  return session.load(graph, bindings)
}

async function trainingStep(): Promise<() => Promise<void>> {
  const sft = stage('Sft')
  const { batch: B, tokens: T } = sizes
  const session = await wasm.open()
  const gradient = open(session, graphOf(sft, 'gradient'), { B, T })
  const norm = open(session, graphOf(sft, 'norm'), {})
  const apply = open(session, graphOf(sft, 'apply'), {})
  const feeds: Record<string, TensorData> = { tokens: ids(B * T), targets: ids(B * T + 1).slice(1), positions: rising(B, T), temperature: Float32Array.of(1), dlogp: fill(B * T, 0).fill(-1 / (B * T)), dentropy: new Float32Array(B * T) }
  const scalars = { lr: Float32Array.of(1e-3), clip_scale: Float32Array.of(1), bias1: Float32Array.of(0.5), bias2: Float32Array.of(0.5) }
  return async () => {
    await gradient.run(feeds)
    await norm.run({})
    await apply.run(scalars)
  }
}

async function rollout(): Promise<() => Promise<void>> {
  const grpo = stage('Grpo')
  const { rollouts: B, prompt: P, new: N } = sizes
  const bindings = { B, P, S: P + N }
  const session = await wasm.open()
  // Decoding reads the caches that the prefill only fills, so it declares them.
  const decode = open(session, graphOf(grpo, 'decode'), bindings)
  const prefill = open(session, graphOf(grpo, 'prefill'), bindings)
  const sample = open(session, graphOf(grpo, 'sample'), bindings)
  const row = Uint32Array.from({ length: B }, (_, i) => i)
  const key = Uint32Array.of(1)
  return async () => {
    let { logits } = await prefill.run({ tokens: ids(B * P), positions: rising(B, P), last: new Int32Array(B).fill(P - 1) })
    for (let i = 0; i < N; i++) {
      const { token } = await sample.run({ logits: logits as TensorData, temperature: Float32Array.of(1), key0: key, key1: key, row, position: Uint32Array.of(i) })
      if (i < N - 1) logits = (await decode.run({ tokens: token as TensorData, positions: new Int32Array(B).fill(P + i) }))['logits']
    }
  }
}

async function fastest(run: () => Promise<void>, times: number): Promise<number> {
  let best = Infinity
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

interface Torch { torch: string; step: { min: number }; rollout: { min: number } }

function torch(): Torch | undefined {
  const python = process.env['RLPC_PYTHON'] ?? 'python3'
  const spec = JSON.stringify({ ...sizes, vocabulary, repeat: 10 })
  const result = spawnSync(python, [`${here}torch_yardstick.py`, spec], { encoding: 'utf8' })
  return result.status === 0 ? (JSON.parse(result.stdout) as Torch) : undefined
}

const ours = { step: await trainingStep(), rollout: await rollout() }
await ours.step()
await ours.rollout()
const best = { step: Infinity, rollout: Infinity, torchStep: Infinity, torchRollout: Infinity }
let version: string | undefined
for (let round = 0; round < rounds; round++) {
  best.step = Math.min(best.step, await fastest(ours.step, 10))
  best.rollout = Math.min(best.rollout, await fastest(ours.rollout, 3))
  const theirs = torch()
  if (!theirs) continue
  version = theirs.torch
  best.torchStep = Math.min(best.torchStep, theirs.step.min)
  best.torchRollout = Math.min(best.torchRollout, theirs.rollout.min)
}

const tokens = sizes.rollouts * sizes.new
const rows = [
  { what: `training step, ${sizes.batch} x ${sizes.tokens} tokens`, ours: best.step, theirs: best.torchStep, unit: 'ms' },
  { what: `rollout, ${sizes.rollouts} x ${sizes.new} tokens`, ours: best.rollout, theirs: best.torchRollout, unit: 'ms' },
]
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, torch: version ?? null, cpu: cpus()[0]?.model, sizes, rows }, null, 2))
} else {
  console.log(`quickstart's model: ${sizes.layers} layers, width ${sizes.width}, MLP ${sizes.mlp} (SwiGLU), vocabulary ${vocabulary}; ${sizes.threads} thread; fastest of ${rounds} interleaved rounds`)
  console.log(`Node ${process.version}, ${version ? `PyTorch ${version}` : 'PyTorch not found (set RLPC_PYTHON): no ratios'}, ${cpus()[0]?.model}\n`)
  for (const { what, ours, theirs } of rows) console.log(`${what.padEnd(38)} ${ours.toFixed(1).padStart(8)} ms${version ? `   PyTorch ${theirs.toFixed(1).padStart(8)} ms   ratio ${(ours / theirs).toFixed(2)}` : ''}`)
  console.log(`${'rollout speed'.padEnd(38)} ${Math.round((tokens / best.rollout) * 1000).toLocaleString('en')} tokens/s${version ? `   PyTorch ${Math.round((tokens / best.torchRollout) * 1000).toLocaleString('en')} tokens/s` : ''}`)
}
