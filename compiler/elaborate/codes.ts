// The codes of elaboration: 5xxx wiring of stages and instances, 7xxx parameters, variants and secrets.
// Numbers are never reused; the text of each message stands where the mistake is found.

import { reporter, type CodeTable } from '../../grammar/diagnostics/diagnostic.js'

export const codes = {
  RLP5001: { slug: 'stage-cycle', severity: 'error', meaning: 'things of the plan wait for each other in a circle' },
  RLP5002: { slug: 'bad-instance-keys', severity: 'error', meaning: 'the keys of instances are not a set of texts or integers known at compile time' },
  RLP5003: { slug: 'missing-instance', severity: 'error', meaning: 'there is no instance with these keys' },
  RLP5004: { slug: 'unreachable-stage', severity: 'warning', meaning: 'no output, claim or evaluation depends on this stage' },
  RLP5005: { slug: 'value-out-of-range', severity: 'error', meaning: 'with these keys and parameters the value is outside its range' },
  RLP5006: { slug: 'not-known-yet', severity: 'error', meaning: 'the value is known only while the run goes on, and a constant is needed' },
  RLP5007: { slug: 'circular-value', severity: 'error', meaning: 'a value is defined by itself' },
  RLP5008: { slug: 'identical-instances', severity: 'warning', meaning: 'instances differ in their keys and in nothing else' },
  RLP5009: { slug: 'different-keys', severity: 'error', meaning: 'values by key meet others with different keys' },
  RLP5010: { slug: 'not-a-number', severity: 'error', meaning: 'the arithmetic has no finite result' },
  RLP5011: { slug: 'not-whole', severity: 'error', meaning: 'a count or an integer came out with a fraction' },
  RLP5012: { slug: 'measured-on-training-data', severity: 'warning', meaning: 'a claim rests on data that the policy was trained on' },
  RLP5013: { slug: 'claim-cannot-hold', severity: 'error', meaning: 'a claim asks for more keys than there are, or for a number outside the range of what it measures' },
  RLP5014: { slug: 'unequal-budgets', severity: 'error', meaning: 'arms that a claim says have equal budgets have different or unknown ones' },
  RLP5015: { slug: 'gate-without-stages', severity: 'error', meaning: 'a gate is before something that is no stage' },
  RLP5016: { slug: 'wrong-adapter', severity: 'error', meaning: 'an adapter is put where one is, merged where none is, names no matrix, or meets a stage that needs whole weights' },
  RLP5017: { slug: 'tags-without-tokens', severity: 'error', meaning: 'tokens are to be told apart by tags that are no tokens of the model' },
  RLP5018: { slug: 'another-environment', severity: 'error', meaning: 'an agent is to act in another environment than the one that it was made for' },
  RLP5019: { slug: 'models-do-not-fit', severity: 'error', meaning: 'a reference, a critic or a merged policy reads other tokens, or has weights of another form, than the policy' },
  RLP5020: { slug: 'bad-pattern', severity: 'error', meaning: 'a text that is to be a regular expression is none' },
  RLP6010: { slug: 'reward-test-failed', severity: 'error', meaning: 'a test of a reward gives another number than it says' },
  RLP7001: { slug: 'unknown-parameter', severity: 'error', meaning: '`--set` names no parameter' },
  RLP7002: { slug: 'bad-parameter-value', severity: 'error', meaning: 'the value on the command line does not fit the parameter' },
  RLP7003: { slug: 'missing-parameter', severity: 'error', meaning: 'a parameter without a default was given no value' },
  RLP7004: { slug: 'secret-leak', severity: 'error', meaning: 'a secret would be written into the plan' },
  RLP7007: { slug: 'unknown-variant', severity: 'error', meaning: '`--variant` names no variant' },
} as const satisfies CodeTable

export type Code = keyof typeof codes

export const report = reporter(codes)
