// Datasets: files with their mistakes, selections, mixtures and draws, and how a plan names them.
// Fixtures in `data/` were written by other programs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DatasetPlan, Expr, Plan, Value } from '../../spec/plan/plan.js'
import type { Dataset, Row } from '../data/dataset.js'
import { draws, listed } from '../data/draws.js'
import { csv, jsonl, parquet } from '../data/files.js'
import { mixture, subset } from '../data/mixture.js'
import { openDataset, type DataContext } from '../data/open.js'
import { balanced, filtered, select } from '../data/select.js'
import { HostError } from '../host.js'
import { chains } from '../tasks/chains.js'
import { equal, is, near, ok, suite, throws, unreachable } from '../../spec/test/suite.js'

const root = fileURLToPath(new URL('data', import.meta.url))
const row = { prompt: 'Text', answer: 'Text', operations: 'Int in 1..', note: 'Text?', completion: 'Text | List[{ text: Text, train: Bool }]' }
const numbers = (count: number): Dataset => listed(Array.from({ length: count }, (_, n) => ({ n, kind: n % 10 === 0 ? 'rare' : 'common' })))
const all = (data: Dataset): Row[] => Array.from({ length: data.size }, (_, i) => data.row(i))
const first = (data: Dataset, count: number): Row[] => Array.from({ length: count }, (_, i) => data.row(i))
const of = (data: Dataset, count: number): number[] => first(data, count).map(({ n }) => n as number)
const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b)

async function problem(opening: Promise<unknown>): Promise<string> {
  try {
    await opening
  } catch (error) {
    if (error instanceof HostError) return `${error.code} ${error.message}`
    throw error
  }
  return unreachable() as never
}

