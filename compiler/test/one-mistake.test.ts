// Small specs with one mistake each, as people make them who come from Python, YAML and other post-training systems:
// exactly one diagnostic, at its place, which names our spelling; a safe fix leaves no error of the same place behind.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import { applyFixes } from '../../grammar/diagnostics/apply-fixes.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { diagnose, library, unmarked, words } from '../check/test/harness.js'
import { checkOnly } from '../compile.js'
import { memoryHost } from '../resolve/host.js'

const whole = `rlp 1

import { exact } from "std/signals"
import { Evaluate, Grpo, Sft } from "std/stages"

type Row = { prompt: Text, completion: Text, answer: Text }

param seed: Int = 0
const many = 1

dataset data: Dataset[Row] {
  source = jsonl("data/x.jsonl")
  take = 10 samples
}

const few = subset(data, 5 samples, seed = many)

reward answer: Reward[Row] {
  term correct = exact(completion, row.answer)
  term shaped = 1
  total = if correct >= 1 then 1 else 0 - shaped
}

fn adv(reward: Real per rollout): Real per rollout {
  let centred = reward - mean(reward, over = group)
  centred / 2
}

model tiny: Transformer {
  layers = 2
  width = 64
  heads = 4
  mlp = 176
  context = 176 tokens
  vocabulary = ["a", "b"]
  seed = seed
}

stage s: Sft {
  policy = tiny
  data = few
  length = 5 steps
  batch = 4 samples
  packing = true
  context = 100 tokens
  optimizer { lr = 1e-3 }
}

stage p: Grpo {
  policy = s.policy
  prompts = data
  reward = answer
  length = 5 steps
  advantage = adv
  rollout { per_step = 4 prompts, max_new = 20 tokens }
  optimizer { lr = 1e-3 }
}

stage e: Evaluate {
  policy = p.policy
  data = data
  score = answer.correct
  max_new = 20 tokens
}
`

interface Mistake {
  readonly code: string
  readonly find: string
  /** `⟦…⟧` marks the place of the complaint. */
  readonly put: string
  readonly says: string
  /** The safe fix makes a spec without errors. */
  readonly mends?: true
}

