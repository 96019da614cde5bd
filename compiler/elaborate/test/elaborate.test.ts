// Instances, functions, fields, variants and parameters: what the stages of small sources come out as.

import { equal, is, suite } from '../../../spec/test/suite.js'
import { COMMON, elaborated } from './harness.js'

const SFT = 'policy = tiny, data = chains.worked(problems["train"]), batch = 4 samples'

suite('elaborate: instances', (test) => {
  test('one stage for each combination of keys, addressed by them', () => {
    const { elaborated: found } = elaborated(`${COMMON}
      stage s: Sft for arm in ["warm", "cold"], seed in [3, 1] { ${SFT}, length = 5 steps, seed = seed, optimizer { lr = 1e-3 } }`)
    equal([...found.drafts.values()].filter(({ draft }) => draft === 'stage').map(({ address }) => address), ['s["warm",3]', 's["warm",1]', 's["cold",3]', 's["cold",1]'])
  })

  test('a range of integers makes keys', () => {
    const { value } = elaborated(`${COMMON}
      stage s: Sft for round in 1..3 { ${SFT}, length = 5 steps * round, optimizer { lr = 1e-3 } }`)
    equal(value('s[3]', 'length'), { value: 15, unit: 'steps' })
  })

  test('a stage refers to its earlier instances, and only the branch that is taken counts', () => {
    const { value, complaints } = elaborated(`${COMMON}
      stage improve: Sft for round in 1..3 {
        policy = if round == 1 then tiny else improve[round - 1].policy
        data = chains.worked(problems["train"]), batch = 4 samples, length = 5 steps, optimizer { lr = 1e-3 }
      }`)
    equal(complaints, [])
    equal(value('improve[1]', 'policy'), { model: 'tiny' })
    equal(value('improve[3]', 'policy'), { stage: 'improve[2]', output: 'policy' })
  })

  test('stars make values by key, in claims one check for each', () => {
    const { elaborated: found } = elaborated(`${COMMON}
      stage exam: Evaluate for arm in ["a", "b"], seed in [0, 1] { policy = tiny, data = problems["test"], score = answer.correct, max_new = 8 tokens }
      /// A beats B.
      claim better { require = exam["a", *].accuracy > exam["b", *].accuracy + 20% }
      claim all { require = exam[*, *].accuracy >= 0, at_least = 3 }`)
    const [better, all] = found.claims
    is(better?.doc, 'A beats B.')
    is(better?.text, 'exam["a", *].accuracy > exam["b", *].accuracy + 20%')
    equal(better?.checks, [0, 1].map((seed) => ({
      key: String(seed),
      expr: { op: '>', args: [{ stage: `exam["a",${seed}]`, metric: 'accuracy' }, { op: '+', args: [{ stage: `exam["b",${seed}]`, metric: 'accuracy' }, { const: 0.2 }] }] },
    })))
    equal(all?.checks.map(({ key }) => key), ['"a",0', '"a",1', '"b",0', '"b",1'])
    is(all?.atLeast, 3)
  })

  test('functions of numbers go key by key', () => {
    const { elaborated: found, complaints } = elaborated(`${COMMON}
      fn gain(before: Real, after: Real, least: Real = 1%): Real = if before == 0 then after else after / max(before, least)
      stage exam: Evaluate for arm in ["a", "b"], seed in [0, 1] { policy = tiny, data = problems["test"], score = answer.correct, max_new = 8 tokens }
      claim better { require = gain(exam["a", *].accuracy, after = exam["b", *].accuracy) > 2 }`)
    equal(complaints, [])
    const accuracy = (arm: string, seed: number) => ({ stage: `exam["${arm}",${seed}]`, metric: 'accuracy' })
    equal(found.claims[0]?.checks, [0, 1].map((seed) => ({
      key: String(seed),
      expr: { op: '>', args: [{ if: { op: '==', args: [accuracy('a', seed), { const: 0 }] }, then: accuracy('b', seed), else: { op: '/', args: [accuracy('b', seed), { op: 'max', args: [accuracy('a', seed), { const: 0.01 }] }] } }, { const: 2 }] },
    })))
  })
})

