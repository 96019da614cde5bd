// Programs of a transformer: against Hugging Face transformers and torch, finite differences, and each other.

import { readFileSync } from 'node:fs'
import { equal, is, near, ok, suite } from '../../../spec/test/suite.js'
import { trainedWeights, withAdapter } from '../../../spec/plan/adapters.js'
import { withValueHead } from '../../../spec/plan/heads.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import { Arenas, Footprint } from '../../../runtime/executors/wasm/footprint.js'
import type { CompileValue } from '../../elaborate/value.js'
import { decodeProgram, prefillProgram, sampleProgram } from '../decoding.js'
import { applyProgram, descentProgram, gradientProgram, normProgram, scoreProgram } from '../programs.js'
import { configModel, folderModel } from '../folder.js'
import { valueGradientProgram, valueProgram } from '../value.js'
import { formula, nowhere, sizeOf, TestSession, tinyModel } from './harness.js'

interface Fixture {
  readonly tokens: number[][]
  readonly targets: number[][]
  readonly temperature: number
  readonly families: Readonly<Record<string, { config: Record<string, unknown>; names: string[]; logp: number[]; entropy: number[]; logits: number[]; gradients: Record<string, [number, number, number]> }>>
  readonly critic: { names: string[]; value: number[]; gradients: Record<string, [number, number, number]> }
  readonly adamw: { lr: number; beta1: number; beta2: number; eps: number; decay: number; clip: number; steps: { norm: number; w: number[]; s: number[] }[] }
  readonly sgd: { lr: number; momentum: number; decay: number; clip: number; steps: { norm: number; w: number[]; s: number[] }[] }
}
const fixture = JSON.parse(readFileSync(new URL('../../test/data/transformers.json', import.meta.url), 'utf8')) as Fixture

const [B, T] = [2, 5]
const positions = [...Array(B * T).keys()].map((i) => i % T)
const rows = { tokens: [1, 5, 2, 4, 3, 6, 6, 0, 4, 2], targets: [5, 2, 4, 3, 6, 6, 0, 4, 2, 1], positions, temperature: [0.8] }
const dlogp = positions.map((_, i) => Math.cos(1 + i))
const dentropy = positions.map((_, i) => Math.sin(2 + i))
const plain = { packed: false }

const norm = (values: readonly number[]): number => Math.hypot(...values)
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const gradientsOf = (model: ModelPlan, session: TestSession): number[] => model.weights.flatMap(({ name }) => session.read(`g/${name}`))

suite('models of Hugging Face families', (test) => {
  for (const [family, values] of Object.entries(fixture.families)) {
    const { model, diagnostics } = configModel(values.config, 'folder', nowhere)
    const given = { tokens: fixture.tokens.flat(), targets: fixture.targets.flat(), positions, temperature: [fixture.temperature] }

    test(`${family}: weights have the names and log-probabilities, logits and gradients the values of transformers`, async () => {
      equal(diagnostics.map(({ title }) => title), [])
      const plan = model as ModelPlan
      equal(plan.weights.map(({ name }) => name).sort(), [...values.names].sort())
      const session = await TestSession.open(plan)
      const scores = await session.run(scoreProgram(plan, plain), { B, T }, given)
      // transformers computes norms and rotations in float32.
      near(scores['logp'] as number[], values.logp, { rtol: 0, atol: 2e-5, what: 'logp' })
      near(scores['entropy'] as number[], values.entropy, { rtol: 0, atol: 2e-5, what: 'entropy' })

      await session.run(gradientProgram(plan, { ...plain, entropy: true }), { B, T }, { ...given, dlogp, dentropy })
      for (const [name, [total, length, last]] of Object.entries(values.gradients)) {
        const grad = session.read(`g/${name}`)
        near([sum(grad), norm(grad), grad.at(-1) as number], [total, length, last], { rtol: 1e-4, atol: 1e-4, what: `gradient of ${name}` })
      }

      const { logits } = await session.run(prefillProgram(plan), { B, P: T, S: 8 }, { tokens: given.tokens, positions, last: [T - 1, T - 1] })
      near(logits as number[], values.logits, { rtol: 0, atol: 2e-5, what: 'logits' })
    })
  }
})

