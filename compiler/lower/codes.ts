// Codes 5102 and up: what cannot be lowered to graphs.
// Most such mistakes are found earlier, by the checker; these are for what only the evaluation of a function shows.

import { reporter } from '../../grammar/diagnostics/diagnostic.js'

export const lowerCodes = {
  RLP5102: { slug: 'not-numeric', severity: 'error', meaning: 'An objective uses something that is not a number where a tensor is computed.' },
  RLP5103: { slug: 'unknown-in-objective', severity: 'error', meaning: 'An objective names a function or value that has no meaning inside a compiled program.' },
  RLP5104: { slug: 'wrong-level', severity: 'error', meaning: 'A value of an objective is at another level than it is used at.' },
  RLP5105: { slug: 'unprovided-parameter', severity: 'error', meaning: 'A function needs a parameter that its stage does not provide.' },
  RLP5106: { slug: 'missing-reference', severity: 'error', meaning: 'The loss reads `ref_logp`, but the stage has no reference policy.' },
  RLP5107: { slug: 'recursive-objective', severity: 'error', meaning: 'A function of an objective calls itself.' },
  RLP5108: { slug: 'constant-loss', severity: 'error', meaning: 'The loss does not depend on the policy, so there is nothing to train.' },
} as const

export const report = reporter(lowerCodes)
