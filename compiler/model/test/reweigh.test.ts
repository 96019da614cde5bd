// Attention changed by roles: the same as with longer keys said by a walk token by token, decoding against scores, packed rows against each text alone.
// (transformers computes the same numbers: `runtime/test/reweigh-attention.test.ts`.)

import { equal, is, near, ok, suite } from '../../../spec/test/suite.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import { withReweighedAttention, type AttentionPlan } from '../../../spec/plan/reweighed.js'
import { reference } from '../../../runtime/executors/reference/reference.js'
import { GraphBuilder } from '../../graph/builder.js'
import { decodeProgram, prefillProgram } from '../decoding.js'
import { scoreProgram } from '../programs.js'
import { reweighedRows } from '../reweigh.js'
import { TestSession, tinyModel } from './harness.js'

const [OPEN, CLOSE, SYS, END] = [3, 4, 5, 6] as const
const attention: AttentionPlan = { roles: [{ open: OPEN, close: CLOSE, factor: 1.5 }, { open: SYS, close: END, factor: 0.25 }] }
const plain = tinyModel({ context: 32 })
const changed: ModelPlan = { ...plain, attention }

const text = (count: number, seed: number): number[] => [1, ...Array.from({ length: count - 1 }, (_, i) => [OPEN, CLOSE, SYS, END, 0, 2, 0][Math.abs(Math.floor(Math.sin(seed * 31 + i * 7.3) * 1e4)) % 7] as number)]

/** The factor of each token's key, one token after the other. */
function walked(tokens: readonly number[]): number[] {
  const inside = attention.roles.map(() => false)
  return tokens.map((token) =>
    attention.roles.reduce((product, { open, close, factor }, role) => {
      const here = inside[role] || token === open
      inside[role] = here && token !== close
      return here ? product * factor : product
    }, 1),
  )
}

async function scores(model: ModelPlan, tokens: readonly number[], extra: Readonly<Record<string, readonly number[]>> = {}): Promise<number[]> {
  const session = await TestSession.open(model)
  const T = tokens.length
  const rows = { tokens, targets: tokens.map((_, i) => tokens[(i + 1) % T] as number), positions: [...tokens.keys()], temperature: [1], ...extra }
  return (await session.run(scoreProgram(model, { packed: 'segments' in extra }), { B: 1, T }, rows))['logp'] as number[]
}

suite('reweighed attention', (test) => {
  test('keys are multiplied in every role that a walk token by token finds', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const tokens = text(16, seed)
      const b = new GraphBuilder('factors')
      const T = tokens.length
      const { keys } = reweighedRows(b, attention, b.input('tokens', 'i32', [1, T]), b.input('index', 'i32', [1, T]))
      b.fetch('keys', keys(0, b.full(1, [1, T, 1, 1], 'f32')))
      const found = await (await reference.open()).load(b.build(), {}).run({ tokens: Float64Array.from(tokens), index: Float64Array.from(tokens.keys()) })
      equal([...(found['keys'] as Float64Array)], walked(tokens), tokens.join(' '))
    }
  })

  test('texts without roles, and layers that are not changed, are as before', async () => {
    near(await scores(changed, [1, 0, 2, 0]), await scores(plain, [1, 0, 2, 0]), { rtol: 1e-12 })
    const tokens = [1, OPEN, 0, 2, CLOSE, 0, 2]
    near(await scores({ ...plain, attention: { ...attention, layers: [2, 5] } }, tokens), await scores(plain, tokens), { rtol: 1e-12 })
    const [all, one] = [await scores(changed, tokens), await scores({ ...plain, attention: { ...attention, layers: [0, 0] } }, tokens)]
    ok(Math.abs((all[5] as number) - (one[5] as number)) > 1e-4, 'both layers change something')
  })

  test('texts in a packed row do not change each other', async () => {
    const [one, two] = [[1, OPEN, 0, 2], [1, 0, CLOSE, 2, SYS, 0]]
    const packed = await scores(changed, [...one, ...two], { segments: [...one.map(() => 0), ...two.map(() => 1)], positions: [...one.keys(), ...two.keys()] })
    near(packed.slice(0, one.length - 1), (await scores(changed, one)).slice(0, -1), { rtol: 1e-10 })
    near(packed.slice(one.length, -1), (await scores(changed, two)).slice(0, -1), { rtol: 1e-10 })
  })

  test('prompts and decoded tokens give the log-probabilities of scores', async () => {
    const [T, S, P] = [14, 16, 8]
    const vocabulary = changed.config['vocab_size'] as number
    const texts = [1, 4, 9].map((seed) => text(T, seed))
    const expected = await Promise.all(texts.map((tokens) => scores(changed, tokens)))
    const prompts = [8, 2, 5]
    const session = await TestSession.open(changed)
    const fed = texts.flatMap((tokens, row) => Array.from({ length: P }, (_, t) => (t < (prompts[row] as number) ? (tokens[t] as number) : 0)))
    let { logits } = (await session.run(prefillProgram(changed), { B: 3, P, S }, { tokens: fed, positions: fed.map((_, i) => i % P), last: prompts.map((length) => length - 1) })) as { logits: number[] }
    const at = [...prompts]
    for (let turn = 0; turn < T - P; turn++) {
      texts.forEach((tokens, row) => {
        const own = logits.slice(row * vocabulary, (row + 1) * vocabulary)
        const place = at[row] as number
        near((own[tokens[place] as number] as number) - Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)), expected[row]?.[place - 1] as number, { rtol: 1e-9, what: `row ${row}, token ${place}` })
      })
      logits = ((await session.run(decodeProgram(changed), { B: 3, S }, { tokens: texts.map((tokens, row) => tokens[at[row] as number] as number), positions: at })) as { logits: number[] }).logits
      at.forEach((place, row) => (at[row] = place + 1))
    }
  })

  test('tags are words of the vocabulary, roles that do not change need none, and one model is made for them', () => {
    const roles = { record: { image: ['<a>', '</a>'], system: null } }
    const model: ModelPlan = { ...plain, tokenizer: { kind: 'words', vocabulary: ['<a>', '</a>'] } }
    const asked = { image: 0.1, system: 0, layers: null, roles }
    const made = withReweighedAttention(model, asked)
    equal('model' in made && made.model.attention, { roles: [{ open: 0, close: 1, factor: 1.1 }] })
    is(withReweighedAttention(model, asked), made)
    const limited = withReweighedAttention(model, { ...asked, layers: { low: 1, high: null } })
    equal('model' in limited && limited.model.attention?.layers, [1, 2])
    for (const [of, given, fault] of [
      [model, { ...asked, system: 0.1 }, 'nothing says which tokens are `system`'],
      [{ ...model, tokenizer: { kind: 'words', vocabulary: ['<a>'] } }, asked, '`</a>` is no token'],
      [{ ...model, tokenizer: null }, asked, 'lies in its folder'],
      [{ ...model, architecture: 'mlp' }, asked, '`mlp`'],
      [{ ...model, attention }, asked, 'changed already'],
    ] as const) {
      const found = withReweighedAttention(of as ModelPlan, given)
      ok('fault' in found && found.fault.includes(fault), JSON.stringify(found))
    }
  })
})
