// The codes of the checker: 3xxx types and kinds, 4xxx units, ranges and levels, 6xxx whether a spec makes sense.
// Numbers are never reused; the text of each message stands where the mistake is found.

import { reporter, type CodeTable } from '../../grammar/diagnostics/diagnostic.js'

export const codes = {
  RLP3001: { slug: 'type-mismatch', severity: 'error', meaning: 'a value of another type is wanted here' },
  RLP3002: { slug: 'missing-attribute', severity: 'error', meaning: 'the kind needs an attribute that is not given' },
  RLP3003: { slug: 'not-a-value', severity: 'error', meaning: 'a function, type, module or pipeline stands where a value is wanted, or the other way round' },
  RLP3004: { slug: 'wrong-arguments', severity: 'error', meaning: 'the arguments of a call do not fit the function' },
  RLP3005: { slug: 'not-in-set', severity: 'error', meaning: 'the text is none of the legal ones' },
  RLP3006: { slug: 'maybe-none', severity: 'error', meaning: 'the value may be `none` where a value is needed' },
  RLP3007: { slug: 'missing-member', severity: 'error', meaning: 'there is no such output, term, phase or field' },
  RLP3008: { slug: 'function-shape', severity: 'error', meaning: 'the function does not fit what its place provides' },
  RLP3009: { slug: 'repeated-element', severity: 'error', meaning: 'an element of a set is repeated' },
  RLP3010: { slug: 'cannot-infer', severity: 'error', meaning: 'the type of the rows is not known here' },
  RLP3011: { slug: 'reward-rows', severity: 'error', meaning: 'a reward is declared for rows with fields that these rows do not have' },
  RLP3012: { slug: 'wrong-keys', severity: 'error', meaning: 'the keys in brackets do not fit the keys of the declaration' },
  RLP3013: { slug: 'needs-keys', severity: 'error', meaning: 'there is one instance for each key, and none is named' },
  RLP3014: { slug: 'bad-operand', severity: 'error', meaning: 'the operator does not work on such a value' },
  RLP3015: { slug: 'bad-type', severity: 'error', meaning: 'the type does not make sense as it is written' },
  RLP3016: { slug: 'missing-part', severity: 'error', meaning: 'a declaration lacks its value, type or body' },
  RLP3017: { slug: 'empty-keys', severity: 'error', meaning: 'there is no instance, as the set of keys is empty' },
  RLP4001: { slug: 'unit-mismatch', severity: 'error', meaning: 'a quantity of another unit is wanted' },
  RLP4002: { slug: 'missing-unit', severity: 'error', meaning: 'a bare number stands where a quantity is wanted' },
  RLP4003: { slug: 'unknown-unit', severity: 'error', meaning: 'there is no such unit' },
  RLP4004: { slug: 'unit-arithmetic', severity: 'error', meaning: 'quantities cannot be combined in this way' },
  RLP4005: { slug: 'out-of-range', severity: 'error', meaning: 'the number is outside the legal range' },
  RLP4006: { slug: 'too-long', severity: 'error', meaning: 'a length does not fit the context of the model' },
  RLP4007: { slug: 'fractional-count', severity: 'error', meaning: 'a count must be whole' },
  RLP4008: { slug: 'empty-range', severity: 'error', meaning: 'the lower end of a range is above the upper one' },
  RLP4101: { slug: 'bad-reduction', severity: 'error', meaning: 'a reduction goes over a level that is not outside its operand' },
  RLP4102: { slug: 'level-mismatch', severity: 'error', meaning: 'there are many numbers where one is wanted' },
  RLP4103: { slug: 'unrelated-levels', severity: 'error', meaning: 'two levels are not part of one chain' },
  RLP4104: { slug: 'level-not-in-kind', severity: 'error', meaning: 'a function uses a level that the stage kind does not have' },
  RLP4201: { slug: 'uneven-split', severity: 'error', meaning: 'a batch cannot be divided evenly' },
  RLP6001: { slug: 'reward-scale', severity: 'warning', meaning: 'one term can drown all others' },
  RLP6002: { slug: 'curriculum-never-advances', severity: 'error', meaning: 'a phase never ends, so the next never begins' },
  RLP6003: { slug: 'group-too-small', severity: 'error', meaning: 'a group of one has nothing to compare with' },
  RLP6004: { slug: 'reference-missing', severity: 'error', meaning: 'the loss reads a reference policy that is not given' },
  RLP6006: { slug: 'unused-reference', severity: 'warning', meaning: 'a reference policy is given and never read' },
  RLP6007: { slug: 'shares-do-not-sum', severity: 'error', meaning: 'the shares of a mixture do not sum to 1' },
  RLP6008: { slug: 'inert-clip', severity: 'warning', meaning: 'the clip range cannot act, as the importance ratio is always 1' },
  RLP6009: { slug: 'no-exploration', severity: 'error', meaning: 'all rollouts of a group are the same' },
  RLP6011: { slug: 'pass-at-k', severity: 'error', meaning: 'pass@k needs at least k samples' },
  RLP6012: { slug: 'warmup-too-long', severity: 'warning', meaning: 'the warm-up lasts as long as the whole stage' },
  RLP6013: { slug: 'same-samples', severity: 'error', meaning: 'several samples are drawn greedily and are all the same' },
  RLP6014: { slug: 'save-never', severity: 'warning', meaning: 'the interval is longer than the stage, or the best of no save is wanted' },
  RLP6015: { slug: 'uneven-heads', severity: 'error', meaning: 'the width of a model does not divide among its heads' },
  RLP6016: { slug: 'learning-rate-scale', severity: 'warning', meaning: 'the learning rate is far outside the usual' },
  RLP6017: { slug: 'until-never', severity: 'warning', meaning: 'a stage would stop early after more steps than it has' },
  RLP6101: { slug: 'unused-term', severity: 'warning', meaning: 'a term of a reward changes nothing' },
  RLP6102: { slug: 'constant-reward', severity: 'error', meaning: 'every completion gets the same reward' },
  RLP6103: { slug: 'division-by-zero', severity: 'warning', meaning: 'a divisor can be zero' },
} as const satisfies CodeTable

export type Code = keyof typeof codes

export const report = reporter(codes)