suite('critics', (test) => {
  test('one number at every token, as transformers computes it, and its gradient', async () => {
    const policy = configModel((fixture.families['llama'] as Fixture['families'][string]).config, 'folder', nowhere).model as ModelPlan
    const model = withValueHead(policy)
    const { names, value, gradients } = fixture.critic
    equal(model.weights.map(({ name }) => name).sort(), [...names].sort())
    const session = await TestSession.open(model)
    const given = { tokens: fixture.tokens.flat(), positions }
    near((await session.run(valueProgram(model), { B, T }, given))['value'] as number[], value, { rtol: 0, atol: 2e-5 })
    near((await session.run(valueGradientProgram(model), { B, T }, { ...given, dvalue: dlogp }))['value'] as number[], value, { rtol: 0, atol: 2e-5 })
    for (const [name, [total, length, last]] of Object.entries(gradients)) {
      const grad = session.read(`g/${name}`)
      near([sum(grad), norm(grad), grad.at(-1) as number], [total, length, last], { rtol: 1e-4, atol: 1e-4, what: `gradient of ${name}` })
    }
  })
})

suite('learned positions', (test) => {
  for (const count of [3, 16]) {
    test(`${count} equal vectors are added to the first ${count} tokens and to no other`, async () => {
      const [plan, bare] = [tinyModel({ learned_positions: count }), tinyModel()]
      is(plan.config['model_type'], 'llama_learned_positions')
      const [table, embedding] = ['model.embed_positions.weight', 'model.embed_tokens.weight']
      const [session, other] = [await TestSession.open(plan), await TestSession.open(bare)]
      const vector = formula('shift', 8)
      session.session.write(`w/${table}`, Float64Array.from(Array(count).fill(vector).flat()))
      // Without the table, with the vector in the embeddings, every position is shifted. Attention is causal: early positions see only early ones.
      const words = other.read(`w/${embedding}`)
      const scores = async (at: TestSession, model: ModelPlan) => (await at.run(scoreProgram(model, plain), { B, T }, rows))['logp'] as number[]
      const shifted = await scores(session, plan)
      other.session.write(`w/${embedding}`, Float64Array.from(words, (x, i) => x + (vector[i % 8] as number)))
      const everywhere = await scores(other, bare)
      const early = positions.flatMap((position, i) => (position < count ? [i] : []))
      near(early.map((i) => shifted[i] as number), early.map((i) => everywhere[i] as number), { rtol: 0, atol: 1e-9 })
      if (count < T) ok(positions.every((position, i) => position < count || Math.abs((shifted[i] as number) - (everywhere[i] as number)) > 1e-6))
    })
  }
})

suite('recomputed layers', (test) => {
  const kept = tinyModel({ layers: 3, tied: true, learned_positions: 4 })
  const again: ModelPlan = { ...kept, config: { ...kept.config, gradient_checkpointing: true } }

  test('the gradient is the same, of all weights and of an adapter alone', async () => {
    for (const adapt of [(model: ModelPlan) => ({ model }), (model: ModelPlan) => withAdapter(model, { rank: 2, targets: ['v_proj', 'model.layers.1.mlp.up_proj'] })]) {
      const found: number[][] = []
      for (const plan of [kept, again]) {
        const adapted = adapt(plan)
        if (!('model' in adapted)) throw new Error('no adapter')
        const session = await TestSession.open(adapted.model)
        await session.run(gradientProgram(adapted.model, { packed: false, entropy: true }), { B, T }, { ...rows, dlogp, dentropy })
        found.push(gradientsOf({ ...adapted.model, weights: trainedWeights(adapted.model) }, session))
      }
      near(found[1] as number[], found[0] as number[], { rtol: 1e-12, atol: 1e-14 })
      ok(norm(found[0] as number[]) > 0.1)
    }
  })

  test('memory is that of one layer', () => {
    const deep = tinyModel({ layers: 12, width: 32, context: 256 })
    const arena = (config: ModelPlan['config']): number => {
      const session = new Footprint(new Arenas())
      for (const { name, shape } of deep.weights) for (const kind of ['w', 'g']) session.declare(`${kind}/${name}`, shape)
      session.load(gradientProgram({ ...deep, config }, { packed: false, entropy: false }), { B: 4, T: 128 })
      return session.arenaBytes
    }
    const [all, one] = [arena(deep.config), arena({ ...deep.config, gradient_checkpointing: true })]
    ok(one < all / 3, `${one} of ${all} bytes`)
  })
})