const mistakes: readonly Mistake[] = [
  // values and names of other languages
  { code: 'RLP2001', find: 'packing = true', put: 'packing = ⟦True⟧', says: 'write `true`', mends: true },
  { code: 'RLP2001', find: 'packing = true', put: 'packing = ⟦False⟧', says: 'write `false`', mends: true },
  { code: 'RLP2001', find: 'take = 10 samples', put: 'take = ⟦None⟧', says: 'write `none`', mends: true },
  { code: 'RLP2001', find: 'take = 10 samples', put: 'take = ⟦null⟧', says: 'write `none`', mends: true },
  { code: 'RLP2001', find: 'take = 10 samples', put: 'take = ⟦nil⟧', says: 'write `none`', mends: true },
  { code: 'RLP2001', find: 'width = 64', put: 'width = ⟦round⟧(63.7)', says: 'floor(x + 0.5)' },
  { code: 'RLP2001', find: 'shaped = 1', put: 'shaped = ⟦len⟧(completion)', says: '`length` of std/signals' },
  { code: 'RLP2001', find: 'mean(reward, over = group)', put: '⟦torch⟧.mean(reward)', says: 'leave out the module' },
  { code: 'RLP2001', find: 'exact(completion', put: 'exact(⟦response⟧', says: 'write `completion`', mends: true },
  { code: 'RLP2001', find: 'length = 5 steps\n  batch', put: 'length = ⟦steps⟧(5)\n  batch', says: '`5 steps`' },
  { code: 'RLP2011', find: 'answer: Text', put: 'answer: ⟦str⟧', says: 'write `Text`', mends: true },
  { code: 'RLP2011', find: 'seed: Int', put: 'seed: ⟦int⟧', says: 'write `Int`', mends: true },
  { code: 'RLP2011', find: 'reward: Real per', put: 'reward: ⟦float⟧ per', says: 'write `Real`', mends: true },
  { code: 'RLP2011', find: 'answer: Text', put: 'answer: ⟦Optional⟧[Text]', says: '`Type?`' },
  { code: 'RLP2011', find: 'p: Grpo', put: 'p: ⟦PPO⟧', says: '`Grpo` with the loss `clipped`' },
  { code: 'RLP2011', find: 'p: Grpo', put: 'p: ⟦GRPO⟧', says: 'write `Grpo`', mends: true },
  { code: 'RLP2007', find: 'stage p: Grpo', put: '⟦Grpo⟧ p', says: 'write `stage p: Grpo`' },
  // phrases of other languages
  { code: 'RLP1007', find: '  centred / 2', put: '  return ⟦centred⟧ / 2', says: 'the last one is the result', mends: true },
  { code: 'RLP1007', find: 'else 0 - shaped', put: 'elif ⟦shaped⟧ >= 1 then 2 else 0', says: 'else if', mends: true },
  { code: 'RLP1007', find: 'fn adv(', put: 'def adv⟦(⟧', says: 'begins with `fn`' },
  { code: 'RLP1007', find: 'advantage = adv', put: 'advantage = lambda ⟦reward⟧: reward', says: 'declare it with `fn' },
  { code: 'RLP1007', find: 'advantage = adv', put: 'advantage = (reward) ⟦=⟧> reward', says: 'declare it with `fn' },
  { code: 'RLP1007', find: 'jsonl("data', put: 'jsonl(f⟦"data/x.jsonl"⟧) // ', says: 'nothing is put into texts' },
  { code: 'RLP1007', find: 'correct >= 1 then', put: 'correct ⟦is⟧ 1 then', says: '`==`', mends: true },
  { code: 'RLP1007', find: 'correct >= 1 then', put: 'correct ⟦=⟧ 1 then', says: '`==`', mends: true },
  { code: 'RLP1007', find: 'if correct >= 1 then 1 else 0 - shaped', put: '1 ⟦if⟧ correct >= 1 else 0', says: 'the condition comes first' },
  { code: 'RLP1007', find: 'if correct >= 1 then 1 else 0 - shaped', put: 'correct >= 1 ⟦?⟧ 1 : 0', says: 'if condition then a else b' },
  { code: 'RLP1007', find: 'then 1 else 0 - shaped', put: 'then 1⟦⟧', says: 'needs an `else`' },
  { code: 'RLP1007', find: 'take = 10 samples', put: 'take = 1,⟦000⟧ samples', says: '`1_000`', mends: true },
  { code: 'RLP1007', find: 'packing = true', put: '/⟦*⟧ packing */', says: '`//` in front of every line' },
  { code: 'RLP1010', find: 'correct >= 1 then', put: '0 < correct ⟦<⟧ 2 then', says: '`and`' },
  { code: 'RLP0001', find: 'correct >= 1 then', put: 'correct >= 1 ⟦&&⟧ shaped >= 1 then', says: '`and`', mends: true },
  { code: 'RLP0001', find: 'correct >= 1 then', put: 'correct >= 1 ⟦||⟧ shaped >= 1 then', says: '`or`', mends: true },
  { code: 'RLP0001', find: 'correct >= 1 then', put: 'correct ⟦<>⟧ 1 then', says: '`!=`', mends: true },
  { code: 'RLP0001', find: '"data/x.jsonl"', put: "⟦'data/x.jsonl'⟧", says: 'straight double quotes', mends: true },
  { code: 'RLP0001', find: 'max_new = 20 tokens }', put: 'max_new = ⟦0.1k⟧ tokens }', says: '`100`', mends: true },
  { code: 'RLP0001', find: 'lr = 1e-3', put: 'lr = ⟦0.1.2⟧', says: 'one point at most' },
  { code: 'RLP0001', find: 'lr = 1e-3', put: 'lr = ⟦1.e-3⟧', says: '`1.0e-3`', mends: true },
  { code: 'RLP0007', find: '  packing = true', put: '⟦\t⟧packing = true', says: 'two spaces' },
  { code: 'RLP1003', find: 'packing = true', put: 'packing⟦:⟧ true', says: '`=`', mends: true },
  { code: 'RLP0002', find: '"data/x.jsonl")', put: '⟦"data/x.jsonl)⟧', says: 'add `"`' },
  // imports
  { code: 'RLP2003', find: '"std/signals"', put: '⟦"std/signal"⟧', says: 'did you mean `std/signals`', mends: true },
  { code: 'RLP2001', find: 'import { exact } from "std/signals"\n', put: '', says: 'import { exact } from "std/signals"', mends: true },
  { code: 'RLP1007', find: 'import { exact } from "std/signals"', put: '⟦import⟧ std/signals as signals', says: 'import * as name' },
  { code: 'RLP1009', find: 'from "std/signals"', put: 'from ⟦std/signals⟧', says: 'in quotes' },
  { code: 'RLP1007', find: 'import { exact } from "std/signals"', put: 'from std⟦.⟧signals import exact', says: 'import { name } from' },
  { code: 'RLP1007', find: 'const many = 1', put: '⟦many⟧ = 1', says: 'const many' },
  // reductions, rows and rewards
  { code: 'RLP3004', find: 'over = group', put: '⟦axis⟧ = group', says: 'over = ', mends: true },
  { code: 'RLP3004', find: 'over = group', put: '⟦dim⟧ = group', says: 'over = ', mends: true },
  { code: 'RLP3004', find: 'mean(reward, over = group)', put: '⟦mean(reward, group)⟧', says: 'over = group' },
  { code: 'RLP3012', find: 'row.answer', put: '⟦row["answer"]⟧', says: '`row.answer`', mends: true },
  { code: 'RLP2013', find: '  total =', put: '  ⟦let⟧ total =', says: 'cannot stand in a reward' },
  { code: 'RLP3011', find: 'reward answer: Reward[Row]', put: 'reward answer: Reward[{ prompt: Text, answer: Text, grade: Int }]', says: 'missing: `grade: Int`' },
  // settings of other systems
  { code: 'RLP2006', find: 'length = 5 steps\n  batch', put: '⟦num_epochs⟧ = 3\n  batch', says: '`length = 3 epochs`', mends: true },
  { code: 'RLP2006', find: 'length = 5 steps\n  batch', put: '⟦num_train_epochs⟧ = 3\n  batch', says: '`length = 3 epochs`', mends: true },
  { code: 'RLP2006', find: 'length = 5 steps\n  batch', put: '⟦max_steps⟧ = 3\n  batch', says: '`length = 3 steps`', mends: true },
  { code: 'RLP2006', find: 'length = 5 steps\n  advantage', put: '⟦num_epochs⟧ = 3\n  advantage', says: '`length = 100 steps`' },
  { code: 'RLP2006', find: 'packing = true', put: '⟦gradient_accumulation_steps⟧ = 4', says: 'whole batch of one update' },
  { code: 'RLP2006', find: 'packing = true', put: '⟦lora_r⟧ = 16', says: 'no adapters' },
  { code: 'RLP2006', find: 'packing = true', put: '⟦warmup_ratio⟧ = 0.1', says: 'cosine(' },
  { code: 'RLP2006', find: 'advantage = adv', put: 'advantage = adv\n  ⟦epsilon_high⟧ = 0.28', says: 'clip = ' },
  { code: 'RLP2006', find: 'advantage = adv', put: 'advantage = adv\n  ⟦kl_coef⟧ = 0.1', says: 'loss' },
  { code: 'RLP2006', find: 'max_new = 20 tokens }', put: '⟦max_completion_length⟧ = 20 }', says: 'max_new = 20 tokens', mends: true },
]

