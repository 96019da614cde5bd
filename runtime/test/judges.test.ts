// A classifier as a term of a reward: trained by one stage, asked by another, against its own weights worked out by hand.

import { lowerModel } from '../../compiler/model/models.js'
import { classifierScore } from '../../compiler/model/classifier.js'
import type { CompileValue } from '../../compiler/elaborate/value.js'
import { SourceFile } from '../../grammar/source/source.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { is, near, suite, throws } from '../../spec/test/suite.js'
import { freshWeights } from '../checkpoint/initialise.js'
import { counted } from '../data/counted.js'
import { listed } from '../data/draws.js'
import { Rewarder } from '../engines/native/reward.js'
import { reference } from '../executors/reference/reference.js'
import { HostError } from '../host.js'
import { wordCounts } from '../signals/words.js'
import { PlanBuilder } from './plans.js'

const words = ['s1', 'chk', 'ok']
const number = (value: number) => ({ type: 'number', value, unit: undefined }) as const
const attributes = new Map<string, CompileValue>([['inputs', number(3)], ['hidden', { type: 'list', items: [number(4)] }], ['classes', number(2)], ['bias', { type: 'boolean', value: true }], ['activation', { type: 'text', value: 'relu' }], ['seed', number(7)]])
const mlp = lowerModel('Mlp', attributes, new SourceFile('test', '').span(0, 0), () => undefined).model as ModelPlan
const weights = freshWeights(mlp, 7)

/** Probability of class 1, in plain arithmetic. */
function byHand(x: readonly number[]): number {
  const of = (name: string) => weights.find((one) => one.name === name)?.data as Float32Array
  const layer = (input: readonly number[], index: number, out: number) =>
    Array.from({ length: out }, (_, i) => (of(`layers.${index}.bias`)[i] as number) + input.reduce((sum, value, j) => sum + value * (of(`layers.${index}.weight`)[i * input.length + j] as number), 0))
  const [a, b] = layer(layer(x, 0, 4).map((value) => Math.max(0, value)), 1, 2) as [number, number]
  return Math.exp(b) / (Math.exp(a) + Math.exp(b))
}

const expr = (asked: readonly string[]) => ({ call: 'std/supervised.judged', args: { text: { field: 'text', of: { name: 'completion' } }, by: { const: { stage: 'judge', output: 'model' } }, words: { const: asked } } })

suite('judges', (test) => {
  test('words are counted, others are not', () => near(wordCounts('s1 3 chk s1  ok\nok s1', words), [0.3, 0.1, 0.2]))

  test('texts become rows of a classifier', () => {
    const rows = counted(listed([{ completion: '<think> s1 chk </think> <answer> 4 </answer>' }, { completion: 'chk' }]), 1, words, 'think')
    near((rows.row(0) as { features: number[] }).features, [0.1, 0.1, 0])
    is(rows.row(0)['label'], 1)
    throws(() => rows.row(1), (error: unknown) => error instanceof HostError && error.code === 'RLP8009')
  })

  test('a reward asks the trained classifier', async () => {
    const plan = new PlanBuilder({ m: mlp }).stage('judge', 'Supervised', {}, { model: { model: 'm' } }, { score: classifierScore(mlp) }).reward('style', expr(words)).plan()
    const run = { plan, root: '.', executor: reference, openModel: async () => ({ model: mlp, weights }), openPolicy: () => Promise.reject(new Error('it is no policy')) }
    const texts = ['s1 s1 chk ok', 's1', '', 'chk chk chk ok ok s1 s1 s1', 's1']
    const { total } = await (await Rewarder.open(run, 'style')).score(texts.map((text) => ({ row: {}, completion: { text, tokens: 1, finished: true }, place: 'row 1' })))
    near([...total], texts.map((text) => byHand(wordCounts(text, words))), { rtol: 0, atol: 1e-6 })

    const other = new PlanBuilder({ m: mlp }).stage('judge', 'Supervised', {}, { model: { model: 'm' } }, { score: classifierScore(mlp) }).reward('style', expr(['s1'])).plan()
    const failed = await (await Rewarder.open({ ...run, plan: other }, 'style')).score([{ row: {}, completion: { text: 's1', tokens: 1, finished: true }, place: 'row 1' }]).catch((error: unknown) => error)
    is(failed instanceof HostError && failed.code, 'RLP8010')
  })
})