suite('elaborate: values', (test) => {
  const value = (text: string) => {
    const { elaborated: found, complaints } = elaborated(`${COMMON}
      const twice = [1, 2]
      fn double(x: Real, by: Real = 2): Real { let y = x * by
        y }
      pipeline p { outputs = { x = ${text} } }`)
    equal(complaints, [])
    const x = found.pipeline.outputs.get('x')
    return x?.type === 'number' ? (x.unit === undefined ? x.value : `${x.value} ${x.unit}`) : x?.type === 'boolean' || x?.type === 'text' ? x.value : x?.type
  }
  const table: readonly (readonly [string, unknown])[] = [
    ['1 + 2 * 3', 7],
    ['2 ^ 3 ^ 2', 512],
    ['-(2 - 5)', 3],
    ['24 h', '86400 seconds'],
    ['2 min + 30 s', '150 seconds'],
    ['1 KiB', '1024 bytes'],
    ['5%', 0.05],
    ['64 prompts * 2', '128 prompts'],
    ['64 prompts / 16 prompts', 4],
    ['1 / 4 steps', 0.25],
    ['max(1 step, 3 steps)', '3 steps'],
    ['max(1, 5, 3)', 5],
    ['clamp(7, 0, 5)', 5],
    ['clamp(high = 5, low = 0, x = 7)', 5],
    ['where(1 < 2, 10, 20)', 10],
    ['if 1 > 2 then 1 / 0 else 4', 4],
    ['true or 1 / 0 > 1', true],
    ['false and 1 / 0 > 1', false],
    ['not (1 == 1)', false],
    ['"a" in ["a", "b"]', true],
    ['3 in 1..4', true],
    ['length(twice)', 2],
    ['length(twice + [3])', 3],
    ['twice[1]', 2],
    ['double(4)', 8],
    ['double(by = 3, x = 4)', 12],
    ['double(by = 3)', 'closure'],
    ['{ a = { b = 5 } }.a.b', 5],
    ['(0.2..0.28).high', 0.28],
    ['exp(0)', 1],
  ]
  for (const [text, expected] of table) test(text, () => is(value(text), expected))
})

suite('elaborate: functions', (test) => {
  const stage = (lr: string, more = '') => elaborated(`${COMMON}
    fn half(step: Steps, peak: Real = 1): Real = peak / 2
    stage s: Sft { ${SFT}, length = 5 steps, optimizer { lr = ${lr} } ${more} }`)

  test('where a function is wanted, parameters that the place provides stay open', () => {
    equal(stage('constant(peak = 1e-3)').value('s', 'optimizer.lr'), { fn: 'std/schedules.constant', args: { peak: 0.001, warmup: { value: 0, unit: 'steps' } } })
  })

  test('a bare name is a function, with the defaults of what the place does not provide', () => {
    equal(stage('half').value('s', 'optimizer.lr'), { fn: 'main.rlp.half', args: { peak: 1 } })
  })

  test('a number stays a number', () => is(stage('2 * 1e-3').value('s', 'optimizer.lr'), 0.002))

  test('texts join', () => {
    const { value } = elaborated(`${COMMON}
      stage s: Sft for split in ["train", "test"] { policy = tiny, data = jsonl("data/" + split + ".jsonl"), batch = 4 samples, length = 3 steps, optimizer { lr = 1e-3 } }`)
    equal(value('s["test"]', 'data'), { call: 'std/prelude.jsonl', args: { path: 'data/test.jsonl' } })
  })

  test('calls of extern functions keep all arguments, defaults filled in', () => {
    equal(stage('1e-3').value('s', 'data'), {
      call: 'std/tasks/chains.worked',
      args: { of: { dataset: 'problems["train"]' }, wording: { record: { start: '{start}', steps: [{ record: { share: 1, text: '{operation} {result}' } }] } }, wrong: 0 },
    })
  })
})

