// Kinds that write: stopped or damaged behind a wave of completions, they go on with the next and end with the same bytes.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { Plan } from '../../spec/plan/plan.js'
import { wasm } from '../executors/wasm/index.js'
import { WAVE } from '../engines/native/rollout.js'
import { intentions } from '../scheduler/intentions.js'
import type { RunEvent } from '../scheduler/events.js'
import { filesIn } from '../store/hash.js'
import { readRecords } from '../store/records.js'
import { Store } from '../store/store.js'
import { inHome } from './plans.js'
import { metricsOf, planOfSpec, type Run } from './specs.js'

const ROWS = 160
const spec = (kind: string, module: string, settings: string): string => `
import { ${kind} } from "std/${module}"
import { matches } from "std/signals"
import * as hops from "std/tasks/hops"
model m: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 64 tokens, vocabulary = hops.words, init_std = 0.3 }
dataset questions: Dataset[hops.Question] { source = hops.hops(links = 3..3, hops = 1..1), take = ${ROWS} samples }
reward judged: Reward[hops.Question] { term a = matches(completion, "a")
  total = a }
stage s: ${kind} { policy = m, temperature = 1, max_new = 4 tokens, ${settings} }
`
const EXAM = 'data = questions, score = judged.a'

/** Kind → a stage that writes more than one wave. */
const stages: Readonly<Record<string, string>> = {
  Evaluate: spec('Evaluate', 'stages', EXAM),
  Generate: spec('Generate', 'stages', 'prompts = questions, reward = judged'),
  'Generate until': spec('Generate', 'stages', 'prompts = questions, until = judged.a, samples = 3 rollouts'),
  MajorityVote: spec('MajorityVote', 'inference', `${EXAM}, samples = 2 rollouts`),
  ForceAnswer: spec('ForceAnswer', 'inference', `${EXAM}, text = "a", answer = 2 tokens`),
  PartSearch: spec('PartSearch', 'inference', `${EXAM}, judge = judged.a, choose = "best", candidates = 2, part = "a"`),
  TreeSearch: spec('TreeSearch', 'inference', `${EXAM}, judge = judged.a, step = "a", branching = 2, depth = 2, calls = 5`),
  GenerateWithTools: spec('GenerateWithTools', 'tools', 'prompts = questions, score = judged.a, hints = [{ text = "b", after = ["a"] }]'),
}

const stageOf = ({ stages: [stage] }: Plan) => stage as Plan['stages'][number]
const journalOf = (home: string, plan: Plan): string => join(home, '.rlp', 'work', stageOf(plan).fingerprint, 'journal')

/** Everything that the stage left but its manifest, without times. */
function left(home: string, plan: Plan, id: string): unknown {
  const folder = new Store(join(home, '.rlp')).path(stageOf(plan).fingerprint)
  const files = filesIn(folder).filter((name) => name !== 'manifest.json' && name !== 'metrics.jsonl')
  return [metricsOf(home, { id } as Parameters<typeof metricsOf>[1]), ...files.map((name) => [name, readFileSync(join(folder, name), 'utf8')])]
}

/** A run that is stopped in its second wave. */
async function cutShort(run: Run, plan: Plan): Promise<void> {
  const cut = new AbortController()
  let ticks = 0
  const { result } = await run(plan, { executor: wasm, signal: cut.signal, report: (event) => event.type === 'tick' && event.what !== 'calls' && ticks++ === 0 && cut.abort() })
  is(result.outcome, 'stopped', JSON.stringify(result.stages))
}

const startOf = (events: readonly RunEvent[]): number | undefined => events.find((event) => event.type === 'started')?.completions

suite('completions that are kept', (test) => {
  for (const [what, source] of Object.entries(stages))
    test(`${what}: stopped in the second wave, it goes on behind the first`, async () => {
      const plan = await planOfSpec(source)
      const whole = await inHome(async (home, run) => {
        const { result, events } = await run(plan, { executor: wasm })
        is(result.outcome, 'done', JSON.stringify(result.stages))
        is(startOf(events), 0)
        return left(home, plan, result.id)
      })
      await inHome(async (home, run) => {
        await cutShort(run, plan)
        const intention = intentions(plan, { store: new Store(join(home, '.rlp')), root: home, executor: 'wasm' }).get('s')
        equal(intention, { will: 'continue', from: 0, completions: WAVE, because: [] })
        const { result, events } = await run(plan, { executor: wasm })
        is(startOf(events), WAVE)
        const first = events.find((event) => event.type === 'tick')
        if (what === 'Evaluate') ok(first?.type === 'tick' && first.done >= WAVE, 'the first wave was not drawn again')
        equal(left(home, plan, result.id), whole)
      })
    })

  test('a damaged wave is drawn again, and lines behind it do not count', async () => {
    const plan = await planOfSpec(stages['Evaluate'] as string)
    const whole = await inHome(async (home, run) => left(home, plan, (await run(plan, { executor: wasm })).result.id))
    for (const [damage, kept] of [
      [(bytes: Buffer) => bytes.map((byte, i) => (i === bytes.length - 9 ? byte ^ 1 : byte)), 0],
      [(bytes: Buffer) => bytes.subarray(0, bytes.length - 1), 0],
      [(bytes: Buffer) => Buffer.concat([bytes, Buffer.from('torn')]), WAVE],
    ] as const)
      await inHome(async (home, run) => {
        await cutShort(run, plan)
        const path = journalOf(home, plan)
        is(readRecords(path).values.length, 2)
        writeFileSync(path, damage(readFileSync(path)))
        const { result, events } = await run(plan, { executor: wasm })
        is(startOf(events), kept)
        ok(events.some((event) => event.type === 'note' && event.code === 'RLP8207'))
        equal(left(home, plan, result.id), whole)
      })
  })

  test('completions of another executor, or of other data, are not gone on with', async () => {
    const plan = await planOfSpec(stages['Evaluate'] as string)
    await inHome(async (home, run) => {
      await cutShort(run, plan)
      const { result, events } = await run(plan)
      is(startOf(events), 0)
      ok(events.some((event) => event.type === 'note' && event.message.includes('`wasm`')))
      is(result.outcome, 'done')
      ok(!existsSync(journalOf(home, plan)))
    })
    const files = { 'rows.jsonl': Array.from({ length: ROWS }, (_, i) => JSON.stringify({ prompt: 'abcdefgh'[i % 8] })).join('\n') }
    const read = await planOfSpec((stages['Generate'] as string).replace('Dataset[hops.Question] { source = hops.hops(links = 3..3, hops = 1..1), take = 160 samples }', 'Dataset[{ prompt: Text }] { source = jsonl("rows.jsonl") }').replace('Reward[hops.Question]', 'Reward[{ prompt: Text }]'), files)
    await inHome(async (home, run) => {
      const path = join(home, 'rows.jsonl')
      writeFileSync(path, files['rows.jsonl'])
      await cutShort(run, read)
      appendFileSync(path, '\n{"prompt": "a"}')
      const { result, events } = await run(read, { executor: wasm })
      is(startOf(events), 0)
      ok(events.some((event) => event.type === 'note' && event.message.includes('`rows.jsonl` has changed')))
      is(result.outcome, 'done')
    })
  })
})
