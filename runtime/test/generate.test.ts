// Generation until a prompt is solved: what is asked again, and when asking ends.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { is, near, ok, suite } from '../../spec/test/suite.js'
import { inHome, LETTERS, PlanBuilder, rows, tinyModel } from './plans.js'

const model = tinyModel(LETTERS)
const guesses = rows(['a', 'b', 'c', 'd', 'a', 'b'].map((answer, i) => ({ prompt: `${'a b c d'.split(' ')[i % 4]} ${i < 4 ? '' : 'a '}?`, answer })))

suite('generate', (test) => {
  for (const samples of [1, 6, 40]) {
    test(`at most ${samples} tries, the last of a solved prompt is the one that passes`, () =>
      inHome(async (home, run) => {
        const until = { reward: 'answer', term: 'correct' }
        const plan = new PlanBuilder({ m: model }).exactReward('answer').completing('ask', 'Generate', model, { policy: { model: 'm' }, prompts: guesses, until }, { samples, temperature: 1, maxNew: 1 }).plan()
        const { result } = await run(plan)
        is(result.outcome, 'done')
        const path = join(home, '.rlp', 'store', plan.stages[0]?.fingerprint ?? '', 'rollouts.jsonl')
        ok(existsSync(path))
        const lines = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { prompt: string; terms: { correct: number } })
        const byPrompt = new Map<string, number[]>()
        for (const { prompt, terms } of lines) byPrompt.set(prompt, [...(byPrompt.get(prompt) ?? []), terms.correct])
        is(byPrompt.size, 6)
        for (const [prompt, tries] of byPrompt) {
          ok(tries.length <= samples, prompt)
          ok(tries.slice(0, -1).every((correct) => correct === 0), `${prompt} was asked on after it was solved`)
          if (tries.length < samples) is(tries.at(-1), 1, `${prompt} was given up early`)
        }
        near(result.stages[0]?.metrics['solved'] as number, [...byPrompt.values()].filter((tries) => tries.at(-1) === 1).length / 6)
      }))
  }

  test('nothing is solved where nobody asked for it; the mean reward is told', () =>
    inHome(async (_, run) => {
      const plan = new PlanBuilder({ m: model }).exactReward('answer').completing('ask', 'Generate', model, { policy: { model: 'm' }, prompts: guesses, reward: { reward: 'answer' } }, { samples: 2, temperature: 1, maxNew: 1 }).plan()
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const metrics = result.stages[0]?.metrics ?? {}
      is(Object.keys(metrics).join(), 'reward')
      ok((metrics['reward'] as number) >= 0 && (metrics['reward'] as number) <= 1)
    }))
})
