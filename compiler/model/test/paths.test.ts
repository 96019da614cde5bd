// Paths kept apart: places and positions against a walk token by token, scores of a path against a text that has only this path,
// packed rows against each text alone, and decoding against scores.

import { reference } from '../../../runtime/executors/reference/reference.js'
import { equal, is, near, suite } from '../../../spec/test/suite.js'
import { withIsolatedPaths, type PathsPlan } from '../../../spec/plan/paths.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import { GraphBuilder } from '../../graph/builder.js'
import { decodeProgram, prefillProgram } from '../decoding.js'
import { pathRows, visibleInRows } from '../paths.js'
import { scoreProgram } from '../programs.js'
import { TestSession, tinyModel } from './harness.js'

const [OPEN, CLOSE, PATH, A, B, END] = [3, 4, 5, 6, 0, 2] as const
const paths: PathsPlan = { open: OPEN, close: CLOSE, path: PATH, end: END }
const apart: ModelPlan = { ...tinyModel({ context: 32 }), paths }
const together = tinyModel({ context: 32 })

interface Walked {
  readonly positions: number[]
  /** For each token the tokens that it sees. */
  readonly sees: number[][]
}

/** The meaning, one token after the other. */
function walked(tokens: readonly number[]): Walked {
  const positions: number[] = []
  const places: { block: number; lane: number; done: boolean }[] = []
  let [inside, done, block, lane, start] = [false, false, 0, 0, 0]
  tokens.forEach((token, i) => {
    if (token === OPEN || token === CLOSE) {
      inside = token === OPEN
      if (inside) block++
      lane = 0
    } else if (token === PATH && inside) lane++
    done = lane > 0 && token !== PATH && (done || token === END)
    const furthest = Math.max(-1, ...positions)
    const first = token === PATH && inside
    if (first && lane === 1) start = furthest + 1
    positions.push(first ? start : lane > 0 ? (positions[i - 1] as number) + 1 : furthest + 1)
    places.push({ block, lane, done })
  })
  const apart = (i: number, j: number): boolean => {
    const [p, q] = [places[i], places[j]] as [(typeof places)[number], (typeof places)[number]]
    return !p.done && p.lane > 0 && q.lane > 0 && p.block === q.block && p.lane !== q.lane
  }
  return { positions, sees: tokens.map((_, i) => tokens.flatMap((_, j) => (j <= i && !apart(i, j) ? [j] : []))) }
}

/** The same from the graph, of one row; of several texts in one row when `index` begins again. */
async function computed(tokens: readonly number[], index: readonly number[] = [...tokens.keys()]): Promise<Walked> {
  const b = new GraphBuilder('places')
  const T = tokens.length
  const rows = pathRows(b, paths, b.input('tokens', 'i32', [1, T]), b.input('index', 'i32', [1, T]))
  b.fetch('positions', rows.positions)
  b.fetch('visible', b.cast(visibleInRows(b, rows, undefined), 'f32'))
  const session = await reference.open()
  const found = await session.load(b.build(), {}).run({ tokens: Float64Array.from(tokens), index: Float64Array.from(index) })
  const visible = found['visible'] as Float64Array
  return { positions: [...(found['positions'] as Float64Array)], sees: tokens.map((_, i) => tokens.flatMap((_, j) => (visible[i * T + j] === 1 ? [j] : []))) }
}

const text = (count: number, seed: number): number[] => Array.from({ length: count }, (_, i) => [OPEN, CLOSE, PATH, PATH, A, B, END, END][Math.abs(Math.floor(Math.sin(seed * 31 + i * 7.3) * 1e4)) % 8] as number)

async function scores(model: ModelPlan, tokens: readonly number[], extra: Readonly<Record<string, readonly number[]>> = {}): Promise<number[]> {
  const session = await TestSession.open(model)
  const T = tokens.length
  const rows = { tokens, targets: tokens.map((_, i) => tokens[(i + 1) % T] as number), positions: [...tokens.keys()], temperature: [1], ...extra }
  return (await session.run(scoreProgram(model, { packed: 'segments' in extra }), { B: 1, T }, rows))['logp'] as number[]
}