suite('training programs', (test) => {
  for (const [what, attributes] of [['grouped-query attention', {}], ['tied embeddings', { tied: true, kv_heads: 2, layers: 1 }], ['learned positions', { learned_positions: 16 }], ['learned positions of a prompt', { learned_positions: 3 }]] as const) {
    test(`gradient equals finite differences of score: ${what}`, async () => {
      const model = tinyModel(attributes)
      const [session, score] = [await TestSession.open(model), scoreProgram(model, plain)]
      await session.run(gradientProgram(model, { ...plain, entropy: true }), { B, T }, { ...rows, dlogp, dentropy })
      const objective = async (): Promise<number> => {
        const { logp, entropy } = (await session.run(score, { B, T }, rows)) as { logp: number[]; entropy: number[] }
        return sum(logp.map((x, i) => x * (dlogp[i] as number))) + sum(entropy.map((x, i) => x * (dentropy[i] as number)))
      }
      const h = 1e-5
      for (const { name, shape } of model.weights) {
        const [w, g] = [session.read(`w/${name}`), session.read(`g/${name}`)]
        const index = (7 * name.length) % sizeOf(shape)
        const moved = async (by: number): Promise<number> => {
          session.session.write(`w/${name}`, w.with(index, (w[index] as number) + by))
          return objective()
        }
        const difference = ((await moved(h)) - (await moved(-h))) / (2 * h)
        session.session.write(`w/${name}`, w)
        near(g[index] as number, difference, { rtol: 1e-5, atol: 1e-8, what: name })
      }
    })
  }

  test('gradients of micro-batches add up to that of the batch', async () => {
    const model = tinyModel()
    const graph = gradientProgram(model, { ...plain, entropy: false })
    const [whole, parts] = [await TestSession.open(model), await TestSession.open(model)]
    await whole.run(graph, { B, T }, { ...rows, dlogp })
    for (let row = 0; row < B; row++) {
      const part = (values: readonly number[]): number[] => values.slice(row * T, (row + 1) * T)
      await parts.run(graph, { B: 1, T }, { tokens: part(rows.tokens), targets: part(rows.targets), positions: part(positions), temperature: rows.temperature, dlogp: part(dlogp) })
    }
    near(gradientsOf(model, parts), gradientsOf(model, whole), { rtol: 1e-10, atol: 1e-12 })
    near((await whole.run(normProgram(model), {}, {}))['norm'] as number[], [norm(gradientsOf(model, whole))], { rtol: 1e-12 })
  })

  test('a packed row scores each sample as if it were alone', async () => {
    const model = tinyModel()
    const session = await TestSession.open(model)
    const score = scoreProgram(model, plain)
    const of = (from: number, to: number) => ({ tokens: rows.tokens.slice(from, to), targets: rows.targets.slice(from, to), positions: [...Array(to - from).keys()], temperature: [1] })
    const alone = [await session.run(score, { B: 1, T: 4 }, of(0, 4)), await session.run(score, { B: 1, T: 6 }, of(4, 10))]
    const packed = await session.run(scoreProgram(model, { packed: true }), { B: 1, T: 10 }, {
      ...of(0, 10),
      positions: [0, 1, 2, 3, 0, 1, 2, 3, 4, 5],
      segments: [1, 1, 1, 1, 2, 2, 2, 2, 2, 2],
    })
    near(packed['logp'] as number[], alone.flatMap((each) => each['logp'] as number[]), { rtol: 1e-12 })
  })

  test('what follows a row does not change it', async () => {
    const model = tinyModel()
    const session = await TestSession.open(model)
    const score = scoreProgram(model, plain)
    const full = (await session.run(score, { B, T }, rows))['logp'] as number[]
    const cut = { tokens: [1, 5, 2, 0, 0], targets: [5, 2, 4, 0, 0], positions: [0, 1, 2, 3, 4], temperature: rows.temperature }
    near(((await session.run(score, { B: 1, T }, cut))['logp'] as number[]).slice(0, 3), full.slice(0, 3), { rtol: 1e-12 })
  })

  for (const [name, { lr, clip, decay, steps }] of Object.entries({ AdamW: fixture.adamw, SGD: fixture.sgd })) {
    test(`apply is torch.optim.${name}, with clipping, and leaves zero gradients`, async () => {
      const { beta1, beta2, eps } = fixture.adamw
      const model: ModelPlan = {
        ...tinyModel(),
        weights: [
          { name: 'matrix', shape: [2, 3], init: 'normal', std: 1, decay: true },
          { name: 'final_norm.weight', shape: [3], init: 'ones', std: 0, decay: false },
        ],
      }
      const session = await TestSession.open(model)
      const apply = name === 'SGD' ? descentProgram(model, { momentum: fixture.sgd.momentum, decay }) : applyProgram(model, { beta1, beta2, eps, decay })
      const normed = normProgram(model)
      await session.run(normed, {}, {})
      for (const [index, expected] of steps.entries()) {
        session.session.write('g/matrix', formula(`gradient ${index}`, 6))
        session.session.write('g/final_norm.weight', formula(`slope ${index}`, 3))
        const total = ((await session.run(normed, {}, {}))['norm'] as number[])[0] as number
        near(total, expected.norm, { rtol: 1e-12, what: 'norm' })
        const step = { lr: [lr / (index + 1)], clip_scale: [Math.min(1, clip / (total + 1e-6))] }
        await session.run(apply, {}, name === 'SGD' ? step : { ...step, bias1: [1 - beta1 ** (index + 1)], bias2: [1 - beta2 ** (index + 1)] })
        near(session.read('w/matrix'), expected.w, { rtol: 1e-12, what: `matrix after step ${index}` })
        near(session.read('w/final_norm.weight'), expected.s, { rtol: 1e-12, what: `norm after step ${index}` })
        ok(gradientsOf(model, session).every((g) => g === 0))
      }
    })
  }
})

