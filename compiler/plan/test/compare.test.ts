// Comparisons of plans: every attribute that can change is named, and what only looks different is the same.

import { comparePlans, type Difference } from '../../../spec/plan/compare.js'
import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { linesOf, showChanges } from '../show-changes.js'
import { planOf } from './harness.js'
import { kindRows, MORE, SOURCE, stageText, WITHOUT_MEANING } from './kind-values.js'

const TRAIN = `${SOURCE}
param steps: Steps = 10 steps
stage learn: Sft { policy = tiny, data = chains.worked(problems["train"]), length = steps, batch = 4 samples, optimizer { lr = 1e-3 } }
stage exam: Evaluate { policy = learn.policy, data = problems["test"], score = answer.correct, max_new = 8 tokens }
claim learned { require = exam.accuracy > 50% }
pipeline run { outputs = { policy = learn.policy } }
`
const compared = async (change: (source: string) => string, base = TRAIN) => {
  const changed = change(base)
  ok(changed !== base, 'the change is one')
  const [before, after] = [await planOf(base), await planOf(changed)]
  return { before, after, comparison: comparePlans(before, after) }
}

suite('comparison of plans', (test) => {
  test('every input and attribute of every stage kind is named when it changes', async () => {
    const rows = kindRows()
    const texts = (values: (needed: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>) => Readonly<Record<string, string>>) =>
      SOURCE + MORE + rows.flatMap(({ kind, needed, others }) => others.map(({ path, values: other }) => stageText(`${kind}_${path.replace('.', '_')}`, kind, values(needed, other)))).join('')
    const { stages } = comparePlans(await planOf(texts((needed) => needed)), await planOf(texts((_, other) => other)))
    const found = new Map(stages.map((stage) => [stage.address, stage]))
    for (const { kind, others } of rows)
      for (const { path } of others) {
        const stage = found.get(`${kind}_${path.replace('.', '_')}`)
        if (WITHOUT_MEANING.has(path)) {
          is(stage?.change, 'same', `${kind}.${path}`)
          continue
        }
        const paths = stage?.differences.map((each: Difference) => each.path) ?? []
        ok(paths.some((each) => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`)), `${kind}.${path}: ${stage?.change}, ${paths.join(', ')}`)
      }
  })

  test('a reward that asks a trained model follows it, and does not differ itself', async () => {
    const source = `${TRAIN.replace('rlp 1\n', 'rlp 1\nimport * as models from "std/reward_models"\nimport * as kinds from "std/stages"\n')}
reward liked: Reward[chains.Chain] { total = models.scored(completion, row.prompt, by = taste.model) }
dataset pairs: Dataset[kinds.Preference] { source = jsonl("pairs.jsonl") }
stage taste: models.RewardModel { policy = tiny, data = pairs, length = 3 steps, batch = 2 samples, optimizer { lr = 1e-3 } }
stage drawn: kinds.Generate { policy = tiny, prompts = problems["train"], reward = liked, max_new = 4 tokens }
`
    const { comparison } = await compared((text) => text.replace('length = 3 steps', 'length = 4 steps'), source)
    equal(comparison.stages.filter(({ change }) => change !== 'same').map(({ address, differences, through }) => [address, differences.map(({ path }) => path), through]), [['drawn', [], ['taste']], ['taste', ['length'], []]])
  })

  const same: readonly (readonly [string, (source: string) => string])[] = [
    ['comments', (source) => source.replaceAll('\nstage', '\n// more\nstage')],
    ['a constant instead of the value', (source) => source.replace('batch = 4 samples', 'batch = two * 2').concat('const two = 2 samples\n')],
    ['another name of a stage', (source) => source.replaceAll('learn', 'study').replace('claim studyed', 'claim learned')],
    ['another name of a dataset', (source) => source.replaceAll('problems', 'sums')],
    ['a default that is written', (source) => source.replace('batch = 4 samples', 'batch = 4 samples, packing = false')],
  ]
  for (const [what, change] of same)
    test(`${what}: the same meaning`, async () => {
      const both = await compared(change)
      ok(both.comparison.same, showChanges(both, { colour: false }))
      ok(showChanges(both, { colour: false }).startsWith('same meaning'))
    })

  const changes: readonly (readonly [change: string, (source: string) => string, lines: readonly string[]])[] = [
    ['a quantity', (source) => source.replace('batch = 4 samples', 'batch = 8 samples'), ['~ learn: Sft', '    batch  4 samples → 8 samples', '~ follows: exam (from learn)', 'stages: 2 changed']],
    ['a parameter', (source) => source.replace('= 10 steps', '= 20 steps'), ['  param steps: 10 steps → 20 steps', '~ learn: Sft', '    length  10 steps → 20 steps', '~ follows: exam (from learn)', 'stages: 2 changed']],
    ['data through a constant dataset', (source) => source.replace('chains(split = split)', 'chains(split = split, longest = 3)'), ['    data.longest  5 → 3', '    data.of.longest  5 → 3', 'stages: 2 changed']],
    ['a claim', (source) => source.replace('50%', '60%'), ['~ claim learned', '    require  exam.accuracy > 50% → exam.accuracy > 60%', 'stages: 2 unchanged']],
    ['a constant of a reward', (source) => source.replace('total = correct', 'total = 2 * correct'), ['formula']],
    ['a renamed stage that also reads something else', (source) => source.replaceAll('learn.policy', 'study.policy').replace('stage learn', 'stage study').replace('width = 8', 'width = 12'), ['  renamed: learn → study', 'stages: 2 changed']],
    ['a stage less', (source) => source.replace(/stage exam.*\n/, '').replace(/claim.*\n/, ''), ['- exam: Evaluate', '- claim learned', 'stages: 1 removed, 1 unchanged']],
    ['the pipeline\'s seed', (source) => source.replace('pipeline run {', 'pipeline run { seed = 5,'), ['seed']],
  ]
  for (const [what, change, lines] of changes)
    test(what, async () => {
      const text = showChanges(await compared(change), { colour: false })
      for (const line of lines) ok(lines.length > 1 ? text.split('\n').includes(line) : text.includes(line), `${line} is not in\n${text}`)
    })

  test('a formula behind an unchanged name is told by its constants, or as another', async () => {
    const base = `${SOURCE}fn mine(logp: Real per token): Real per token = -2 * logp\n${stageText('learn', 'Sft', { policy: 'tiny', data: 'chains.worked(problems["train"])', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3', loss: 'mine' })}`
    const lines = async (body: string) => {
      const { comparison, ...plans } = await compared((source) => source.replace('-2 * logp', body), base)
      return comparison.stages.flatMap((stage) => linesOf(stage, plans))
    }
    equal(await lines('-3 * logp'), ['objective: constants of the formula: -2 → -3 (in mul)'])
    equal(await lines('-2 * exp(logp)'), ['objective: another formula'])
  })

  test('read backwards, what was added is removed', async () => {
    const { before, after } = await compared((source) => `${source}stage more: Evaluate { policy = learn.policy, data = problems["train"], score = answer.correct, max_new = 8 tokens }\n`)
    const change = (comparison: ReturnType<typeof comparePlans>) => comparison.stages.filter((each) => each.change !== 'same').map((each) => `${each.change} ${each.address}`)
    equal(change(comparePlans(before, after)), ['added more'])
    equal(change(comparePlans(after, before)), ['removed more'])
    is(comparePlans(before, before).same, true)
  })
})
