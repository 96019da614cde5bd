// `npm run bench:plan -- [STAGES]`: seconds and memory of compiling, forecasting and comparing a spec of 10,000 stages: the phases in this
// process, then the commands as they were built, each in a process of its own. Prints what it measures; nothing depends on it.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { forecast, memoryOf } from '../../runtime/index.js'
import { comparePlans } from '../../spec/plan/compare.js'
import type { Plan } from '../../spec/plan/plan.js'
import { diskHost } from '../cli/disk-host.js'
import { compile } from '../index.js'
import { showChanges } from '../plan/show-changes.js'
import { showPlan } from '../plan/show.js'

/** Four stages for each seed: warm up, practise, and two exams. */
function spec(stages: number, peak: string): string {
  return `rlp 1
import { exact, tagged } from "std/signals"
import { Evaluate, Grpo, Sft } from "std/stages"
import * as chains from "std/tasks/chains"
const seeds = [${Array.from({ length: stages / 4 }, (_, i) => i).join(', ')}]
model small: Transformer { layers = 2, width = 16, heads = 2, mlp = 32, context = 48 tokens, vocabulary = chains.words }
dataset problems: Dataset[chains.Chain] for split in ["train", "test"] { source = chains.chains(shortest = 1, longest = 2, split = split) }
reward answer: Reward[chains.Chain] {
  term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct
}
stage warm: Sft for seed in seeds { policy = small, data = chains.worked(problems["train"]), length = 4 steps, batch = 8 samples, seed = seed, optimizer { lr = ${peak} } }
stage practice: Grpo for seed in seeds { policy = warm[seed].policy, prompts = problems["train"], reward = answer, length = 4 steps, group_size = 4 rollouts, seed = seed, rollout { per_step = 4 prompts, max_new = 8 tokens }, optimizer { lr = 1e-3 } }
stage exam: Evaluate for arm in ["warm", "practised"], seed in seeds { policy = if arm == "warm" then warm[seed].policy else practice[seed].policy, data = subset(problems["test"], 64 samples, seed = 1), score = answer.correct, max_new = 12 tokens, seed = seed }
`
}

const count = Number(process.argv[2] ?? 10_000)
const library = diskHost(tmpdir())

async function planOf(peak: string): Promise<Plan> {
  const text = spec(count, peak)
  const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: { ...library, read: (path) => (path === 'main.rlp' ? text : library.read(path)) }, parameters: [] })
  if (!plan) throw new Error(diagnostics.map(({ title }) => title).join('\n'))
  return plan
}

function row(what: string, seconds: number, processor: number, bytes: number): void {
  console.log(`${what.padEnd(36)} ${seconds.toFixed(2).padStart(6)} s  ${processor.toFixed(2).padStart(6)} s of processor  ${(bytes / 2 ** 20).toFixed(0).padStart(5)} MiB`)
}

async function timed<T>(what: string, body: () => T | Promise<T>): Promise<T> {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const result = await body()
  const used = process.cpuUsage(cpu)
  row(what, (performance.now() - start) / 1000, (used.user + used.system) / 1e6, process.memoryUsage().rss)
  return result
}

const before = await timed(`compile ${count} stages`, () => planOf('1e-3'))
await timed('forecast, memory, text', () => {
  const { stages } = forecast(before, { root: tmpdir(), home: join(tmpdir(), 'no such folder'), executor: 'wasm' })
  const memory = memoryOf(before)
  const outlook = new Map(stages.map(({ address, action }, i) => {
    const bytes = memory(before.stages[i] as Plan['stages'][number])
    return [address, { action, reason: 'new', ...(bytes ? { memory: bytes } : {}) }] as const
  }))
  return showPlan(before, { colour: false, outlook })
})
const after = await timed('compile with another rate', () => planOf('2e-3'))
await timed('diff', () => showChanges({ before, after, comparison: comparePlans(before, after) }, { colour: false }))

/** Loaded into each command: when it ends it says what it used. */
const USAGE = `data:text/javascript,${encodeURIComponent("import { writeSync } from 'node:fs'; process.on('exit', () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); writeSync(3, JSON.stringify({ processor: (userCPUTime + systemCPUTime) / 1e6, bytes: maxRSS * 1024 })) })")}`
const COMMAND = resolve('dist/compiler/cli/rlpc.js')

/** The best of some runs of a command: what others do on the machine only adds. Codes 0 and 5 (there is a difference) are its success. */
function command(folder: string, ...args: string[]): void {
  const runs = Array.from({ length: 5 }, () => {
    const start = performance.now()
    const { status, output } = spawnSync(process.execPath, ['--import', USAGE, COMMAND, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], encoding: 'utf8' })
    if (status !== 0 && status !== 5) throw new Error(`rlpc ${args.join(' ')} ended with ${status}; is it built (\`npm run build\`)?\n${output[2]}`)
    return { seconds: (performance.now() - start) / 1000, ...(JSON.parse(output[3] as string) as { processor: number; bytes: number }) }
  })
  const least = (of: (run: (typeof runs)[number]) => number) => Math.min(...runs.map(of))
  row(`rlpc ${args.join(' ')}`, least(({ seconds }) => seconds), least(({ processor }) => processor), least(({ bytes }) => bytes))
}

const folder = mkdtempSync(join(tmpdir(), 'rlpc-bench-'))
try {
  for (const [name, peak] of [['a', '1e-3'], ['b', '2e-3']] as const) writeFileSync(join(folder, `${name}.rlp`), spec(count, peak))
  command(folder, 'plan', 'a.rlp', '--no-probe')
  command(folder, 'diff', 'a.rlp', 'b.rlp')
  for (const name of ['a', 'b']) command(folder, 'compile', `${name}.rlp`, '--output', `${name}.json`)
  command(folder, 'diff', 'a.json', 'b.json')
  // As users feel it: what a small spec takes is mostly loading.
  writeFileSync(join(folder, 'quickstart.rlp'), readFileSync('examples/quickstart/main.rlp'))
  command(folder, 'check', 'quickstart.rlp')
  command(folder, 'plan', 'quickstart.rlp', '--no-probe')
} finally {
  rmSync(folder, { recursive: true })
}
