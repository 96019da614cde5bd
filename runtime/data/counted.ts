// Texts as rows of a classifier: word counts of what stands in a tag of each completion, with one label for all.

import { tagged } from '../signals/layout.js'
import { wordCounts } from '../signals/words.js'
import { failure } from '../codes.js'
import type { Dataset } from './dataset.js'
import { mapped } from './draws.js'

/** Rows `{ features, label }`. Errors: RLP8009 for a completion without the tag. */
export function counted(of: Dataset, label: number, words: readonly string[], tag: string): Dataset {
  return mapped(of, (row) => {
    const text = typeof row['completion'] === 'string' ? tagged(row['completion'], tag) : null
    if (text === null) throw failure('RLP8009', `the completion \`${String(row['completion']).slice(0, 60)}\` has no <${tag}>`, 'name the tag with `tag`')
    return { features: wordCounts(text, words), label }
  })
}