suite('elaborate: variants and parameters', (test) => {
  const source = `${COMMON}
    param width: Int = 8
    param seeds: Set[Int] = [0]
    const steps = 50 steps
    variant mini { set { s.length = steps / 10, s.optimizer.lr = 1e-2, s.batch = 2 samples, width = 4 } }
    stage s: Sft for seed in seeds { ${SFT}, length = 500 steps, seed = seed * width, optimizer { lr = 1e-3 } }`

  test('defaults', () => {
    const { elaborated: found, value } = elaborated(source)
    equal(found.parameters, [{ name: 'width', value: 8, origin: 'default' }, { name: 'seeds', value: [0], origin: 'default' }])
    equal(value('s[0]', 'length'), { value: 500, unit: 'steps' })
  })

  test('a variant changes all instances by path, also in sections', () => {
    const { value, elaborated: found } = elaborated(source, { variant: 'mini', set: { seeds: '[1, 2]' } })
    equal(value('s[2]', 'length'), { value: 5, unit: 'steps' })
    equal(value('s[1]', 'optimizer.lr'), 0.01)
    equal(value('s[1]', 'batch'), { value: 2, unit: 'samples' })
    is(value('s[2]', 'seed'), 8)
    equal(found.parameters.map(({ name, origin }) => `${name} ${origin}`), ['width variant', 'seeds command line'])
  })

  test('the command line wins over the variant', () => is(elaborated(source, { variant: 'mini', set: { seeds: '[1]', width: '3' } }).value('s[1]', 'seed'), 3))

  test('phases of a curriculum are datasets, and can be changed by a variant', () => {
    const { elaborated: found } = elaborated(`${COMMON}
      curriculum school: Curriculum[Example] {
        phase easy { data = chains.worked(problems["train"]), between = 10 steps..20 steps, advance = metrics.loss < 0.5 }
        phase hard { data = chains.worked(chains.chains(longest = 9)), select = row.prompt != "" }
      }
      variant quick { set { school.easy.between = 1 steps..2 steps } }
      stage s: Sft { policy = tiny, data = school, batch = 4 samples, length = 30 steps, optimizer { lr = 1e-3 } }`, { variant: 'quick' })
    const school = found.drafts.get('school')
    equal(school?.draft === 'curriculum' && school.phases.map(({ name, least, most, dataset }) => [name, least, most, dataset.address, Object.keys(dataset.row)]), [
      ['easy', 1, 2, 'school.easy', ['prompt', 'completion']],
      ['hard', 0, null, 'school.hard', ['prompt', 'completion']],
    ])
    equal(school?.draft === 'curriculum' && school.phases[0]?.advance, { op: '<', args: [{ field: 'loss', of: { name: 'metrics' } }, { const: 0.5 }] })
  })

  test('secrets are arguments that say where they come from, and nothing more', () => {
    const { elaborated: found, complaints } = elaborated(`${COMMON}
      extern fn hub(name: Text, token: Secret): Dataset[Example]
      secret token from env("HUB_TOKEN")
      stage s: Sft { policy = tiny, data = hub("x", token), batch = 4 samples, length = 5 steps, optimizer { lr = 1e-3 } }`)
    equal(complaints, [])
    equal(found.secrets, [{ name: 'token', environment: 'HUB_TOKEN' }])
  })
})

suite('elaborate: rewards and filters', (test) => {
  test('later terms name earlier ones', () => {
    const { elaborated: found } = elaborated(`${COMMON}
      reward graded: Reward[chains.Chain] for bonus in [1, 2] {
        term right = exact(tagged(completion, "answer"), row.answer)
        term doubled = right * 2
        total = if right >= 1 then doubled + bonus else 0
      }`)
    const graded = found.drafts.get('graded[2]')
    equal(graded?.draft === 'reward' && graded.terms[1]?.expr, { op: '*', args: [{ name: 'right' }, { const: 2 }] })
    equal(graded?.draft === 'reward' && graded.total.expr, { if: { op: '>=', args: [{ name: 'right' }, { const: 1 }] }, then: { op: '+', args: [{ name: 'doubled' }, { const: 2 }] }, else: { const: 0 } })
  })

  test('what a filter keeps is left to the run', () => {
    const { value } = elaborated(`${COMMON}
      stage tries: Generate { policy = tiny, prompts = problems["train"], reward = answer, max_new = 8 tokens }
      stage good: Filter { data = tries.rollouts, keep = row.reward > 0.5 and row.prompt != "" }`)
    equal(value('good', 'keep'), { expr: { op: 'and', args: [{ op: '>', args: [{ field: 'reward', of: { name: 'row' } }, { const: 0.5 }] }, { op: '!=', args: [{ field: 'prompt', of: { name: 'row' } }, { const: '' }] }] } })
    equal(value('good', 'data'), { stage: 'tries', output: 'rollouts' })
  })

  test('datasets of other modules come along under their qualified names', () => {
    const { value, elaborated: found } = elaborated(COMMON.replace('import * as chains', 'import { facts } from "./data.rlp"\nimport * as chains') + `
      stage s: Sft { policy = tiny, data = facts["a"], batch = 4 samples, length = 5 steps, optimizer { lr = 1e-3 } }`, {
      files: { 'data.rlp': 'rlp 1\nimport { Example } from "std/stages"\ndataset facts: Dataset[Example] for k in ["a"] { source = jsonl("facts.jsonl"), take = 5 samples }' },
    })
    equal(value('s', 'data'), { dataset: 'data.rlp.facts["a"]' })
    const facts = found.drafts.get('data.rlp.facts["a"]')
    equal(facts?.draft === 'dataset' && facts.take, 5)
  })
})
