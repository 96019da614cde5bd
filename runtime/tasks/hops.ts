// Following links: a list of `key: value` pairs and a question that follows one to three of them. Difficulty is the number of links
// (context length) and of hops; a link may be missing from the prompt, and is then in the row. Lessons are the path in a wording of the caller's.

import { failure } from '../codes.js'
import type { Dataset, Row } from '../data/dataset.js'
import { generated, mapped, redrawn } from '../data/draws.js'
import { below, randomKey } from '../random.js'
import { splitOf, type Split } from './split.js'

/** What keys and values are made of. */
export const SYMBOLS = [...'abcdefghijklmnopqrst']

export interface HopOptions {
  /** Fewest and most links in the list. */
  readonly links: readonly [number, number]
  /** Fewest and most hops of a question. */
  readonly hops: readonly [number, number]
  /** Leave the last link of the path out of the prompt. */
  readonly missing: boolean
  readonly split: Split
}

/**
 * Rows `{ prompt: "<bos> c: f a: c ? #2 a", answer: "f", path: "a: c c: f", links: 2, hops: 2, table: "" }` without end. Every key occurs once;
 * `table` is the link that is missing from the prompt.
 */
export function hops({ links: [fewest, most], hops: [least, longest], missing, split }: HopOptions): Dataset {
  if (!(1 <= least && least <= longest && longest <= 3)) throw failure('RLP8105', `\`hops\` are ${least}..${longest}`, 'give a range within `1..3`')
  if (!(longest <= fewest && fewest <= most && most <= SYMBOLS.length - 1)) throw failure('RLP8105', `\`links\` are ${fewest}..${most}`, `give a range within \`${longest}..${SYMBOLS.length - 1}\`: a path needs as many links as hops`)
  return generated((seed) => {
    const key = randomKey(seed, 'hops')
    return (i) => {
      const [links, count] = [fewest + below(key, most - fewest + 1, i, 0), least + below(key, longest - least + 1, i, 1)]
      for (let attempt = 0; attempt < 1000; attempt++) {
        let next = 2 + attempt * 3 * SYMBOLS.length
        const order = shuffled(SYMBOLS, (n) => below(key, n, i, next++))
        // The path visits the first symbols in order; the other links begin elsewhere and end anywhere.
        const path = order.slice(0, count).map((from, at) => [from, order[at + 1] as string] as const)
        const others = order.slice(count + 1, links + 1).map((from) => [from, SYMBOLS[below(key, SYMBOLS.length, i, next++)] as string] as const)
        const all = shuffled([...path, ...others], (n) => below(key, n, i, next++)).map(written)
        const question = `#${count} ${order[0]}`
        if (splitOf(`${all.join(' ')} ${question}`) !== split) continue
        const table = missing ? written(path.at(-1) as (typeof path)[number]) : ''
        const shown = all.filter((link) => link !== table)
        return { prompt: ['<bos>', ...shown, '?', question].join(' '), answer: order[count] as string, path: path.map(written).join(' '), links, hops: count, table }
      }
      throw failure('RLP8103', `no list of ${links} links is in the ${split} split`)
    }
  })
}

const written = ([from, to]: readonly [string, string]): string => `${from}: ${to}`

function shuffled<T>(items: readonly T[], draw: (n: number) => number): T[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = draw(at + 1)
    ;[all[at], all[other]] = [all[other] as T, all[at] as T]
  }
  return all
}

/** The wording with `{path}`, `{first}` (the first link) and `{answer}` filled in; each link's end is wrong with probability `wrong`, and the path goes on as if it were right. */
export const solved = (of: Dataset, wording: string, wrong: number): Dataset =>
  redrawn(of, 'solved', (row, draws) => {
    const links = pathIn(row).map(([from, to], at) => [from, draws.uniform(2 * at) < wrong ? (SYMBOLS[draws.below(SYMBOLS.length, 2 * at + 1)] as string) : to] as const)
    const places: Readonly<Record<string, string>> = { path: links.map(written).join(' '), first: written(links[0] as (typeof links)[number]), answer: links.at(-1)?.[1] ?? '' }
    const completion = wording.replace(/\{(\w+)\}/g, (place, name: string) => {
      const text = Object.hasOwn(places, name) ? places[name] : undefined
      if (text === undefined) throw failure('RLP8105', `a wording has the place \`${place}\`, which is not filled`, 'places are `{path}`, `{first}`, `{answer}`')
      return text
    })
    return { ...row, completion }
  })

function pathIn(row: Row): (readonly [string, string])[] {
  const path = typeof row['path'] === 'string' ? [...row['path'].matchAll(/([a-t]): ([a-t])/g)] : []
  if (path.length === 0) throw failure('RLP8009', 'a row has no `path`', 'give it rows of `hops.hops`')
  return path.map(([, from, to]) => [from as string, to as string])
}

/** Rows `{ key: "c", text: "c: f" }`, one for each question. Errors: RLP8009 for a question that leaves nothing out. */
export const table = (of: Dataset): Dataset =>
  mapped(of, (row) => {
    const link = row['table']
    if (typeof link !== 'string' || link === '') throw failure('RLP8009', 'a question leaves no link out', 'make the questions with `missing = true`')
    return { key: link.slice(0, 1), text: link }
  })
