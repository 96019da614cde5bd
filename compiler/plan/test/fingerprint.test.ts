// Fingerprints cover what a stage means and nothing else. The attributes are walked through the tables of kinds:
// a new attribute needs a second value here.

import fc from 'fast-check'
import { parse } from '../../../grammar/index.js'
import { SourceFile } from '../../../grammar/source/source.js'
import { canonicalJson } from '../../../spec/plan/canonical.js'
import { is, ok, suite } from '../../../spec/test/suite.js'
import { COMMON, hostOf } from '../../elaborate/test/harness.js'
import { readKinds } from '../../kinds/read.js'
import { resolve } from '../../resolve/resolve.js'
import { planOf, stageOf } from './harness.js'

const IMPORTS = `import { dft, mean_of_samples } from "std/sft"
import { plain } from "std/advantages"
import { policy_gradient } from "std/losses"
import { sequence_mean } from "std/aggregations"
import { Dpo, Preference } from "std/stages"
import { hinge } from "std/preferences"
import { EvaluateClassifier, Labelled, Mlp, Supervised } from "std/supervised"
import { Document, EvaluateLoss, Pretrain } from "std/pretraining"
import { ShrinkPerturb } from "std/operations"
`
const SOURCE = COMMON.replace('rlp 1\n', `rlp 1\n${IMPORTS}`)

/** What each kind needs, by path. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Sft: { policy: 'tiny', data: 'chains.worked(problems["train"])', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  Grpo: { policy: 'tiny', prompts: 'problems["train"]', reward: 'answer', length: '10 steps', 'rollout.per_step': '4 prompts', 'rollout.max_new': '8 tokens', 'optimizer.lr': '1e-3' },
  Dpo: { policy: 'tiny', data: 'pairs["a"]', reference: 'tiny', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  Generate: { policy: 'tiny', prompts: 'problems["train"]', max_new: '8 tokens' },
  Filter: { data: 'problems["train"]', keep: 'row.prompt != ""' },
  Evaluate: { policy: 'tiny', data: 'problems["test"]', score: 'answer.correct', max_new: '8 tokens', temperature: '0.5', samples: '4 rollouts' },
  Supervised: { model: 'net', data: 'vectors["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateClassifier: { model: 'net', data: 'vectors["a"]' },
  ShrinkPerturb: { model: 'net', shrink: '0.5', perturb: '0.1' },
  Pretrain: { policy: 'tiny', data: 'texts["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateLoss: { policy: 'tiny', data: 'texts["a"]' },
}

/** Another legal value of every input and attribute. */
const OTHER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Sft: {
    policy: 'wide', data: 'chains.answered(problems["train"])', length: '11 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', packing: 'true', seed: '1',
    'save.every': '5 steps',
  },
  Grpo: {
    policy: 'wide', prompts: 'problems["test"]', reward: 'strict', reference: 'wide', length: '11 steps', group_size: '4 rollouts', advantage: 'plain', loss: 'policy_gradient', aggregate: 'sequence_mean', seed: '1',
    'rollout.per_step': '6 prompts', 'rollout.max_new': '9 tokens', 'rollout.temperature': '0.9', 'rollout.top_p': '0.9', 'rollout.top_k': '5', 'update.passes': '2', 'update.splits': '2', 'save.every': '5 steps',
  },
  Dpo: { policy: 'wide', data: 'pairs["b"]', reference: 'wide', length: '11 steps', batch: '5 samples', context: '32 tokens', loss: 'hinge', aggregate: 'pair_sum', seed: '1', 'save.every': '5 steps' },
  Generate: { policy: 'wide', prompts: 'problems["test"]', reward: 'answer', samples: '2 rollouts', max_new: '9 tokens', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1' },
  Filter: { data: 'problems["test"]', keep: 'row.prompt == ""', per_prompt: '1 sample', at_least: '2 samples' },
  Evaluate: { policy: 'wide', data: 'problems["train"]', score: 'strict.correct', samples: '8 rollouts', k: '2', temperature: '0.9', top_p: '0.9', top_k: '5', max_new: '9 tokens', seed: '1' },
  Supervised: { model: 'deep', data: 'vectors["b"]', length: '11 steps', stop_at: '0.9', batch: '5 samples', loss: 'certain', aggregate: 'sample_sum', seed: '1', 'save.every': '5 steps' },
  EvaluateClassifier: { model: 'deep', data: 'vectors["b"]' },
  ShrinkPerturb: { model: 'deep', shrink: '0.4', perturb: '0.2', noise: '"gaussian"', seed: '1' },
  Pretrain: { policy: 'wide', data: 'texts["b"]', length: '11 steps', until: '5 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', seed: '1', 'save.every': '5 steps' },
  EvaluateLoss: { policy: 'wide', data: 'texts["b"]', context: '32 tokens' },
}
const OPTIMIZER: Readonly<Record<string, string>> = {
  'optimizer.lr': 'constant(peak = 1e-3)', 'optimizer.beta1': '0.8', 'optimizer.beta2': '0.9', 'optimizer.eps': '1e-7', 'optimizer.weight_decay': '0.1', 'optimizer.clip_norm': 'none',
}

