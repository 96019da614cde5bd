// Runs as a whole: the same bytes twice, reuse, interruption, damage, failures that stop only what needs them, claims.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { Plan } from '../../spec/plan/plan.js'
import type { RunEvent, RunResult } from '../scheduler/events.js'
import { temporaryOf } from '../checkpoint/atomic.js'
import { writeModelFolder } from '../checkpoint/folder.js'
import { freshWeights } from '../checkpoint/initialise.js'
import { chainsOfTen } from '../bench/many-stages.js'
import { intentions } from '../scheduler/intentions.js'
import { runOrder } from '../scheduler/order.js'
import { progress } from '../scheduler/progress.js'
import { cameTo } from '../scheduler/run-folder.js'
import { summary } from '../scheduler/summary.js'
import { thisProcess } from '../store/processes.js'
import { Store } from '../store/store.js'
import { copyRows, inHome, LETTERS, PlanBuilder, quantity, rows, tinyModel } from './plans.js'

const model = tinyModel(LETTERS)

/** Copy a little, practise, look. */
function pipeline(steps = 6): PlanBuilder {
  return new PlanBuilder({ m: model })
    .sft('copy', model, { model: 'm' }, copyRows, { steps, every: 2 })
    .exactReward('answer')
    .grpo('practice', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' } }, { steps: 4, size: 3, every: 2 })
    .completing('exam', 'Evaluate', model, { policy: { stage: 'practice', output: 'policy' }, data: copyRows, score: { reward: 'answer', term: 'correct' } })
}

const statuses = (result: RunResult) => Object.fromEntries(result.stages.map(({ address, status }) => [address, status]))

const read = (home: string, ...path: string[]) => readFileSync(join(home, '.rlp', ...path), 'utf8')

/** Lines of a run without their times. */
const timeless = (text: string) => text.trim().split('\n').map((line) => JSON.stringify({ ...(JSON.parse(line) as object), time: 0 }))

const storePath = (plan: Plan, address: string) => ['store', plan.stages.find((stage) => stage.address === address)?.fingerprint as string]

const workPath = (home: string, plan: Plan, address: string) => join(home, '.rlp', 'work', plan.stages.find((stage) => stage.address === address)?.fingerprint as string)

const errorOf = (result: RunResult, address: string) => result.stages.find((stage) => stage.address === address)?.error

suite('runs', (test) => {
  test('the same plan twice gives the same bytes', async () => {
    const plan = pipeline().plan()
    const once = () =>
      inHome(async (home, run) => {
        const { result } = await run(plan)
        is(result.outcome, 'done')
        const weights = readFileSync(join(home, '.rlp', ...storePath(plan, 'practice'), 'policy', 'model.safetensors')).toString('base64')
        return { metrics: timeless(read(home, 'runs', result.id, 'metrics.jsonl')), samples: timeless(read(home, 'runs', result.id, 'samples.jsonl')), weights }
      })
    const [first, second] = [await once(), await once()]
    equal(second, first)
    is(first.metrics.length, 6 + 4 + 1)
    ok(first.samples.length > 0)
  })

  test('finished stages are reused, and made again with `fresh`', () =>
    inHome(async (home, run) => {
      const plan = pipeline().plan()
      const { result: first } = await run(plan)
      const { result: second, events } = await run(plan)
      equal(statuses(second), { copy: 'reused', practice: 'reused', exam: 'reused' })
      equal(second.stages.map(({ metrics }) => metrics), first.stages.map(({ metrics }) => metrics))
      ok(!events.some(({ type }) => type === 'step'))
      equal([first.id, second.id], ['0001', '0002'])
      is(read(home, 'runs', '0002', 'metrics.jsonl'), read(home, 'runs', '0001', 'metrics.jsonl'))
      const { result: third } = await run(plan, { fresh: true })
      equal(statuses(third), { copy: 'done', practice: 'done', exam: 'done' })
    }))

  test('a longer plan reuses what it shares with a shorter one', () =>
    inHome(async (_home, run) => {
      await run(new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 6, every: 2 }).plan())
      const { result } = await run(pipeline().plan())
      equal(statuses(result), { copy: 'reused', practice: 'done', exam: 'done' })
    }))

  test('a run stopped at any step and continued ends with the same bytes', async () => {
    const plan = pipeline().plan()
    const whole = await inHome(async (home, run) => {
      const { result } = await run(plan)
      return { outcomes: result.stages.map(({ metrics }) => metrics), metrics: timeless(read(home, 'runs', result.id, 'metrics.jsonl')), weights: readFileSync(join(home, '.rlp', ...storePath(plan, 'practice'), 'policy', 'model.safetensors')) }
    })
    for (const stopAfter of [3, 8]) {
      await inHome(async (home, run) => {
        const stop = new AbortController()
        let steps = 0
        const report = (event: RunEvent) => {
          if (event.type === 'step' && ++steps === stopAfter) stop.abort()
        }
        const { result: cut } = await run(plan, { signal: stop.signal, report })
        is(cut.outcome, 'stopped')
        ok(cut.stages.some(({ status, error }) => status === 'stopped' && error?.code === 'RLP8002'))
        const { result, events } = await run(plan)
        is(result.outcome, 'done')
        ok(events.some((event) => event.type === 'started' && event.from > 0))
        const metrics = timeless(read(home, 'runs', result.id, 'metrics.jsonl'))
        equal(metrics, whole.metrics)
        equal(result.stages.map((stage) => stage.metrics), whole.outcomes)
        ok(readFileSync(join(home, '.rlp', ...storePath(plan, 'practice'), 'policy', 'model.safetensors')).equals(whole.weights))
      })
    }
  })

  test('a signal that arrives while a stage computes is seen before its next step', async () => {
    const plan = pipeline().plan()
    for (const [type, stage] of [['step', 'copy'], ['tick', 'practice']] as const) {
      await inHome(async (_home, run) => {
        const stop = new AbortController()
        let after = 0
        const report = (event: RunEvent) => {
          if (event.type === type && event.stage === stage) setImmediate(() => stop.abort())
          if (event.type === 'step' && event.stage === stage) after++
        }
        is((await run(plan, { signal: stop.signal, report })).result.outcome, 'stopped')
        is(after, 1)
      })
    }
  })

  test('a run killed between saves continues from the last save, without its torn lines', () =>
    inHome(async (home, run) => {
      const plan = pipeline().plan()
      // What a kill after step 5 leaves: the state of step 4, the lines of step 5, half a record, and the claim of a process that is gone.
      const work = workPath(home, plan, 'copy')
      let taken = false
      await run(plan, {
        report: (event) => {
          if (event.type !== 'step' || event.stage !== 'copy' || event.step !== 5) return
          taken = true
          throw new Error('killed')
        },
      })
      ok(taken)
      equal(readdirSync(join(work, 'checkpoints')), ['00000002.safetensors', '00000004.safetensors'])
      writeFileSync(join(work, 'journal'), Buffer.of(200, 0, 0, 0, 1, 2, 3), { flag: 'a' })
      writeFileSync(join(home, '.rlp', 'locks', 'gone.json'), JSON.stringify({ ...thisProcess(), pid: 999_999_999, what: 'rlpc run', since: '2026' }))
      const { result, events } = await run(plan)
      is(result.outcome, 'done')
      equal(events.find((event) => event.type === 'started'), { type: 'started', stage: 'copy', kind: 'Sft', from: 4, completions: 0 })
      is(events.filter((event) => event.type === 'note' && event.code === 'RLP8207').length, 1)
      equal(timeless(read(home, 'runs', result.id, 'metrics.jsonl')).filter((line) => line.includes('"copy"')).map((line) => (JSON.parse(line) as { step: number }).step), [1, 2, 3, 4, 5, 6])
    }))

  test('state is kept every minute, asked for or not', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 5 }).plan()
      const checkpoints = join(workPath(home, plan, 'copy'), 'checkpoints')
      const kept: boolean[] = []
      let time = 0
      await run(plan, {
        now: () => time,
        report: (event) => {
          if (event.type !== 'step') return
          kept.push(existsSync(checkpoints))
          time = event.step === 2 ? 61_000 : time
        },
      })
      equal(kept, [false, false, true, true, true])
      ok(!existsSync(checkpoints))
    }))

  test('the output `best` is the policy at the planned save with the best metric, interrupted or not', () =>
    inHome(async (home, run) => {
      const training = (steps: number, best: string) => new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps, every: 2, best }).plan()
      const weights = (plan: Plan, output: string) => readFileSync(join(new Store(join(home, '.rlp')).output(plan.stages[0]?.fingerprint as string, output), 'model.safetensors')).toString('base64')
      // The loss falls: its highest mean is that of the first save, what a stage of two steps ends with.
      const [short, long] = [training(2, 'last'), training(6, 'highest loss')]
      await run(short)
      const stop = new AbortController()
      await run(long, { signal: stop.signal, report: (event) => event.type === 'step' && event.step === 5 && stop.abort() })
      is((await run(long)).result.outcome, 'done')
      is(weights(long, 'best'), weights(short, 'policy'))
      ok(weights(long, 'policy') !== weights(long, 'best'))
      is(weights(short, 'best'), weights(short, 'policy'))
      const falling = training(6, 'lowest loss')
      await run(falling)
      is(weights(falling, 'best'), weights(falling, 'policy'))
    }))

  test('a best state that is damaged is not gone on with; found at the end, the stage fails and begins anew the next time', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 6, every: 2, best: 'highest loss' }).plan()
      const weights = () => readFileSync(join(new Store(join(home, '.rlp')).output(plan.stages[0]?.fingerprint as string, 'best'), 'model.safetensors')).toString('base64')
      await run(plan)
      const sound = weights()
      const damage = () => {
        const folder = join(workPath(home, plan, 'copy'), 'checkpoints')
        const path = join(folder, readdirSync(folder).sort()[0] as string)
        const bytes = readFileSync(path)
        bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
        writeFileSync(path, bytes)
      }
      const stop = new AbortController()
      await run(plan, { fresh: true, signal: stop.signal, report: (event) => event.type === 'step' && event.step === 5 && stop.abort() })
      rmSync(join(home, '.rlp', ...storePath(plan, 'copy')), { recursive: true })
      damage()
      is(intentions(plan, { store: new Store(join(home, '.rlp')), root: home, executor: 'reference' }).get('copy')?.will, 'make')
      const again = await run(plan)
      is(again.result.outcome, 'done')
      ok(again.events.some((event) => event.type === 'note' && event.message.includes('the best checkpoint') && event.message.includes('begins anew')))
      is(weights(), sound)
      // While it runs: step 5 has the best of the first two steps behind it, and is not the end.
      rmSync(join(home, '.rlp', ...storePath(plan, 'copy')), { recursive: true })
      const late = await run(plan, { report: (event) => event.type === 'step' && event.step === 6 && damage() })
      equal([errorOf(late.result, 'copy')?.code, existsSync(workPath(home, plan, 'copy'))], ['RLP8207', false])
      is((await run(plan)).result.outcome, 'done')
      is(weights(), sound)
    }))

  test('a damaged artefact is noticed and made again', () =>
    inHome(async (home, run) => {
      const plan = pipeline().plan()
      await run(plan)
      const weights = join(home, '.rlp', ...storePath(plan, 'copy'), 'policy', 'model.safetensors')
      const bytes = readFileSync(weights)
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
      writeFileSync(weights, bytes)
      rmSync(join(home, '.rlp', ...storePath(plan, 'exam'), 'manifest.json'))
      const { result, events } = await run(plan)
      equal(statuses(result), { copy: 'done', practice: 'reused', exam: 'done' })
      equal(events.flatMap((event) => (event.type === 'note' ? [event.code] : [])), ['RLP8203', 'RLP8203'])
    }))

  test('a failed stage stops what needs it and nothing else', () =>
    inHome(async (home, run) => {
      const bad = rows([{ prompt: 'a ?', completion: [{ record: { text: 'a', train: false } }] }])
      const plan = new PlanBuilder({ m: model })
        .sft('bad', model, { model: 'm' }, bad, { steps: 2 })
        .sft('after', model, { stage: 'bad', output: 'policy' }, copyRows, { steps: 2 })
        .sft('later', model, { stage: 'after', output: 'policy' }, copyRows, { steps: 2 })
        .sft('apart', model, { model: 'm' }, copyRows, { steps: 2 })
        .plan()
      const { result } = await run(plan)
      is(result.outcome, 'failed')
      equal(statuses(result), { bad: 'failed', after: 'skipped', later: 'skipped', apart: 'done' })
      is(errorOf(result, 'bad')?.code, 'RLP8011')
      is(result.stages.find(({ address }) => address === 'later')?.because, 'bad')
      equal(JSON.parse(read(home, 'runs', result.id, 'result.json')), { format: 1, ...(JSON.parse(JSON.stringify(result)) as object) })
    }))

  test('claims are checked with their numbers; what was not measured does not hold', () =>
    inHome(async (_home, run) => {
      const builder = pipeline()
      const exam = { stage: 'exam', metric: 'tokens' } as const
      builder.claims = [
        { name: 'writes', doc: '', text: 'exam.tokens > 0.5', checks: [{ key: '', expr: { op: '>', args: [exam, { const: 0.5 }] } }] },
        { name: 'mostly', doc: '', text: 'exam.tokens > …', atLeast: 1, checks: [{ key: '0', expr: { op: '<', args: [exam, { const: 0 }] } }, { key: '1', expr: { op: '>=', args: [exam, { const: 0 }] } }] },
        { name: 'absent', doc: '', text: 'other.tokens > 0', checks: [{ key: '', expr: { op: '>', args: [{ stage: 'other', metric: 'tokens' }, { const: 0 }] } }] },
      ]
      const { result } = await run(builder.plan())
      const tokens = result.stages.find(({ address }) => address === 'exam')?.metrics['tokens'] as number
      equal(result.claims.map(({ name, holds }) => [name, holds]), [['writes', tokens > 0.5], ['mostly', true], ['absent', false]])
      equal(result.claims[0]?.checks, [{ key: '', holds: tokens > 0.5, left: tokens, right: 0.5 }])
      equal(result.claims[2]?.checks[0]?.holds, null)
    }))

  test('a gate that does not hold holds back its stages and what needs them, and nothing else', () =>
    inHome(async (_home, run) => {
      const gated = (limit: number) => {
        const builder = new PlanBuilder({ m: model })
          .sft('apart', model, { model: 'm' }, copyRows, { steps: 1 })
          .sft('before', model, { model: 'm' }, copyRows, { steps: 2 })
          .sft('behind', model, { model: 'm' }, copyRows, { steps: 3 })
          .sft('last', model, { stage: 'behind', output: 'policy' }, copyRows, { steps: 1 })
          .sft('a_first', model, { model: 'm' }, copyRows, { steps: 4 })
        builder.claims = [{ name: 'ready', doc: '', text: 'before.loss < …', checks: [{ key: '', expr: { op: '<', args: [{ stage: 'before', metric: 'loss' }, { const: limit }] } }], before: ['a_first', 'behind'] }]
        return builder.plan()
      }
      const { result, events } = await run(gated(0))
      is(result.outcome, 'done')
      equal(statuses(result), { apart: 'done', before: 'done', a_first: 'gated', behind: 'gated', last: 'gated' })
      is(result.stages.find(({ address }) => address === 'last')?.because, 'ready')
      equal(result.claims.map(({ holds }) => holds), [false])
      ok(!events.some((event) => event.type === 'started' && event.stage === 'behind'))
      equal(events.flatMap((event) => (event.type === 'gate' ? [[event.gate.name, event.gate.holds, event.gate.before]] : [])), [['ready', false, ['a_first', 'behind']]], 'told once')
      // What a stage waits for is no part of what it is made from.
      equal(statuses((await run(gated(99))).result), { apart: 'reused', before: 'reused', a_first: 'done', behind: 'done', last: 'done' })
    }))

  test('a gate over instances has a verdict for each: in the result, the summary, the progress and the journal', () =>
    inHome(async (home, run) => {
      const builder = new PlanBuilder({ m: model })
      for (const steps of [1, 2]) builder.sft(`copy[${steps}]`, model, { model: 'm' }, copyRows, { steps })
      builder.sft('behind', model, { model: 'm' }, copyRows, { steps: 3 })
      const losses = (await run(builder.plan())).result.stages.flatMap(({ address, metrics }) => (address.startsWith('copy') ? [metrics['loss'] as number] : []))
      const limit = (Math.min(...losses) + Math.max(...losses)) / 2
      const checks = [1, 2].map((steps) => ({ key: String(steps), expr: { op: '<' as const, args: [{ stage: `copy[${steps}]`, metric: 'loss' }, { const: limit }] } }))
      builder.claims = [{ name: 'ready', doc: '', text: 'copy[*].loss < …', checks, before: ['behind'] }, { name: 'some', doc: '', text: 'copy[*].loss < …', checks, atLeast: 1 }]
      const { result, events } = await run(builder.plan(), { fresh: true })
      const expected = losses.map((left, i) => ({ key: String(i + 1), holds: left < limit, left, right: limit }))
      ok(expected.some(({ holds }) => holds) && expected.some(({ holds }) => !holds))
      equal(result.claims.map(({ name, holds, checks: found }) => [name, holds, found]), [['ready', false, expected], ['some', true, expected]])
      const { claims, stages } = cameTo(join(home, '.rlp'), result.id)
      equal([...claims.values()], JSON.parse(JSON.stringify(result.claims)))
      is(stages.get('behind')?.because, 'ready')
      const texts: string[] = []
      const view = progress({ stream: { write: (text) => texts.push(text) }, colour: false })
      for (const event of events) view.report(event)
      for (const text of [summary(result, { colour: false }), texts.join('')]) {
        ok(text.includes('gate ready: does not hold'), text)
        for (const { key, holds } of expected) ok(new RegExp(`^  ${key} +${holds ? 'holds' : 'fails'} `, 'm').test(text), text)
      }
    }))

  test('two runs at once in one folder: the second is refused, or waits and finds what the first has made', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 2 }).plan()
      let refused: RunResult | undefined
      let waiting: ReturnType<typeof run> | undefined
      const owners: string[] = []
      const first = await run(plan, {
        what: 'the first',
        report: (event) => {
          if (event.type !== 'run') return
          waiting = run(plan, { wait: ({ what }) => owners.push(what) })
          void run(plan).then(({ result }) => (refused = result))
        },
      })
      is(first.result.outcome, 'done')
      equal(statuses((await waiting as Awaited<ReturnType<typeof run>>).result), { copy: 'reused' })
      equal(owners, ['the first'])
      is(refused?.error?.code, 'RLP8206')
      ok(refused?.error?.message.includes(`\`the first\` is at work in \`${join(home, '.rlp')}\`: process ${process.pid}`), refused?.error?.message)
      equal(readdirSync(join(home, '.rlp', 'locks')), [])
    }))

  test('generation and filtering hand over datasets', () =>
    inHome(async (home, run) => {
      const plan = pipeline(30)
        .completing('write', 'Generate', model, { policy: { stage: 'copy', output: 'policy' }, prompts: copyRows, reward: { reward: 'answer' } }, { samples: 3, temperature: 1 })
        .stage('keep', 'Filter', { keep: { expr: { op: '>', args: [{ field: 'reward', of: { name: 'row' } }, { const: 1 }] } }, per_prompt: quantity(1, 'samples'), at_least: quantity(1, 'samples') }, { data: { stage: 'write', output: 'rollouts' } }, {})
        .sft('again', model, { stage: 'copy', output: 'policy' }, { stage: 'keep', output: 'data' }, { steps: 2 })
        .plan()
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const lines = (address: string, name: string) => read(home, ...storePath(plan, address), name).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
      const written = lines('write', 'rollouts.jsonl')
      is(written.length, 48)
      ok(written.every((row) => row['reward'] === (row['completion'] === row['answer'] ? 2 : 0)))
      const kept = lines('keep', 'data.jsonl')
      ok(kept.length > 0 && kept.every((row) => row['completion'] === row['answer']))
      is(new Set(kept.map(({ prompt }) => prompt)).size, kept.length)
      is(result.stages.find(({ address }) => address === 'keep')?.metrics['kept'], kept.length / 48)
    }))

  test('a model is loaded from a folder, relative to the spec, and passes its tokenizer on', () =>
    inHome(async (home, run) => {
      writeModelFolder(join(home, 'models', 'start'), model, freshWeights(model, 9))
      writeFileSync(join(home, 'models', 'start', 'chat_template.jinja'), '{{ messages }}')
      const loaded = { ...model, source: { folder: 'models/start' } }
      const plan = new PlanBuilder({ loaded }).sft('s', loaded, { model: 'loaded' }, copyRows, { steps: 1 }).plan()
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const policy = storePath(plan, 's')
      is(read(home, ...policy, 'policy', 'tokenizer.json'), readFileSync(join(home, 'models', 'start', 'tokenizer.json'), 'utf8'))
      is(read(home, ...policy, 'policy', 'chat_template.jinja'), '{{ messages }}')
    }))

  test('a curriculum moves on by steps and by metrics', () =>
    inHome(async (home, run) => {
      const builder = new PlanBuilder({ m: model })
      const phase = (name: string, least: number, most: number | null, limit?: number) => ({
        name, data: copyRows, least, most, ...(limit === undefined ? {} : { advance: { op: '<', args: [{ field: 'loss', of: { name: 'metrics' } }, { const: limit }] } }),
      })
      builder.curricula = { school: { phases: [phase('first', 0, 2), phase('second', 3, null, 100), phase('third', 0, null, 100)] } }
      const { result } = await run(builder.sft('s', model, { model: 'm' }, { curriculum: 'school' }, { steps: 8 }).plan())
      is(result.outcome, 'done')
      const phases = timeless(read(home, 'runs', result.id, 'metrics.jsonl')).map((line) => (JSON.parse(line) as { phase: string }).phase)
      equal(phases, ['first', 'first', 'second', 'second', 'second', 'third', 'third', 'third'])
    }))
})

