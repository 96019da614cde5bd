// Thought dropout (TON, arXiv 2505.16854): a share of the completions loses its thought and answers at once.
// Which row loses it is drawn anew each time it is read.

import { failure } from '../codes.js'
import type { Dataset } from './dataset.js'
import { redrawn } from './draws.js'

/**
 * With `probability` the text between `<thought>` and `</thought>` becomes empty, and that between `<answer>` and `</answer>` the row's `answer`.
 * Errors: RLP8009 for a row without these tags, or without the field `answer`.
 */
export function withoutThoughts(of: Dataset, probability: number, thought: string, answer: string): Dataset {
  const tagged = (tag: string) => new RegExp(`(<${tag}>)(.*?)(</${tag}>)`, 's')
  const places = [thought, answer].map(tagged) as [RegExp, RegExp]
  return redrawn(of, 'without_thoughts', (row, draws) => {
    if (draws.uniform(0) >= probability) return row
    const { completion, answer: gold } = row
    if (typeof completion !== 'string' || !places.every((place) => place.test(completion))) throw failure('RLP8009', `the completion \`${String(completion).slice(0, 60)}\` has no <${thought}> and <${answer}>`, 'name the tags that the completions have with `thought` and `answer`')
    if (typeof gold !== 'string') throw failure('RLP8009', 'a row whose thought is dropped has no text in the field `answer`', 'what to say without a thought is read from `answer`')
    return { ...row, completion: completion.replace(places[0], '$1 $3').replace(places[1], (_, open: string, __: string, close: string) => `${open} ${gold} ${close}`) }
  })
}
