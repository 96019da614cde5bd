// Measures of a reward and its clock, from the text to the number: logged beside the terms, read by claims, never by the total.

import { Rewarder } from '../../runtime/engines/native/reward.js'
import { reference } from '../../runtime/executors/reference/reference.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { hostOf } from '../elaborate/test/harness.js'
import { compile } from '../index.js'
import { planOf } from '../plan/test/harness.js'

const source = (total: string, claim = 'exam.terms.skipped < exam.terms.correct') => `rlp 1
import { exact, matches, tagged } from "std/signals"
import { within } from "std/schedules"
import { Evaluate } from "std/stages"
import * as chains from "std/tasks/chains"

reward answer: Reward[chains.Chain] {
  term correct = exact(tagged(completion, "answer"), row.answer)
  measure skipped = matches(completion, "<think>\\\\s*</think>")
  term bonus = if within(clock.steps, 10 steps) < 8 steps then 0 else 1
  total = ${total}
}

model tiny: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 32 tokens, vocabulary = chains.words }

stage exam: Evaluate {
  policy = tiny
  data = subset(chains.chains(), 4 samples)
  score = answer.correct
  max_new = 5 tokens
}

claim selective { require = ${claim} }
`

const codesOf = async (text: string) => (await compile({ entry: 'main.rlp', host: hostOf(text), parameters: [] })).diagnostics.map(({ code }) => code)

suite('measures and the clock of a reward', (test) => {
  test('a measure is scored and logged, and is no objective', async () => {
    const plan = await planOf(source('correct * (1 + 0.2 * bonus)'))
    equal(plan.rewards['answer']?.terms.map(({ name, measure }) => [name, measure]), [['correct', undefined], ['skipped', true], ['bonus', undefined]])
    const none = () => Promise.reject(new Error('no judge is named'))
    const rewarder = await Rewarder.open({ plan, root: '.', executor: reference, openModel: none, openPolicy: none }, 'answer')
    const item = { row: { answer: '4' }, completion: { text: '<think> </think> <answer> 4 </answer>', tokens: 5, finished: true }, place: 'row 1' }
    const totals: number[] = []
    for (let steps = 0; steps < 32; steps++) {
      const scored = await rewarder.score([item], steps)
      is(scored.terms['skipped']?.[0], 1)
      is(scored.objectives.length, 2)
      totals.push(scored.total[0] as number)
    }
    ok(totals.every((total, steps) => Math.abs(total - (steps % 10 < 8 ? 1 : 1.2)) < 1e-12), totals.join(' '))
  })

  test('the total cannot read a measure; claims read terms and measures by their names', async () => {
    equal(await codesOf(source('correct + bonus')), [])
    equal(await codesOf(source('correct + bonus + skipped')), ['RLP2001'])
    equal(await codesOf(source('correct + bonus', 'exam.terms.skiped < 0.5')), ['RLP3007'])
    const plan = await planOf(source('correct + bonus'))
    equal(plan.claims[0]?.checks[0]?.expr, { op: '<', args: [{ stage: 'exam', metric: 'terms.skipped' }, { stage: 'exam', metric: 'terms.correct' }] })
  })
})
