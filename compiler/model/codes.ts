// Codes 5101, 5109 and 5110: what is wrong with a model, before anything is lowered.

import { reporter } from '../../grammar/diagnostics/diagnostic.js'

export const modelCodes = {
  RLP5101: { slug: 'model-sizes', severity: 'error', meaning: 'The sizes of a model do not fit together.' },
  RLP5109: { slug: 'no-model-folder', severity: 'error', meaning: 'A folder that should hold a model has no `config.json`, or one that cannot be read.' },
  RLP5110: { slug: 'unsupported-model', severity: 'error', meaning: 'A model uses something that no engine here computes, such as experts, sliding windows or quantised weights.' },
} as const

export const report = reporter(modelCodes)
