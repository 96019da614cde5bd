// Every kind that trains keeps states alike, and hands over the one that was best: chosen here from the lines of metrics, and
// compared with the checkpoint that a run leaves which is stopped at that step.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { readSafetensors } from '../checkpoint/safetensors.js'
import type { RunResult } from '../scheduler/events.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, type Run } from './specs.js'

const STEPS = 12
const EVERY = 4

const TEXTS = `model m: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 16 tokens, vocabulary = hops.words, init_std = 0.2 }
reward wanted: Reward[hops.Question] { term symbol = matches(completion, "^[a-t]( |$)")
  total = if clock.steps < 8 steps then symbol else 0.1 * symbol }
import { matches } from "std/signals"
import * as hops from "std/tasks/hops"
`
const ROLLOUT = 'policy = m, prompts = hops.hops(links = 1..1, hops = 1..1), reward = wanted, rollout { per_step = 4 prompts, max_new = 2 tokens }'
/** Towards the end so large that what was learned is lost; rewards fall by themselves. */
const RATE = 'fn late(step: Steps, steps: Steps): Real = if step / steps < 0.6 then 5e-2 else 3'
const OPTIMIZER = 'optimizer { lr = late }'

/** Kind → its stage, and by what the best is chosen. */
const kinds: Readonly<Record<string, { readonly source: string; readonly best: string; readonly settings: string; readonly output?: string }>> = {
  Sft: { source: `${TEXTS}import { Sft } from "std/stages"\ndataset d: Dataset[{ prompt: Text, completion: Text }] { source = jsonl("rows.jsonl") }`, best: 'lowest loss', settings: 'policy = m, data = d, batch = 1 samples' },
  Dpo: { source: `${TEXTS}import { Dpo, Preference } from "std/stages"\ndataset d: Dataset[Preference] { source = jsonl("rows.jsonl") }`, best: 'highest margin', settings: 'policy = m, reference = m, data = d, batch = 1 samples' },
  Grpo: { source: `${TEXTS}import { Grpo } from "std/stages"`, best: 'highest reward', settings: `${ROLLOUT}, group_size = 4 rollouts` },
  AsyncGrpo: { source: `${TEXTS}import { AsyncGrpo } from "std/asynchronous"`, best: 'highest reward', settings: `${ROLLOUT.replace('2 tokens', '2 tokens, staleness = 2')}, group_size = 4 rollouts` },
  Ppo: { source: `${TEXTS}import { Ppo } from "std/ppo"`, best: 'highest reward', settings: `${ROLLOUT}, critic_${OPTIMIZER}` },
  Pretrain: { source: `${TEXTS}import { Document, Pretrain } from "std/pretraining"\ndataset d: Dataset[Document] { source = jsonl("rows.jsonl") }`, best: 'lowest loss', settings: 'policy = m, data = d, batch = 1 samples, context = 4 tokens' },
  Supervised: {
    source: 'import { Labelled, Mlp, Supervised } from "std/supervised"\nmodel net: Mlp { inputs = 2, hidden = [3], classes = 2 }\ndataset d: Dataset[Labelled] { source = jsonl("rows.jsonl") }',
    best: 'lowest loss', settings: 'model = net, data = d, batch = 1 samples', output: 'model',
  },
}

const symbols = ['a', 'b', 'c', 'd', 'e']
const ROWS = symbols.map((symbol, i) => ({ prompt: symbol, completion: `${symbols[4 - i]} ${symbol}`, chosen: symbol, rejected: symbols[4 - i] as string, text: `${symbol} ${symbols[4 - i]} ${symbol}`, features: [i, 2 - i], label: i % 2 }))

const planOf = ({ source, best, settings }: (typeof kinds)[string], kind: string, save = `save { every = ${EVERY} steps, keep = 1, best = "${best}" }`): Promise<Plan> =>
  planOfSpec(`${source}\n${RATE}\nstage train: ${kind} { ${settings}, length = ${STEPS} steps, ${OPTIMIZER}, ${save} }`.replace(/^([^]*?)((?:import [^\n]*\n)+)/, '$2$1'), { 'rows.jsonl': ROWS.map((row) => JSON.stringify(row)).join('\n') })

const inFolder = <T>(body: (home: string, run: Run) => Promise<T>): Promise<T> =>
  inHome(async (home, run) => {
    writeFileSync(join(home, 'rows.jsonl'), ROWS.map((row) => JSON.stringify(row)).join('\n'))
    return body(home, run)
  })

/** The last step of the best interval, by the mean of the metric over it. */
function bestStep(home: string, result: RunResult, best: string): number {
  const [direction, metric] = best.split(' ') as [string, string]
  const values = metricsOf(home, result).map((line) => Number(line[metric]) * (direction === 'highest' ? 1 : -1))
  const means = Array.from({ length: STEPS / EVERY }, (_, i) => values.slice(i * EVERY, (i + 1) * EVERY).reduce((a, b) => a + b, 0) / EVERY)
  return EVERY * (1 + means.indexOf(Math.max(...means)))
}

/** Weights by name, from a file of tensors; results are stored as float32, states as the executor has them. */
const weightsIn = (path: string, prefix = ''): Record<string, number[]> =>
  Object.fromEntries([...readSafetensors(path).tensors].filter(([name]) => name.startsWith(prefix)).map(([name, { data }]) => [name.slice(prefix.length), Array.from(Float32Array.from(data))] as const).sort(([a], [b]) => (a < b ? -1 : 1)))

const stored = (home: string, { stages: [stage] }: Plan, output: string): string => join(home, '.rlp', 'store', stage?.fingerprint ?? '', output, 'model.safetensors')

suite('the best state of each kind that trains', (test) => {
  for (const [kind, setting] of Object.entries(kinds))
    test(kind, async () => {
      const [plan, output] = [await planOf(setting, kind), setting.output ?? 'policy']
      const { best, step } = await inFolder(async (home, run) => {
        const { result } = await run(plan)
        is(result.outcome, 'done', JSON.stringify(result.stages))
        const step = bestStep(home, result, setting.best)
        const name = (JSON.parse(readFileSync(join(home, '.rlp', 'store', plan.stages[0]?.fingerprint ?? '', 'manifest.json'), 'utf8')) as { outputs: Record<string, string> }).outputs['best'] as string
        is(name, step === STEPS ? output : 'best', `the best step is ${step}`)
        return { best: weightsIn(stored(home, plan, name)), step }
      })
      ok(step < STEPS, 'the test is worth something when the last state is not the best')
      await inFolder(async (home, run) => {
        const cut = new AbortController()
        await run(plan, { signal: cut.signal, report: (event) => (event.type === 'step' && event.step === step ? cut.abort() : undefined) })
        const folder = join(home, '.rlp', 'work', plan.stages[0]?.fingerprint ?? '', 'checkpoints')
        const checkpoint = readdirSync(folder).find((file) => Number.parseInt(file, 10) === step) as string
        equal(best, weightsIn(join(folder, checkpoint), 'w/'))
        is((await run(plan)).result.outcome, 'done')
        equal(weightsIn(stored(home, plan, 'best')), best, 'continued at the best save')
      })
      await inFolder(async (home, run) => {
        is((await interrupted(run, plan, STEPS - 2)).result.outcome, 'done')
        equal(weightsIn(stored(home, plan, 'best')), best, 'interrupted long after it')
      })
    })
})