const MORE = `
model wide: Transformer { layers = 1, width = 12, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words }
reward strict: Reward[chains.Chain] { term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct - 1 }
dataset pairs: Dataset[Preference] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
model net: Mlp { inputs = 2, hidden = [4], classes = 2 }
model deep: Mlp { inputs = 2, hidden = [4, 4], classes = 2 }
dataset vectors: Dataset[Labelled] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
dataset texts: Dataset[Document] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
fn certain(logp: Real per sample): Real per sample = -2 * logp
fn sample_sum(loss: Real per sample): Real = sum(loss, over = batch)
fn pair_sum(loss: Real per pair): Real = sum(loss, over = batch)
`

function stageText(name: string, kind: string, values: Readonly<Record<string, string>>): string {
  const sections = new Map<string, string[]>()
  const lines: string[] = []
  for (const [path, value] of Object.entries(values)) {
    const [head, inner] = path.split('.') as [string, string | undefined]
    if (inner === undefined) lines.push(`${head} = ${value}`)
    else sections.set(head, [...(sections.get(head) ?? []), `${inner} = ${value}`])
  }
  return `stage ${name}: ${kind} {\n  ${[...lines, ...[...sections].map(([section, inside]) => `${section} { ${inside.join(', ')} }`)].join('\n  ')}\n}\n`
}

