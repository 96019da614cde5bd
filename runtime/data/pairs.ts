// Preference pairs made of a policy's own completions: layouts broken by rule, the best against the worst of a prompt, the short against the long.

import { failure } from '../codes.js'
import type { Dataset, Row } from './dataset.js'
import { listed, mapped, redrawn } from './draws.js'

export type Damage = 'no_opening' | 'no_closing' | 'doubled' | 'moved' | 'swapped'

interface Part {
  readonly open: string
  readonly body: string
  readonly close: string
  readonly before: string
}

/** Breaks the part with number `at`; words are never lost, and the result is never well formed. */
export const damages: Readonly<Record<Damage, (parts: readonly Part[], tail: string, at: number) => string>> = {
  no_opening: (parts, tail, at) => written(parts.map((part, i) => (i === at ? { ...part, open: '' } : part)), tail),
  no_closing: (parts, tail, at) => written(parts.map((part, i) => (i === at ? { ...part, close: '' } : part)), tail),
  doubled: (parts, tail, at) => written(parts.map((part, i) => (i === at ? { ...part, open: `${part.open} ${part.open}` } : part)), tail),
  moved: (parts, tail, at) => written(parts.map((part, i) => (i === at ? { ...part, open: `${part.open} ${part.close}`, close: '' } : part)), tail),
  swapped: (parts, tail, at) => {
    const other = (at + 1) % parts.length
    const order = parts.map((_, i) => parts[i === at ? other : i === other ? at : i] as Part)
    return other === at ? damages.doubled(parts, tail, at) : written(order.map((part, i) => ({ ...part, before: parts[i]?.before ?? '' })), tail)
  },
}

function written(parts: readonly Part[], tail: string): string {
  return parts.map(({ before, open, body, close }) => `${before}${open}${body}${close}`).join('').replace(/ {2,}/g, ' ').trimStart() + tail
}

/** The parts of a completion in the order of `tags`. Errors: RLP8009 when one is missing or stands elsewhere. */
function partsOf(completion: string, tags: readonly string[]): { parts: readonly Part[]; tail: string } {
  let at = 0
  const parts = tags.map((tag): Part => {
    const [open, close] = [`<${tag}>`, `</${tag}>`]
    const start = completion.indexOf(open, at)
    const end = completion.indexOf(close, start + open.length)
    if (start < 0 || end < 0) throw failure('RLP8009', `the completion \`${completion.slice(0, 60)}\` has no <${tag}> … </${tag}> to break`, 'keep only completions of the right layout before')
    const before = completion.slice(at, start)
    at = end + close.length
    return { open, body: completion.slice(start + open.length, end), close, before }
  })
  return { parts, tail: completion.slice(at) }
}

/** Rows `{ prompt, chosen, rejected }`, the damage and the tag drawn anew each time one is read. Errors: RLP8009. */
export function withBrokenLayout(of: Dataset, tags: readonly string[], ways: readonly Damage[]): Dataset {
  if (tags.length === 0 || ways.length === 0) throw failure('RLP8105', 'there is no tag to break, or no way to break it', 'give at least one of both')
  return redrawn(of, 'with_broken_layout', (row, draws) => {
    const chosen = text(row, 'completion')
    const { parts, tail } = partsOf(chosen, tags)
    const way = ways[draws.below(ways.length, 0)] as Damage
    return { ...rest(row), prompt: text(row, 'prompt'), chosen, rejected: damages[way](parts, tail, draws.below(tags.length, 1)) }
  })
}

/** The first of the best against the first of the worst completions of each prompt. Errors: RLP8105 without an end, RLP8009. */
export function bestAndWorst(of: Dataset): Dataset {
  return oneEach(of, (rows) => {
    const [chosen, rejected] = [most(rows, (row) => number(row, 'reward')), most(rows, (row) => -number(row, 'reward'))]
    return number(chosen, 'reward') === number(rejected, 'reward') ? undefined : { chosen, rejected }
  })
}

