// All data is looked at before the first step: every problem is told at once, with the line of its file, and nothing is stored.

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { ModelPlan, Value } from '../../spec/plan/plan.js'
import { planOfSpec } from './specs.js'
import { copyRows, inHome, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const model = tinyModel(LETTERS)
const file = (path: string): Value => ({ call: 'std/prelude.jsonl', args: { path } })
const mixture = (...data: Value[]): Value => ({ call: 'std/prelude.mixture', args: { parts: data.map((one) => ({ call: 'std/prelude.share', args: { part: 1 / data.length, data: one } })) } })
const lines = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const good = { prompt: 'a ?', completion: 'a', answer: 'a' }
const trained = { stage: 'copy', output: 'policy' }

/** A stage that trains, then others on the given data. */
const plan = (exam: Value, practice: Value = copyRows) =>
  new PlanBuilder({ m: model })
    .sft('copy', model, { model: 'm' }, copyRows, { steps: 1 })
    .exactReward('answer')
    .grpo('practice', model, { policy: trained, prompts: practice, reward: { reward: 'answer' } }, { steps: 1, size: 2 })
    .completing('exam', 'Evaluate', model, { policy: { stage: 'practice', output: 'policy' }, data: exam, score: { reward: 'answer', term: 'correct' } })
    .plan()

suite('preflight', (test) => {
  test('problems of later stages are told together, before any training', () =>
    inHome(async (home, run) => {
      // The empty line counts as a line of the file but not as a row.
      writeFileSync(join(home, 'exam.jsonl'), `${lines(good)}\n${lines({ prompt: 'a zebra ?' }, { prompt: 'a lion ?' })}`)
      const { result, events } = await run(plan(file('exam.jsonl'), file('nowhere.jsonl')))
      is(result.outcome, 'failed')
      equal(result.stages.map(({ address, status, error }) => [address, status, error?.code]), [['copy', 'stopped', undefined], ['practice', 'failed', 'RLP8101'], ['exam', 'failed', 'RLP8005']])
      const message = result.stages[2]?.error?.message ?? ''
      for (const part of ['"zebra"', '`exam.jsonl` line 3', '`jsonl(…)`', '1 more row']) ok(message.includes(part), message)
      ok(!events.some(({ type }) => type === 'started'))
      ok(!existsSync(join(home, '.rlp', 'store')) && !existsSync(join(home, '.rlp', 'work')))
    }))

  test('a shard of a model that is missing is told before any training', () =>
    inHome(async (home, run) => {
      cpSync(new URL('data/qwen2', import.meta.url), join(home, 'models', 'late'), { recursive: true })
      rmSync(join(home, 'models', 'late', 'model-00002-of-00002.safetensors'))
      const config = readFileSync(join(home, 'models', 'late', 'config.json'), 'utf8')
      const late = (await planOfSpec('import { ModelFolder } from "std/pretrained"\nmodel late: ModelFolder { path = "models/late" }\n', { 'models/late/config.json': config })).models['late'] as ModelPlan
      const later = new PlanBuilder({ m: model, late }).sft('first', model, { model: 'm' }, copyRows, { steps: 1 }).sft('second', late, { model: 'late' }, copyRows, { steps: 1 }).plan()
      const { result, events } = await run(later)
      equal(result.stages.map(({ address, status, error }) => [address, status, error?.code]), [['first', 'stopped', undefined], ['second', 'failed', 'RLP8202']])
      ok(result.stages[1]?.error?.message.includes('model-00002'))
      ok(!events.some(({ type }) => type === 'started'))
    }))

  test('the files of a mixture are walked whole; of every stage all datasets are told', () =>
    inHome(async (home, run) => {
      writeFileSync(join(home, 'lessons.jsonl'), lines(...Array.from({ length: 300 }, () => good), { ...good, completion: 'a '.repeat(40) }))
      const builder = new PlanBuilder({ m: model })
      builder.datasets = { copies: { source: copyRows, row: {} }, 'school.a': { source: mixture({ dataset: 'copies' }, file('lessons.jsonl')), row: {} }, 'school.b': { source: file('none.jsonl'), row: {} } }
      builder.curricula = { school: { phases: ['a', 'b'].map((name) => ({ name, data: { dataset: `school.${name}` }, least: 0, most: 1 })) } }
      const { result } = await run(builder.sft('s', model, { model: 'm' }, { curriculum: 'school' }, { steps: 2 }).plan())
      const error = result.stages[0]?.error
      is(error?.code, 'RLP8004')
      for (const part of ['`lessons.jsonl` line 301', '`school.a`', 'RLP8101', '`none.jsonl`']) ok(error?.message.includes(part), error?.message)
    }))

  test('phases that select nothing, one file of several phases, and batches beyond the data', () =>
    inHome(async (home, run) => {
      const spec = await planOfSpec(`import { Example, Sft } from "std/stages"
        model tiny: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 16 tokens, vocabulary = ["a", "?"] }
        dataset few: Dataset[Example] { source = jsonl("few.jsonl") }
        dataset gone: Dataset[Example] { source = jsonl("none.jsonl") }
        curriculum school: Curriculum[Example] { phase easy { data = few, between = 1 steps..1 steps }, phase hard { data = few, select = row.prompt == "zebra" } }
        curriculum lost: Curriculum[Example] { phase easy { data = gone, between = 1 steps..1 steps }, phase hard { data = gone } }
        stage a: Sft { policy = tiny, data = school, length = 2 steps, batch = 1 sample, optimizer { lr = 1e-3 } }
        stage b: Sft { policy = tiny, data = lost, length = 2 steps, batch = 1 sample, optimizer { lr = 1e-3 } }
        stage c: Sft { policy = tiny, data = few, length = 1 epochs, batch = 3 samples, optimizer { lr = 1e-3 } }`)
      writeFileSync(join(home, 'few.jsonl'), lines(good, good))
      const [a, b, c] = (await run(spec)).result.stages.map(({ error }) => error)
      is(a?.message, 'no row of `school.hard` is left: `select` holds for none')
      ok(b?.code === 'RLP8101' && b.message.split('none.jsonl').length === 2, b?.message)
      equal([c?.code, c?.message], ['RLP8016', 'a batch of c has 3 rows, and `few` only 2'])
    }))

  test('edited data is looked at again, what stages hand over is not', () =>
    inHome(async (home, run) => {
      const exam = async (...rows: object[]) => {
        writeFileSync(join(home, 'exam.jsonl'), lines(...rows))
        const { result } = await run(plan(file('exam.jsonl')))
        return `${result.outcome}: ${result.stages.map(({ status }) => status).join(' ')}`
      }
      is(await exam(good), 'done: done done done')
      is(await exam(good), 'done: reused reused reused')
      is(await exam({ prompt: 'zebra' }), 'failed: stopped stopped failed')
      // What is reused reads nothing: its data may be gone.
      rmSync(join(home, 'exam.jsonl'))
      is((await run(plan(file('exam.jsonl')))).result.stages.map(({ status }) => status).join(' '), 'reused reused reused')
      const written = new PlanBuilder({ m: model })
        .completing('write', 'Generate', model, { policy: { model: 'm' }, prompts: copyRows }, {})
        .sft('again', model, { model: 'm' }, { stage: 'write', output: 'rollouts' }, { steps: 1 })
      is((await run(written.plan())).result.outcome, 'done')
    }))

  test('vectors and documents are looked at, too', () =>
    inHome(async (home, run) => {
      const spec = await planOfSpec(`import { Labelled, Mlp, Supervised } from "std/supervised"
        import { Document, EvaluateLoss } from "std/pretraining"
        model net: Mlp { inputs = 2, hidden = [4], classes = 2 }
        model tiny: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 16 tokens, vocabulary = ["a"] }
        dataset vectors: Dataset[Labelled] { source = jsonl("vectors.jsonl") }
        dataset texts: Dataset[Document] { source = jsonl("texts.jsonl") }
        stage first: Supervised { model = net, data = vectors, length = 1 step, batch = 1 sample, optimizer { lr = 0.1 } }
        stage second: Supervised { model = first.model, data = vectors, length = 1 step, batch = 1 sample, optimizer { lr = 0.1 }, seed = 1 }
        stage loss: EvaluateLoss { policy = tiny, data = texts }`)
      writeFileSync(join(home, 'vectors.jsonl'), lines({ features: [1, 2], label: 0 }, { features: [1], label: 0 }))
      writeFileSync(join(home, 'texts.jsonl'), lines({ text: 'a a' }, { text: 'a b' }))
      const { result, events } = await run(spec)
      equal(result.stages.map(({ address, error }) => [address, error?.code]), [['first', 'RLP8009'], ['loss', 'RLP8005'], ['second', 'RLP8009']])
      ok(result.stages[0]?.error?.message.includes('`vectors.jsonl` line 2'))
      ok(!events.some(({ type }) => type === 'started'))
    }))
})