suite('errors of runs', (test) => {
  const sftOn = (data: Parameters<typeof rows>[0], options: Partial<Parameters<PlanBuilder['sft']>[4]> = {}) =>
    new PlanBuilder({ m: model }).sft('s', model, { model: 'm' }, rows(data), { steps: 2, ...options }).plan()

  const endless = () => {
    const builder = new PlanBuilder({ m: model })
    builder.datasets = { some: { source: copyRows, row: {} } }
    const mixture = { call: 'std/prelude.mixture', args: { parts: [{ call: 'std/prelude.share', args: { part: 1, data: { dataset: 'some' } } }] } }
    return builder.sft('s', model, { model: 'm' }, mixture, { steps: 0, length: quantity(1, 'epochs') })
  }

  const cases: readonly { name: string; plan: Plan; code: string; text: string }[] = [
    { name: 'a row longer than the context', plan: sftOn([{ prompt: 'a ?', completion: 'a '.repeat(40) }]), code: 'RLP8004', text: 'has 44 tokens, the stage takes 32' },
    { name: 'a row without a completion', plan: sftOn([{ prompt: 'a ?' }]), code: 'RLP8009', text: 'completion' },
    { name: 'nothing to learn', plan: sftOn([{ prompt: 'a ?', completion: [{ record: { text: 'a', train: false } }] }]), code: 'RLP8011', text: 'no token to learn' },
    { name: 'a loss that is not finite', plan: sftOn([{ prompt: 'a ?', completion: 'a' }], { lr: 1e30, steps: 5 }), code: 'RLP8003', text: 'in step' },
    {
      name: 'a reward that is not finite',
      plan: new PlanBuilder({ m: model }).exactReward('answer', {}, (b, correct) => b.div(1, correct)).grpo('s', model, { policy: { model: 'm' }, prompts: rows([{ prompt: 'a ?', answer: 'zebra' }]), reward: { reward: 'answer' } }, { steps: 1 }).plan(),
      code: 'RLP8003', text: 'the total of reward `answer` is Infinity on the completion of row 1',
    },
    { name: 'a filter that keeps too little', plan: new PlanBuilder({ m: model }).stage('s', 'Filter', { keep: false, per_prompt: null, at_least: quantity(1, 'samples') }, { data: copyRows }, {}).plan(), code: 'RLP8008', text: 'kept 0 of 16 rows' },
    { name: 'a fault of our own', plan: new PlanBuilder({ m: model }).stage('s', 'Sft', {}, { policy: { model: 'm' }, data: copyRows }, {}).plan(), code: 'RLP8001', text: 'has no attribute batch' },
    { name: 'no such file', plan: new PlanBuilder({ m: model }).sft('s', model, { model: 'm' }, { call: 'std/prelude.jsonl', args: { path: 'nowhere.jsonl' } }, { steps: 1 }).plan(), code: 'RLP8101', text: 'nowhere.jsonl' },
    { name: 'epochs of an endless dataset', plan: endless().plan(), code: 'RLP8007', text: 'has no end' },
    {
      name: 'a prompt without room for new tokens',
      plan: new PlanBuilder({ m: model }).exactReward('answer').grpo('s', model, { policy: { model: 'm' }, prompts: copyRows, reward: { reward: 'answer' } }, { steps: 1, maxNew: 30 }).plan(),
      code: 'RLP8004', text: 'has 4 tokens; with 30 new ones',
    },
    {
      name: 'a signal that does not apply where the reward says stop',
      plan: new PlanBuilder({ m: model }).exactReward('answer', { onError: 'stop' }).grpo('s', model, { policy: { model: 'm' }, prompts: rows([{ prompt: 'a ?' }]), reward: { reward: 'answer' } }, { steps: 1 }).plan(),
      code: 'RLP8010', text: 'the signal `s0` of reward `answer`',
    },
  ]
  for (const { name, plan, code, text } of cases) {
    test(name, () =>
      inHome(async (_home, run) => {
        const { result } = await run(plan)
        const error = errorOf(result, 's')
        is(error?.code, code, error?.message)
        ok(error?.message.includes(text), error?.message)
      }))
  }

  test('an unreadable row is named by file and line', () =>
    inHome(async (home, run) => {
      writeFileSync(join(home, 'rows.jsonl'), '{"prompt": "a ?", "completion": "a"}\n{"prompt": \n')
      const { result } = await run(new PlanBuilder({ m: model }).sft('s', model, { model: 'm' }, { call: 'std/prelude.jsonl', args: { path: 'rows.jsonl' } }, { steps: 1 }).plan())
      is(errorOf(result, 's')?.code, 'RLP8102')
      ok(/rows\.jsonl.*2/.test(errorOf(result, 's')?.message ?? ''), errorOf(result, 's')?.message)
    }))

  test('a full disk while saving fails the stage and leaves nothing in the store', () => {
    if (!existsSync('/dev/full')) return
    return inHome(async (home, run) => {
      const plan = pipeline().plan()
      const work = workPath(home, plan, 'copy')
      const report = (event: RunEvent) => {
        if (event.type === 'step' && event.stage === 'copy' && event.step === 1) {
          mkdirSync(join(work, 'checkpoints'))
          symlinkSync('/dev/full', temporaryOf(join(work, 'checkpoints', '00000002.safetensors')))
        }
      }
      const { result } = await run(plan, { report })
      is(errorOf(result, 'copy')?.code, 'RLP8201')
      equal(statuses(result), { copy: 'failed', practice: 'skipped', exam: 'skipped' })
      ok(!existsSync(join(home, '.rlp', 'store')) || readdirSync(join(home, '.rlp', 'store')).length === 0)
      is((await run(plan)).result.outcome, 'done')
    })
  })
})