suite('rollout programs', (test) => {
  test('prefill and decode give the log-probabilities of score, prompts of unequal length', async () => {
    const model = tinyModel()
    const session = await TestSession.open(model)
    const vocabulary = model.config['vocab_size'] as number
    const score = (await session.run(scoreProgram(model, plain), { B, T }, { ...rows, temperature: [1] }))['logp'] as number[]
    const [S, P, prompts] = [8, 3, [3, 1]]
    const logp = (logits: readonly number[], row: number, token: number): number => {
      const own = logits.slice(row * vocabulary, (row + 1) * vocabulary)
      return (own[token] as number) - Math.log(sum(own.map(Math.exp)))
    }
    const tokens = prompts.flatMap((length, row) => Array.from({ length: P }, (_, t) => (t < length ? (rows.tokens[row * T + t] as number) : 0)))
    let { logits } = (await session.run(prefillProgram(model), { B, P, S }, { tokens, positions: [0, 1, 2, 0, 1, 2], last: prompts.map((length) => length - 1) })) as { logits: number[] }
    const at = [...prompts]
    const decode = decodeProgram(model)
    while (at.every((position) => position < T)) {
      at.forEach((position, row) => {
        const before = row * T + position - 1
        near(logp(logits, row, rows.targets[before] as number), score[before] as number, { rtol: 1e-10, what: `row ${row}, position ${position - 1}` })
      })
      const next = at.map((position, row) => rows.tokens[row * T + position] as number)
      logits = ((await session.run(decode, { B, S }, { tokens: next, positions: at })) as { logits: number[] }).logits
      at.forEach((position, row) => (at[row] = position + 1))
    }
  })

  test('a draw depends on key, row and position, not on its place in the batch', async () => {
    const model = tinyModel()
    const session = await TestSession.open(model)
    const graph = sampleProgram(model, { topK: 0, topP: 1, greedy: false })
    const vocabulary = model.config['vocab_size'] as number
    const row = (seed: number): number[] => Array.from({ length: vocabulary }, (_, i) => Math.sin(seed + i))
    const draw = (ids: number[], key1: number) => session.run(graph, { B: ids.length }, { logits: ids.flatMap(row), temperature: [1.3], key0: [12], key1: [key1], row: ids, position: [3] })
    const [one, other, again] = [await draw([4, 9, 2], 7), await draw([2, 4], 7), await draw([4, 9, 2], 7)]
    equal(one, again)
    equal([one['token']?.[2], one['token']?.[0]], other['token'])
    const tokens = new Set<number>()
    for (let key = 0; key < 40; key++) tokens.add((await draw([4], key))['token']?.[0] as number)
    ok(tokens.size > 3)
  })

  test('greedy sampling needs only the logits', async () => {
    const model = tinyModel()
    const session = await TestSession.open(model)
    const { token, logp } = await session.run(sampleProgram(model, { topK: 0, topP: 1, greedy: true }), { B: 1 }, { logits: [0, 1, 3, 2, -1, 0, 0] })
    equal(token, [2])
    near(logp as number[], [3 - Math.log(sum([0, 1, 3, 2, -1, 0, 0].map(Math.exp)))])
  })
})

