// The plan of a model that another server runs: its name, address and context, and no weights. It can be generated with, and not trained.

import type { Span } from '../../grammar/source/source.js'
import type { CompileValue } from '../elaborate/value.js'
import type { LoweredModel } from './lowered.js'
import { Attributes } from '../elaborate/attributes.js'

export function servedModel(attributes: ReadonlyMap<string, CompileValue>, _span: Span): LoweredModel {
  const read = new Attributes(attributes)
  const config = { url: read.text('url'), max_position_embeddings: read.number('context', 1) }
  return { model: { architecture: 'served', config, tokenizer: null, source: { repository: read.text('model') }, weights: [] }, diagnostics: [] }
}