suite('order of stages', (test) => {
  test('every stage comes after those it needs', () => {
    const stages = (pipeline().plan()).stages
    equal(runOrder([...stages].reverse()).map(({ address }) => address), ['copy', 'practice', 'exam'])
  })
})

suite('data that is edited while a run goes on', (test) => {
  test('belongs to no result: the next run makes the stage again', () =>
    inHome(async (home, run) => {
      const path = join(home, 'rows.jsonl')
      const write = (answer: string) => writeFileSync(path, `${JSON.stringify({ prompt: 'a ?', completion: answer })}\n`)
      const plan = new PlanBuilder({ m: model }).sft('s', model, { model: 'm' }, { call: 'std/prelude.jsonl', args: { path: 'rows.jsonl' } }, { steps: 2 }).plan()
      write('a')
      await run(plan, { report: (event) => event.type === 'run' && write('b') })
      const { result, events } = await run(plan)
      equal(statuses(result), { s: 'done' })
      ok(events.some((event) => event.type === 'note' && event.message.includes('`rows.jsonl` has changed since')))
    }))
})

suite('what a run intends', (test) => {
  const intended = (home: string, plan: Plan) =>
    Object.fromEntries([...intentions(plan, { store: new Store(join(home, '.rlp')), root: home, executor: 'reference' })].map(([address, { will, from, because }]) => [address, `${will}${from > 0 ? ` from ${from}` : ''}${because.length > 0 ? `: ${because.join('; ')}` : ''}`]))

  test('make, continue, reuse, with the reason', () =>
    inHome(async (home, run) => {
      const plan = pipeline().plan()
      equal(intended(home, plan), { copy: 'make', practice: 'make', exam: 'make' })
      const stop = new AbortController()
      await run(plan, { signal: stop.signal, report: (event) => event.type === 'step' && event.stage === 'practice' && event.step === 2 && stop.abort() })
      equal(intended(home, plan), { copy: 'reuse', practice: 'continue from 2', exam: 'make' })
      await run(plan)
      equal(intended(home, plan), { copy: 'reuse', practice: 'reuse', exam: 'reuse' })
      rmSync(join(home, '.rlp', ...storePath(plan, 'copy')), { recursive: true })
      equal(intended(home, plan), { copy: 'make', practice: 'make: copy is made before it', exam: 'make: practice is made before it' })
      equal(statuses((await run(plan)).result), { copy: 'done', practice: 'reused', exam: 'reused' })
    }))

  test('a plan of many stages is ordered and judged in time linear in its stages', () => {
    let looks = 0
    const stages = chainsOfTen(3000).stages.map((stage) => ({ ...stage, get needs() { looks++; return stage.needs } }))
    const plan = { ...chainsOfTen(0), stages }
    is(intentions(plan, { store: new Store('/nowhere'), root: '/nowhere', executor: 'reference' }).size, 3000)
    ok(looks <= 10 * 3000, `${looks} looks`)
  })
})