suite('fingerprints', (test) => {
  test('every input and attribute of every stage kind counts', async () => {
    const { program } = resolve('main.rlp', hostOf(SOURCE))
    if (!program) throw new Error('the common source does not resolve')
    const kinds = [...readKinds(program).kinds.all.values()].filter(({ category, engines }) => category === 'Stage' && engines.includes('native'))
    let source = SOURCE + MORE
    const expected: { address: string; base: string; what: string }[] = []
    for (const { name: kind, members, sections } of kinds) {
      const [needed, other] = [NEEDED[kind], OTHER[kind]]
      if (!needed || !other) throw new Error(`kind ${kind} has no values in this test`)
      source += stageText(`base_${kind}`, kind, needed) + stageText(`same_${kind}`, kind, needed)
      const paths = [...members.keys(), ...[...sections].flatMap(([section, { members: inside }]) => [...inside.keys()].map((inner) => `${section}.${inner}`))]
      for (const path of paths) {
        const value = other[path] ?? (sections.has('optimizer') ? OPTIMIZER[path] : undefined)
        if (value === undefined) throw new Error(`${kind}.${path} has no second value in this test`)
        const address = `other_${kind}_${path.replace('.', '_')}`
        source += stageText(address, kind, { ...needed, [path]: value })
        expected.push({ address, base: `base_${kind}`, what: `${kind}.${path}` })
      }
    }
    const plan = await planOf(source)
    const print = (address: string) => stageOf(plan, address).fingerprint
    for (const { name: kind } of kinds) is(print(`same_${kind}`), print(`base_${kind}`), `${kind}: the name does not count`)
    for (const { address, base, what } of expected) ok(print(address) !== print(base), `${what} does not change the fingerprint`)
    is(new Set(expected.map(({ address }) => print(address))).size, expected.length, 'and no two changes give the same')
  })

  const SMALL = `${SOURCE}
/// Written out.
param steps: Steps = 10 steps
curriculum school: Curriculum[Example] {
  phase first { data = chains.worked(problems["train"]), between = 1 step..5 steps }
  phase second { data = chains.answered(problems["train"]) }
}
stage learn: Sft { policy = tiny, data = school, length = steps, batch = 4 samples, optimizer { lr = 1e-3 } }
stage exam: Evaluate { policy = learn.policy, data = problems["test"], score = answer.correct, max_new = 8 tokens }
claim learned { require = exam.accuracy > 50% }
pipeline run { seed = 3, outputs = { policy = learn.policy } }
`
  const changed = async (change: (source: string) => string, address = 'exam') => {
    const [before, after] = [SMALL, change(SMALL)]
    ok(before !== after, 'the change is one')
    const [a, b] = [await planOf(before), await planOf(after)]
    return { same: stageOf(a, address).fingerprint === stageOf(b, address).fingerprint, bytes: canonicalJson(a) === canonicalJson(b) }
  }

  test('comments and white space leave the whole plan as it is', async () => {
    const { bytes } = await changed((source) => source.replaceAll('\n  ', '\n    // a note\n      ').replace('exam.accuracy > 50%', 'exam.accuracy   >   50%'))
    ok(bytes)
  })

  test('the order of declarations leaves the whole plan as it is', async () => {
    const file = new SourceFile('main.rlp', SMALL)
    const { declarations } = parse(file).module
    const starts = declarations.map(({ span, doc }) => (doc === '' ? span.start : SMALL.lastIndexOf('///', span.start)))
    const pieces = starts.map((start, i) => SMALL.slice(start, starts[i + 1] ?? SMALL.length))
    const head = SMALL.slice(0, starts[0])
    const plan = canonicalJson(await planOf(SMALL))
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(pieces, { minLength: pieces.length }), async (shuffled) => is(canonicalJson(await planOf(head + shuffled.join('\n'))), plan)),
      { numRuns: 6, seed: 1 },
    )
  })

  const inert: readonly (readonly [string, (source: string) => string])[] = [
    ['the name of a stage', (source) => source.replaceAll('learn', 'study')],
    ['the name of a dataset, its keys and a phase', (source) => source.replaceAll('problems', 'sums').replace('phase first', 'phase begin')],
    ['a value that is written and equals the default', (source) => source.replace('batch = 4 samples', 'batch = 4 samples, packing = false')],
    ['a constant instead of the value', (source) => source.replace('batch = 4 samples', 'batch = two * 2').concat('const two = 2 samples\n')],
    ['a claim', (source) => source.replace('50%', '60%')],
  ]
  for (const [what, change] of inert) test(`${what} leaves fingerprints`, async () => ok((await changed(change)).same))

  const meant: readonly (readonly [string, (source: string) => string])[] = [
    ['the seed of the pipeline', (source) => source.replace('seed = 3', 'seed = 4')],
    ['a parameter', (source) => source.replace('Steps = 10 steps', 'Steps = 20 steps')],
    ['the data of an earlier stage', (source) => source.replace('chains.worked(problems["train"])', 'chains.worked(chains.chains(longest = 3))')],
    ['the bound of a phase', (source) => source.replace('1 step..5 steps', '1 step..6 steps')],
    ['the model', (source) => source.replace('width = 8', 'width = 16')],
    ['the seed of the model', (source) => source.replace('width = 8', 'width = 8, seed = 1')],
    ['the reward that scores', (source) => source.replace('tagged(completion, "answer")', 'tagged(completion, "think")')],
  ]
  for (const [what, change] of meant) test(`${what} changes fingerprints`, async () => ok(!(await changed(change)).same))
})