suite('model plans', (test) => {
  test('norms and biases do not decay; a tied model has no head of its own', () => {
    const { model } = configModel((fixture.families['qwen2'] as Fixture['families'][string]).config, 'folder', nowhere)
    const plan = model as ModelPlan
    is(plan.weights.some(({ name }) => name === 'lm_head.weight'), false)
    for (const { name, decay, shape } of plan.weights) is(decay, shape.length === 2, name)
  })

  test('configs that cannot be computed are refused with a reason', () => {
    const base = (fixture.families['llama'] as Fixture['families'][string]).config
    const faults = (changes: Record<string, unknown>): string =>
      configModel({ ...base, ...changes }, 'folder', nowhere).diagnostics.map(({ code, primary }) => `${code} ${primary.text}`).join('\n')
    const refused: readonly (readonly [Record<string, unknown>, string])[] = [
      [{ model_type: 'mixtral' }, '"mixtral" is not one of'],
      [{ num_key_value_heads: 3 }, 'evenly'],
      [{ head_dim: 5 }, 'even'],
      [{ hidden_act: 'gelu' }, '"gelu"'],
      [{ rope_parameters: { rope_type: 'longrope', rope_theta: 5e5 } }, '"longrope"'],
      [{ rope_parameters: { rope_type: 'linear' } }, 'no `factor`'],
      [{ rope_scaling: { type: 'linear', factor: '2' }, rope_parameters: undefined }, 'not a positive number'],
      [{ partial_rotary_factor: 0.5 }, '0.5 of each head'],
      [{ use_sliding_window: true }, '"sliding_attention"'],
      [{ layer_types: ['full_attention', 'chunked_attention'] }, '"chunked_attention"'],
      [{ quantization_config: { quant_method: 'gptq', bits: 4 } }, 'quantised (gptq)'],
      [{ num_local_experts: 8 }, '8 experts'],
      [{ vocab_size: undefined }, 'vocab_size'],
    ]
    for (const [changes, part] of refused) ok(faults(changes).startsWith('RLP5110') && faults(changes).includes(part), `${JSON.stringify(changes)}: ${faults(changes)}`)
    is(faults({ use_sliding_window: true, layer_types: ['full_attention', 'full_attention'] }), '')
    is(faults({}), '')
  })

  test('the old spelling of a rotary scaling means the same', () => {
    const { config } = fixture.families['llama, llama3'] as Fixture['families'][string]
    const { rope_theta, rope_type, ...settings } = config['rope_parameters'] as Record<string, unknown>
    const old = configModel({ ...config, rope_parameters: undefined, rope_theta, rope_scaling: { type: rope_type, ...settings } }, 'folder', nowhere).model as ModelPlan
    equal(scoreProgram(old, plain), scoreProgram(configModel(config, 'folder', nowhere).model as ModelPlan, plain))
  })

  test('of a folder: where texts end, and a shorter context', () => {
    const { config } = fixture.families['qwen3, yarn'] as Fixture['families'][string]
    const { original_max_position_embeddings: _, ...rope } = config['rope_parameters'] as Record<string, unknown>
    const files: Record<string, string> = {
      'models/q/config.json': JSON.stringify({ ...config, eos_token_id: 2, torch_dtype: 'bfloat16', rope_parameters: rope }),
      'models/q/generation_config.json': JSON.stringify({ eos_token_id: [2, 5] }),
    }
    const open = (attributes: Record<string, CompileValue>): ModelPlan => folderModel(new Map(Object.entries({ path: { type: 'text', value: 'models/q/' } as const, ...attributes })), nowhere, (path) => files[path]).model as ModelPlan
    const whole = open({})
    equal([whole.source, whole.config['eos_token_id'], whole.config['torch_dtype']], [{ folder: 'models/q' }, [2, 5], undefined])
    const short = open({ context: { type: 'number', value: 8, unit: 'tokens' } })
    is(short.config['max_position_embeddings'], 8)
    equal(scoreProgram(short, plain), scoreProgram(whole, plain))
  })
})
