// Fingerprints cover what a stage means and nothing else. The attributes are walked through the tables of kinds:
// a new attribute needs a second value here.

import fc from 'fast-check'
import { parse } from '../../../grammar/index.js'
import { SourceFile } from '../../../grammar/source/source.js'
import { canonicalJson } from '../../../spec/plan/canonical.js'
import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { hostOf } from '../../elaborate/test/harness.js'
import { compile } from '../../index.js'
import { planOf, stageOf } from './harness.js'
import { kindRows, MORE, SOURCE, stageText, WITHOUT_MEANING } from './kind-values.js'

suite('fingerprints', (test) => {
  test('every input and attribute of every stage kind counts', async () => {
    const rows = kindRows()
    let source = SOURCE + MORE
    const expected: { address: string; base: string; what: string }[] = []
    const kept: typeof expected = []
    for (const { kind, needed, others } of rows) {
      source += stageText(`base_${kind}`, kind, needed) + stageText(`same_${kind}`, kind, needed)
      for (const { path, values } of others) {
        const address = `other_${kind}_${path.replace('.', '_')}`
        source += stageText(address, kind, values)
        if (!WITHOUT_MEANING.has(path)) expected.push({ address, base: `base_${kind}`, what: `${kind}.${path}` })
        else kept.push({ address, base: `base_${kind}`, what: `${kind}.${path}` })
      }
    }
    const plan = await planOf(source)
    const print = (address: string) => stageOf(plan, address).fingerprint
    for (const { kind } of rows) is(print(`same_${kind}`), print(`base_${kind}`), `${kind}: the name does not count`)
    for (const { address, base, what } of expected) ok(print(address) !== print(base), `${what} does not change the fingerprint`)
    for (const { address, base, what } of kept) is(print(address), print(base), `${what} changes the fingerprint`)
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

  test('names of files and modules leave fingerprints', async () => {
    const rows = (file: string) => ({ [`${file}.rlp`]: `rlp 1\nfn half(logp: Real per token): Real per token = -0.5 * logp\nconst steps = 10 steps\n` })
    const spec = (file: string) => `${SOURCE.replace('rlp 1\n', `rlp 1\nimport { half, steps } from "./${file}.rlp"\n`)}${stageText('learn', 'Sft', { policy: 'tiny', data: 'chains.worked(problems["train"])', length: 'steps', batch: '4 samples', 'optimizer.lr': '1e-3', loss: 'half' })}`
    const print = async (file: string, entry: string) => {
      const { plan } = await compile({ entry, host: hostOf('rlp 1\n', { [entry]: spec(file), ...rows(file) }), parameters: [] })
      return plan?.stages[0]?.fingerprint
    }
    const first = await print('sizes', 'main.rlp')
    ok(first !== undefined)
    equal([await print('other', 'main.rlp'), await print('sizes', 'another.rlp')], [first, first])
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
