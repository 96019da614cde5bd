// Prompts that ask about completions, and completions that are cut, replaced or masked afterwards.
// Asks nobody: a stage that generates does.

import { failure } from '../codes.js'
import type { Dataset, Row, Segment } from './dataset.js'
import { mapped } from './draws.js'

/** The text in a field. Errors: RLP8009. */
function text(row: Row, field: string): string {
  const value = row[field]
  return typeof value === 'string' ? value : lacking(field)
}

function lacking(field: string): never {
  throw failure('RLP8009', `a row has no text in the field \`${field}\``, 'give this operation rows that have it')
}

/** Rows of `std/reviews.Review`. Errors: RLP8009 for a row without the texts, RLP8105 for a place that there is not. */
export function reviews(of: Dataset, ask: string, separator: string): Dataset {
  return mapped(of, (row) => {
    const [question, trace, answer] = [text(row, 'prompt'), text(row, 'completion'), text(row, 'answer')]
    const numbered = trace.split(separator).map((chunk, i) => `[${i + 1}] ${chunk}`).join(separator)
    const places: Readonly<Record<string, string>> = { question, trace, answer, numbered }
    const prompt = ask.replace(/\{(\w+)\}/g, (place, name: string) => (Object.hasOwn(places, name) ? (places[name] as string) : unknownPlace(place)))
    return { prompt, question, trace, answer }
  })
}

function unknownPlace(place: string): never {
  throw failure('RLP8105', `\`ask\` has the place \`${place}\``, 'places are `{question}`, `{trace}`, `{answer}` and `{numbered}`')
}

/** What a verdict says: the marker's text and the chunk (from 1) that it stands for; none for a verdict that names neither. */
function verdictOf(verdict: string, markers: Readonly<Record<string, string>>): { marker: string; chunk: number } | undefined {
  for (const [, name, number] of verdict.matchAll(/(\w+)\s*:\s*(\d+)/g)) {
    if (name !== undefined && Object.hasOwn(markers, name)) return { marker: markers[name] as string, chunk: Number(number) }
  }
  return undefined
}

/** The traces of reviews as completions of their questions, cut as the verdicts in `completion` say. Errors: RLP8009. */
export function spliced(of: Dataset, markers: Readonly<Record<string, string>>, resume: string, separator: string): Dataset {
  return mapped(of, (row) => {
    const [prompt, trace, answer] = [text(row, 'question'), text(row, 'trace'), text(row, 'answer')]
    const verdict = verdictOf(text(row, 'completion'), markers)
    const end = trace.indexOf(resume)
    const chunks = trace.slice(0, end < 0 ? trace.length : end).split(separator)
    if (!verdict || end < 0 || verdict.chunk < 1 || verdict.chunk > chunks.length) return { prompt, completion: trace, answer }
    return { prompt, completion: [...chunks.slice(0, verdict.chunk - 1), verdict.marker, trace.slice(end)].join(separator), answer }
  })
}

/** Errors: RLP8105 for a pattern that is none, RLP8009 for a row without a text to look in. */
export function replaced(of: Dataset, pattern: string, by: string): Dataset {
  let found: RegExp
  try {
    found = new RegExp(pattern, 'gsu')
  } catch (error) {
    throw failure('RLP8105', `\`${pattern}\` is not a regular expression: ${(error as Error).message}`)
  }
  return mapped(of, (row) => ({ ...row, completion: text(row, 'completion').replace(found, by) }))
}

/** Completions as segments; those from `open` to `close` are not trained on. Errors: RLP8009. */
export function unlearned(of: Dataset, open: string, close: string): Dataset {
  return mapped(of, (row) => {
    const completion = text(row, 'completion')
    const segments: Segment[] = []
    for (let at = 0; at < completion.length; ) {
      const [start, end] = span(completion, open, close, at)
      if (start > at) segments.push({ text: completion.slice(at, start), train: true })
      if (end > start) segments.push({ text: completion.slice(start, end), train: false })
      at = end
    }
    return { ...row, completion: segments }
  })
}

/** The next marked part from `at`, or an empty one at the end. A part that is not closed goes to the end. */
function span(completion: string, open: string, close: string, at: number): [number, number] {
  const start = completion.indexOf(open, at)
  if (start < 0) return [completion.length, completion.length]
  const end = completion.indexOf(close, start + open.length)
  return [start, end < 0 ? completion.length : end + close.length]
}