/** What a reader says of a file with this content. */
async function problemOf(read: typeof jsonl, content: string | Uint8Array, types: Record<string, string> = { prompt: 'Text' }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rlpc-'))
  try {
    writeFileSync(join(folder, 'x'), content)
    return await problem(read('x', { root: folder, row: types }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const empty = { models: {}, datasets: {}, rewards: {}, curricula: {}, programs: {}, stages: [], claims: [], outputs: {}, secrets: [], parameters: [] }
const planOf = (datasets: Record<string, DatasetPlan>, more: Partial<Plan> = {}): Plan => ({ ...empty, format: 1, edition: 1, compiler: '', name: '', variant: null, datasets, ...more })
const context: DataContext = { root, stageOutput: async (stage, output) => listed([{ from: `${stage}.${output}` }]) }
const field = (name: string): Expr => ({ field: name, of: { name: 'row' } })

suite('files', (test) => {
  test('jsonl, csv and Parquet of other programs give the same rows', async () => {
    const lines = all(await jsonl('chains.jsonl', { root, row }))
    is(lines.length, 3)
    is(lines[1]?.['note'], 'says "nine", ninety\nor ½ – 九')
    equal(lines[0]?.['completion'], [{ text: '<think> 7 +3 0 -4 6 </think>', train: false }, { text: ' <answer> 6 </answer>', train: true }])
    equal(all(await parquet('chains.parquet', { root, row })), lines)
    equal(all(await parquet('chains-gzip.parquet', { root, row })), lines)
    // CSV cannot tell an empty text from none.
    equal(all(await csv('chains.csv', { root, row })), lines.map((line) => ({ ...line, note: line['note'] === '' ? null : line['note'] })))
  })

  test('without declared fields, cells are texts and all rows are accepted', async () => {
    is((await csv('chains.csv', { root })).row(0)['operations'], '2')
    is((await jsonl('chains.jsonl', { root })).row(0)['operations'], 2)
  })

  test('mistakes in JSON lines name file, line and field', async () => {
    is(await problem(jsonl('absent.jsonl', { root })), 'RLP8101 `absent.jsonl` does not exist')
    is(await problem(jsonl('.', { root })), 'RLP8101 `.` is a folder')
    is(await problemOf(jsonl, ''), 'RLP8103 `x` has no rows')
    is(await problemOf(jsonl, '\n  \n'), 'RLP8103 `x` has no rows')
    ok((await problemOf(jsonl, '{"prompt": "a"}\n\n{"prompt": "b"\n')).startsWith('RLP8102 `x` line 3 is not JSON: '))
    is(await problemOf(jsonl, '[{"prompt": "a"}]'), 'RLP8102 `x` line 1 is not an object')
    is(await problemOf(jsonl, 'null'), 'RLP8102 `x` line 1 is not an object')
    is(await problemOf(jsonl, '{"prompt": "a"}\n{"text": "a"}'), 'RLP8106 `x` line 2: `prompt` is missing')
    is(await problemOf(jsonl, '{"prompt": 5}'), 'RLP8106 `x` line 1: `prompt` is 5, not a text')
    is(await problemOf(jsonl, '{"n": 1.5}', { n: 'Int' }), 'RLP8106 `x` line 1: `n` is 1.5, not a whole number')
    is(await problemOf(jsonl, '{"c": [{"text": "a", "train": 1}]}', { c: 'Text | List[{ text: Text, train: Bool }]' }), 'RLP8106 `x` line 1: `c[0].train` is 1, not `true` or `false`')
    is(await problemOf(jsonl, '{"s": "dev"}', { s: '"train" | "test"' }), 'RLP8106 `x` line 1: `s` is "dev", not "train" or "test"')
    is(await problemOf(jsonl, Uint8Array.of(0x7b, 0x7d, 10, 0xff, 10)), 'RLP8106 `x` line 1: `prompt` is missing')
    is(await problemOf(jsonl, Uint8Array.of(10, 0xff, 10)), 'RLP8104 `x` line 2 is not UTF-8')
  })

  test('byte order marks, Windows line ends and odd separators are read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-'))
    try {
      writeFileSync(join(folder, 'x'), '\ufeff{"prompt": "a\u2028b"}\r\n{"prompt": "c"}')
      equal(all(await jsonl('x', { root: folder, row: { prompt: 'Text' } })), [{ prompt: 'a\u2028b' }, { prompt: 'c' }])
      writeFileSync(join(folder, 'x'), '\ufeffa,b\r\n"1,5","x ""y""\r\nz"\r\n\r\n,\r\n')
      equal(all(await csv('x', { root: folder })), [{ a: '1,5', b: 'x "y"\nz' }, { a: '', b: '' }])
      writeFileSync(join(folder, 'x'), 'n,ok,l\n 2 ,TRUE,"[1,2]"\n-1e3,false,[]')
      equal(all(await csv('x', { root: folder, row: { n: 'Real', ok: 'Bool', l: 'List[Int]' } })), [{ n: 2, ok: true, l: [1, 2] }, { n: -1000, ok: false, l: [] }])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('mistakes in CSV', async () => {
    is(await problemOf(csv, ''), 'RLP8103 `x` has no rows')
    is(await problemOf(csv, 'prompt\n'), 'RLP8103 `x` has no rows')
    is(await problemOf(csv, 'prompt,a\n1,2\n\n1,2,3\n'), 'RLP8102 `x` line 4 has 3 values, the header names 2')
    is(await problemOf(csv, 'prompt\n"a\nb"\nc"d\n'), 'RLP8102 `x` line 4: a quote within a value that is not quoted')
    is(await problemOf(csv, 'prompt\nb\n"a\n'), 'RLP8102 `x` line 3: a quote is not closed')
    is(await problemOf(csv, 'prompt\n"a"b\n'), 'RLP8102 `x` line 2: text follows a closing quote')
    is(await problemOf(csv, 'n\nx\n', { n: 'Int' }), 'RLP8106 `x` line 2: `n` is "x", not a whole number')
    is(await problemOf(csv, 'n\n\n,\n', { n: 'Int' }), 'RLP8102 `x` line 3 has 2 values, the header names 1')
  })

  test('Parquet that cannot be read', async () => {
    ok((await problem(parquet('chains-zstd.parquet', { root }))).startsWith('RLP8104 `chains-zstd.parquet` cannot be read'))
    ok((await problemOf(parquet, 'PAR1 no')).startsWith('RLP8104 `x` cannot be read'))
    is(await problem(parquet('chains.parquet', { root, row: { operations: 'Text' } })), 'RLP8106 `chains.parquet` row 1: `operations` is 2, not a text')
  })
})

suite('draws', (test) => {
  test('each epoch reads every row once, in another order', () => {
    const drawn = of(draws(numbers(50), 3), 150)
    const epochs = [0, 1, 2].map((epoch) => drawn.slice(50 * epoch, 50 * epoch + 50))
    for (const epoch of epochs) equal(sorted(epoch), Array.from({ length: 50 }, (_, n) => n))
    is(new Set(epochs.map(String)).size, 3)
    ok(String(of(draws(numbers(50), 4), 50)) !== String(epochs[0]))
  })

  test('a draw depends on its number alone', () => {
    const data = [draws(numbers(50), 3), balanced(numbers(50), ({ kind }) => kind as string), mixture([{ part: 0.5, data: numbers(7) }, { part: 0.5, data: numbers(9) }])]
    for (const one of data) {
      const inOrder = first(draws(one, 9), 60)
      const fresh = draws(one, 9)
      equal([59, 3, 31, 0, 58].map((i) => fresh.row(i)), [59, 3, 31, 0, 58].map((i) => inOrder[i]))
    }
  })

  test('a mixture keeps its shares, and each part reads every row before any twice', () => {
    const mixed = mixture([{ part: 0.225, data: numbers(40) }, { part: 0.775, data: listed([{ n: -1 }]) }])
    is(mixed.size, Infinity)
    const drawn = of(draws(mixed, 1), 8000)
    const fromFirst = drawn.filter((n) => n >= 0)
    near(fromFirst.length / 8000, 0.225, { atol: 0.015 })
    for (let epoch = 0; epoch < 40; epoch++) is(new Set(fromFirst.slice(epoch * 40, epoch * 40 + 40)).size, 40)
  })

  test('a mixture of mixtures, and a part of 0 %', () => {
    const inner = mixture([{ part: 0.5, data: numbers(3) }, { part: 0.5, data: listed([{ n: 100 }]) }])
    const drawn = of(mixture([{ part: 0.4, data: inner }, { part: 0, data: listed([{ n: -5 }]) }, { part: 0.6, data: listed([{ n: 200 }]) }]), 6000)
    near([0, 1, 2, 100, 200, -5].map((n) => drawn.filter((one) => one === n).length / 6000), [1 / 15, 1 / 15, 1 / 15, 0.2, 0.6, 0], { atol: 0.02 })
    throws(() => mixture([{ part: 0.5, data: inner }]), (error: unknown) => error instanceof HostError && error.code === 'RLP8105' && error.message === 'the shares of a mixture sum to 50 %')
  })

  test('a subset is without replacement, the same for the same seed', () => {
    const sample = of(subset(numbers(100), 30, 0), 30)
    is(new Set(sample).size, 30)
    equal(of(subset(numbers(100), 30, 0), 30), sample)
    ok(String(of(subset(numbers(100), 30, 1), 30)) !== String(sample))
    equal(sorted(of(subset(numbers(100), 100, 5), 100)), Array.from({ length: 100 }, (_, n) => n))
    throws(() => subset(numbers(3), 4, 0), (error: unknown) => error instanceof HostError && error.code === 'RLP8105')
    const generated = chains({ shortest: 2, longest: 2, operations: ['+'], split: 'train' })
    is(subset(generated, 5, 1).size, 5)
    equal(subset(generated, 5, 1).row(4), draws(generated, 1).row(4))
  })

  test('balance draws every class equally often, and leaves the rows alone', () => {
    const data = balanced(numbers(100), ({ kind }) => kind as string)
    is(data.size, 100)
    equal(all(data), all(numbers(100)))
    const drawn = first(draws(data, 2), 180)
    is(drawn.filter(({ kind }) => kind === 'rare').length, 90)
    is(new Set(drawn.filter(({ kind }) => kind === 'common').map(({ n }) => n)).size, 90)
    is(new Set(drawn.slice(0, 20).filter(({ kind }) => kind === 'rare').map(({ n }) => n)).size, 10)
  })
})

suite('select', (test) => {
  const above: Expr = { op: '>=', args: [field('n'), { const: { value: 6, unit: 'steps' } }] }

  test('where, then skip, then take', () => {
    equal(of(select(numbers(10), { where: above, skip: 1, take: 2 }, {}), 2), [7, 8])
    is(select(numbers(10), { take: 50 }, {}).size, 10)
    is(select(numbers(10), { skip: 4 }, {}).size, 6)
  })

  test('a row for which nothing is known is dropped; no row left is an error', () => {
    is(select(listed([{ n: 9 }, { n: null }, {}]), { where: above }, {}).size, 1)
    const emptied = (error: unknown) => error instanceof HostError && error.code === 'RLP8103'
    throws(() => select(numbers(5), { where: above }, {}), emptied)
    throws(() => select(numbers(5), { skip: 5 }, {}), emptied)
  })

  test('generators are filtered while they are read, and end with `take`', () => {
    const problems = chains({ shortest: 1, longest: 3, operations: ['+'], split: 'train' })
    const short: Expr = { op: '==', args: [field('operations'), { const: 1 }] }
    const endless = select(problems, { where: short }, {})
    is(endless.size, Infinity)
    ok(first(draws(endless, 4), 40).every(({ operations }) => operations === 1))
    const cut = select(problems, { where: short, skip: 2, take: 5, balance: field('answer') }, {})
    equal(all(cut), first(endless, 7).slice(2))
    equal(first(select(problems, { skip: 3 }, {}), 4), first(problems, 7).slice(3))
    throws(() => filtered(problems, () => false).row(0), (error: unknown) => error instanceof HostError && error.code === 'RLP8103')
    throws(() => select(problems, { balance: field('answer') }, {}), (error: unknown) => error instanceof HostError && error.code === 'RLP8105')
  })
})

suite('open', (test) => {
  const file: Value = { call: 'std/prelude.jsonl', args: { path: 'chains.jsonl' } }

  test('declared datasets, calls with quantities, rows in the spec, outputs of stages', async () => {
    const plan = planOf({
      d: { source: file, where: { op: '!=', args: [field('answer'), { const: '9' }] }, row },
      e: { source: { dataset: 'd' }, take: 1, row },
    })
    is((await openDataset(plan, { dataset: 'd' }, context)).size, 2)
    const none: Plan = { ...plan, datasets: { d: { ...(plan.datasets['d'] as Plan['datasets'][string]), where: { const: false } } }, curricula: { school: { phases: [{ name: 'hard', data: { dataset: 'd' }, where: { const: false }, least: 0, most: null }] } } } as unknown as Plan
    for (const [address, words] of [['d', 'no row of `d` is left: `where` holds for none'], ['school.hard', 'no row of `school.hard` is left: `select` holds for none']] as const) {
      const from = address === 'd' ? none : { ...none, datasets: plan.datasets }
      is(await openDataset(from, { dataset: address }, context).catch((error: Error) => error.message), words)
    }
    is((await openDataset(plan, { dataset: 'e' }, context)).size, 1)
    equal(all(await openDataset(plan, { call: 'std/prelude.subset', args: { data: { dataset: 'd' }, take: { value: 1, unit: 'samples' }, seed: 0 } }, context)).length, 1)
    equal(all(await openDataset(plan, [{ record: { prompt: 'a', at: { value: 3, unit: 'tokens' } } }], context)), [{ prompt: 'a', at: 3 }])
    equal(all(await openDataset(plan, { stage: 's["x",0]', output: 'rollouts' }, context)), [{ from: 's["x",0].rollouts' }])
  })

  test('mixtures of the tasks as the quickstart writes them', async () => {
    const plan = planOf({
      K: { source: { call: 'std/tasks/knights.puzzles', args: { operators: ['=', '#', '&', '|'], among: [], at_least: 0, people: 3, split: 'train' } }, balance: field('answer'), row: { prompt: 'Text', answer: 'Text' } },
    })
    const tables: Value = { call: 'std/tasks/knights.tables', args: { of: { dataset: 'K' }, rows: 3 } }
    const share = (part: number, data: Value): Value => ({ call: 'std/prelude.share', args: { part, data } })
    const opened = new Map<string, Promise<Dataset>>()
    const data = await openDataset(plan, { call: 'std/prelude.mixture', args: { parts: [share(0.25, { call: 'std/tasks/knights.traces', args: { of: { dataset: 'K' } } }), share(0.75, tables)] } }, { ...context, opened })
    const drawn = first(draws(data, 0), 800)
    const traced = drawn.filter(({ completion }) => typeof completion === 'string')
    near(traced.length / 800, 0.25, { atol: 0.05 })
    // Traces keep the balance of the puzzles: all eight solutions, one as often as another.
    const counts = new Map<string, number>()
    for (const { answer } of traced) counts.set(answer as string, (counts.get(answer as string) ?? 0) + 1)
    is(counts.size, 8)
    ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1)
    equal([...opened.keys()], ['K'])
  })

  test('phases of curricula are datasets', async () => {
    const plan = planOf({}, { curricula: { school: { phases: [{ name: 'basics', data: file, where: { op: '==', args: [field('answer'), { const: '9' }] }, least: 0, most: null }] } } })
    is((await openDataset(plan, { dataset: 'school.basics' }, context)).size, 1)
  })

  test('the declared fields are checked where the file is read', async () => {
    const plan = planOf({ d: { source: file, row: { ...row, answer: 'Int' } } })
    is(await problem(openDataset(plan, { dataset: 'd' }, context)), 'RLP8106 `chains.jsonl` line 1: `answer` is "6", not a whole number')
  })

  test('what is not there is an error with a code', async () => {
    is(await problem(openDataset(planOf({}), { dataset: 'd' }, context)), 'RLP8105 the plan has no dataset `d`')
    is(await problem(openDataset(planOf({}), { call: 'std/none.such', args: {} }, context)), 'RLP8108 this version has no host function `std/none.such`')
    is(await problem(openDataset(planOf({}), 5, context)), 'RLP8105 5 is not a dataset')
    is(await problem(openDataset(planOf({}), { call: 'std/tasks/knights.facts', args: { operators: ['?'], checks: 3 } }, context)), 'RLP8105 `?` is not one of `=`, `#`, `&`, `|`, `>`, `~`')
  })
})