/** The right completion of highest perplexity against the wrong one of lowest, of each prompt that has both; right is a reward of at least 1. Errors: RLP8105 without an end, RLP8009. */
export function rightOverConfident(of: Dataset): Dataset {
  return oneEach(of, (rows) => {
    const right = rows.filter((row) => number(row, 'reward') >= 1)
    const wrong = rows.filter((row) => number(row, 'reward') < 1)
    if (right.length === 0 || wrong.length === 0) return undefined
    return { chosen: most(right, (row) => number(row, 'perplexity')), rejected: most(wrong, (row) => -number(row, 'perplexity')) }
  })
}

/** The shortest right completion of each prompt that has one; rows keep their fields. Errors: RLP8105 without an end, RLP8009. */
export function shortestRight(of: Dataset): Dataset {
  return eachPrompt(of, (rows) => {
    const short = shortest(rows)
    return short ? [short] : []
  })
}

/** The shortest right completion of each prompt against every wrong one that is longer and every right one that is `times` as long or more (Kimi k1.5, arXiv 2501.12599, section 2.4). Errors: RLP8105 without an end, RLP8009. */
export function shortestOverLonger(of: Dataset, times: number): Dataset {
  return eachPrompt(of, (rows) => {
    const chosen = shortest(rows)
    if (!chosen) return []
    const least = number(chosen, 'tokens')
    const longer = rows.filter((row) => number(row, 'tokens') > least && (number(row, 'reward') < 1 || number(row, 'tokens') >= times * least))
    return longer.map((rejected) => pairOf(chosen, rejected))
  })
}

/** The first of the shortest right completions. */
function shortest(rows: readonly Row[]): Row | undefined {
  const right = rows.filter((row) => number(row, 'reward') >= 1)
  return right.length === 0 ? undefined : most(right, (row) => -number(row, 'tokens'))
}

/** The pair that is made of each prompt's rows, in the order in which prompts first occur. */
function oneEach(of: Dataset, pair: (rows: readonly Row[]) => { readonly chosen: Row; readonly rejected: Row } | undefined): Dataset {
  return eachPrompt(of, (rows) => {
    const made = pair(rows)
    return made ? [pairOf(made.chosen, made.rejected)] : []
  })
}

/** What is made of each prompt's rows, in the order in which prompts first occur. Errors: RLP8105 without an end. */
function eachPrompt(of: Dataset, make: (rows: readonly Row[]) => readonly Row[]): Dataset {
  if (of.size === Infinity) throw failure('RLP8105', 'these completions have no end', 'cut them with `subset` or `take`')
  const groups = new Map<string, Row[]>()
  for (let i = 0; i < of.size; i++) {
    const row = of.row(i)
    const prompt = text(row, 'prompt')
    const group = groups.get(prompt) ?? []
    groups.set(prompt, group)
    group.push(row)
  }
  return listed([...groups.values()].flatMap(make))
}

const pairOf = (chosen: Row, rejected: Row): Row => ({ prompt: text(chosen, 'prompt'), chosen: text(chosen, 'completion'), rejected: text(rejected, 'completion') })

/** The first of those with the most. */
const most = (rows: readonly Row[], of: (row: Row) => number): Row => rows.reduce((a, b) => (of(b) > of(a) ? b : a))

const number = (row: Row, field: string): number => {
  const value = row[field]
  return typeof value === 'number' ? value : lacking(field)
}

/** One side of each pair as its completion. Errors: RLP8009. */
export function sideOf(of: Dataset, side: 'chosen' | 'rejected'): Dataset {
  return mapped(of, (row) => ({ ...rest(row), prompt: text(row, 'prompt'), completion: text(row, side) }))
}

function rest({ prompt: _, completion: __, chosen: ___, rejected: ____, ...others }: Row): Row {
  return others
}

function text(row: Row, field: string): string {
  const value = row[field]
  return typeof value === 'string' ? value : lacking(field)
}

function lacking(field: string): never {
  throw failure('RLP8009', `a row has no usable \`${field}\``, 'give this operation rows that have it')
}
