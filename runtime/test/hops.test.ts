// Following links against a walk of our own over the prompt, and what is promised about sizes, the split and missing links.
// Nothing is trained here.

import type { Dataset } from '../data/dataset.js'
import { hops, solved, SYMBOLS, table, type HopOptions } from '../tasks/hops.js'
import { HostError } from '../host.js'
import { equal, is, ok, suite, throws } from '../../spec/test/suite.js'

type Question = { prompt: string; answer: string; path: string; links: number; hops: number; table: string; completion: string }
const options: HopOptions = { links: [3, 8], hops: [1, 3], missing: false, split: 'train' }
const rows = (data: Dataset, count = 500) => Array.from({ length: count }, (_, i) => data.row(i) as Question)

/** Where the question of a prompt ends; `undefined` where a link is not there. */
function walk(prompt: string, more = ''): string | undefined {
  const links = new Map([...`${prompt} ${more}`.matchAll(/([a-t]): ([a-t])/g)].map(([, from, to]) => [from as string, to as string]))
  const [, times, from] = /\? #(\d) ([a-t])$/.exec(prompt) ?? []
  let at = from
  for (let i = 0; i < Number(times); i++) at = at === undefined ? undefined : links.get(at)
  return at
}

suite('hops', (test) => {
  test('answers are where the links lead, and keys occur once', () => {
    for (const { prompt, answer, path, links, hops: count } of rows(hops(options))) {
      is(walk(prompt), answer, prompt)
      const keys = [...prompt.matchAll(/([a-t]):/g)].map(([, key]) => key)
      is(keys.length, links)
      is(new Set(keys).size, links)
      is(path.split(' ').length, 2 * count)
      is(prompt.split(' ').length, 4 + 2 * links)
      ok(SYMBOLS.includes(answer))
    }
  })

  test('every size and number of hops comes up; a range of one is that one', () => {
    const all = rows(hops(options))
    equal([...new Set(all.map(({ links }) => links))].toSorted(), [3, 4, 5, 6, 7, 8])
    equal([...new Set(all.map(({ hops: count }) => count))].toSorted(), [1, 2, 3])
    ok(rows(hops({ ...options, links: [19, 19], hops: [3, 3] }), 50).every(({ links, hops: count }) => links === 19 && count === 3))
  })

  test('a missing link is in the table, and nowhere else', () => {
    for (const { prompt, answer, table: link } of rows(hops({ ...options, missing: true }))) {
      ok(!prompt.includes(link))
      is(walk(prompt), undefined)
      is(walk(prompt, link), answer)
    }
    const [first] = rows(hops({ ...options, missing: true }), 1)
    equal(table(hops({ ...options, missing: true })).row(0), { key: first?.table.slice(0, 1), text: first?.table })
    throws(() => table(hops(options)).row(0), (error: unknown) => error instanceof HostError && error.code === 'RLP8009')
  })

  test('train and test share no problem', () => {
    const small = { ...options, links: [1, 1], hops: [1, 1] } as const
    const train = new Set(rows(hops(small), 2000).map(({ prompt }) => prompt))
    ok(rows(hops({ ...small, split: 'test' }), 300).every(({ prompt }) => !train.has(prompt)))
  })

  test('lessons fill a wording, rightly or with so many wrong ends', () => {
    const wording = '<plan> {first} </plan> <think> {path} </think> <answer> {answer} </answer> <eos>'
    for (const { path, answer, completion } of rows(solved(hops(options), wording, 0), 50)) is(completion, `<plan> ${path.slice(0, 4)} </plan> <think> ${path} </think> <answer> ${answer} </answer> <eos>`)
    const wrong = rows(solved(hops({ ...options, hops: [1, 1] }), '{answer}', 0.5), 2000).filter(({ answer, completion }) => answer !== completion).length
    // A wrong end is drawn from all twenty, so it is right by chance once in twenty.
    ok(Math.abs(wrong / 2000 - 0.475) < 0.04, String(wrong))
    throws(() => solved(hops(options), '{paht}', 0).row(0), (error: unknown) => error instanceof HostError && error.code === 'RLP8105')
  })

  test('ranges that have no problems are told', () => {
    for (const [links, count] of [[[2, 8], [1, 3]], [[3, 20], [1, 3]], [[3, 8], [0, 3]], [[3, 8], [1, 4]]] as const) throws(() => hops({ ...options, links, hops: count }), (error: unknown) => error instanceof HostError && error.code === 'RLP8105')
  })
})