suite('one mistake, one message', (test) => {
  test('without a mistake there is no message', () => equal(diagnose(whole).map(words), []))

  for (const { code, find, put, says, mends } of mistakes) {
    test(`${code} ${put}`, () => {
      ok(whole.includes(find), `the spec has no place for: ${put}`)
      const { text, places } = unmarked(whole.replace(find, () => put))
      const diagnostics = diagnose(text)
      is(diagnostics.map((one) => one.code).join(' '), code, diagnostics.map(words).join('\n\n'))
      const [only] = diagnostics as [Diagnostic]
      ok(words(only).includes(says), words(only))
      const [place] = places
      if (place) is(`${only.primary.span.start}–${only.primary.span.end}`, `${place.start}–${place.end}`)
      ok(only.help !== undefined, 'says what to do')
      const mended = mends && applyFixes(only.fixes.filter(({ safe }) => safe)).texts.get(only.primary.span.file)
      if (mends) equal(diagnose(mended || '').map(words), [])
    })
  }

  test('an unknown `--set` is reported together with the mistakes of the spec, and suggests', async () => {
    const host = memoryHost({ 'main.rlp': whole.replace('packing = true', 'packing = True') }, library)
    const { diagnostics } = await checkOnly({ entry: 'main.rlp', host, parameters: [{ name: 'sead', text: '1' }] })
    is(diagnostics.map(({ code }) => code).join(' '), 'RLP2001 RLP7001')
    ok(words(diagnostics[1] as Diagnostic).includes('did you mean `seed`'))
  })
})