suite('paths', (test) => {
  test('two paths begin at one position, and the summary goes on behind the longer', async () => {
    const tokens = [1, A, OPEN, PATH, A, B, END, PATH, A, END, CLOSE, A]
    const { positions, sees } = await computed(tokens)
    equal(positions, [0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 7, 8])
    equal(sees[8], [0, 1, 2, 7, 8])
    equal(sees[9], [...tokens.slice(0, 10).keys()], 'the closing tag sees all paths')
    equal(sees[11], [...tokens.keys()])
  })

  test('any text, well formed or not, is as a walk token by token says', async () => {
    for (let seed = 0; seed < 25; seed++) {
      const tokens = text(18, seed)
      const [found, expected] = [await computed(tokens), walked(tokens)]
      equal(found, expected, `${tokens.join(' ')}`)
    }
  })

  test('a path scores as if the others were not there', async () => {
    const [before, first, second] = [[1, A, OPEN], [PATH, A, B, B], [PATH, B, 1]]
    const both = await scores(apart, [...before, ...first, ...second, CLOSE, A])
    const alone = await scores(together, [...before, ...second, CLOSE, A])
    near(both.slice(7, 9), alone.slice(3, 5), { rtol: 1e-10, what: 'the second path' })
    near(both.slice(0, 6), (await scores(together, [...before, ...first, ...second, CLOSE, A])).slice(0, 6), { rtol: 1e-10, what: 'the first path' })
  })

  test('texts in a packed row do not change each other', async () => {
    const [one, two] = [[1, OPEN, PATH, A, PATH, B, END], [1, PATH, OPEN, PATH, A, A, END, PATH, B, CLOSE, A]]
    const packed = await scores(apart, [...one, ...two], { segments: [...one.map(() => 0), ...two.map(() => 1)], positions: [...one.keys(), ...two.keys()] })
    near(packed.slice(0, one.length - 1), (await scores(apart, one)).slice(0, -1), { rtol: 1e-10, what: 'the first text' })
    near(packed.slice(one.length, -1), (await scores(apart, two)).slice(0, -1), { rtol: 1e-10, what: 'the second text' })
  })

  test('prompts and decoded tokens give the log-probabilities of scores', async () => {
    const [T, S] = [16, 20]
    const vocabulary = apart.config['vocab_size'] as number
    const texts = [[1, A, OPEN, PATH, A, END, PATH, A, END, CLOSE, OPEN, PATH, B, END, PATH, A], text(T, 3), text(T, 8), text(T, 11)]
    const expected = await Promise.all(texts.map((tokens) => scores(apart, tokens)))
    const prompts = [7, 1, 5, 11]
    const P = Math.max(...prompts)
    const session = await TestSession.open(apart)
    const fed = texts.flatMap((tokens, row) => Array.from({ length: P }, (_, t) => (t < (prompts[row] as number) ? (tokens[t] as number) : 0)))
    let { logits } = (await session.run(prefillProgram(apart), { B: 4, P, S }, { tokens: fed, positions: fed.map((_, i) => i % P), last: prompts.map((length) => length - 1) })) as { logits: number[] }
    const at = [...prompts]
    for (let turn = 0; turn < T - P; turn++) {
      texts.forEach((tokens, row) => {
        const own = logits.slice(row * vocabulary, (row + 1) * vocabulary)
        const place = at[row] as number
        near((own[tokens[place] as number] as number) - Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)), expected[row]?.[place - 1] as number, { rtol: 1e-9, what: `row ${row}, token ${place}` })
      })
      logits = ((await session.run(decodeProgram(apart), { B: 4, S }, { tokens: texts.map((tokens, row) => tokens[at[row] as number] as number), positions: at })) as { logits: number[] }).logits
      at.forEach((place, row) => (at[row] = place + 1))
    }
  })

  test('tags are words of the vocabulary, the block and its paths have different ones, and one model is made for them', () => {
    const named = { block: 'a', path: 'b' }
    const words = (vocabulary: readonly string[]): ModelPlan => ({ ...together, tokenizer: { kind: 'words', vocabulary } })
    const model = words(['<a>', '</a>', '<b>', '</b>'])
    const made = withIsolatedPaths(model, named)
    equal('model' in made && made.model.paths, { open: 0, close: 1, path: 2, end: 3 })
    is(withIsolatedPaths(model, named), made)
    for (const [of, tags, fault] of [
      [words(['<a>', '<b>', '</b>']), named, '`</a>` is no token'],
      [model, { block: 'a', path: 'a' }, 'cannot both'],
      [{ ...model, tokenizer: null }, named, 'lies in its folder'],
      [{ ...model, architecture: 'mlp' }, named, '`mlp`'],
    ] as const) {
      const found = withIsolatedPaths(of, tags)
      is('fault' in found && found.fault.includes(fault), true, fault)
    }
  })
})
