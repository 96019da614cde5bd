// The signals behind `extern fn`, by qualified name: pure functions of text, quick to load, as tests of rewards run while compiling.
// Functions that make datasets are in `data/sources.ts`.

import { rolesKey } from '../spec/plan/looks.js'
import { classifierArgument, completionArgument, numberArgument, rangeArgument, scorerArgument, textArgument, textsArgument, writtenArgument } from './arguments.js'
import { failure } from './codes.js'
import { Later, type HostContext, type HostFunction, type HostValue } from './host.js'
import { fenced, passed, run } from './signals/code.js'
import { boxed } from './signals/boxed.js'
import { asked } from './signals/judge.js'
import { containsText, firstNumber, numbersEqual, sameText } from './signals/compare.js'
import { tagged, wellFormed } from './signals/layout.js'
import { recordShare, spanOverlap, wordF1 } from './signals/structure.js'
import { interleaved, tokensBefore } from './signals/segments.js'
import { matches, matchingShare } from './signals/matches.js'
import { sameMath } from './signals/math.js'
import { sameNames } from './signals/names.js'
import { repeatedShare } from './signals/repetition.js'
import { followsWording } from './signals/traces.js'
import { wordCounts } from './signals/words.js'
import { wordingArgument } from './tasks/wording.js'

/** 1 or 0; 0 for a text that is none. */
const truth = (text: string | null, holds: (text: string) => boolean): number => (text !== null && holds(text) ? 1 : 0)

export const hostFunctions: Readonly<Record<string, HostFunction>> = {
  'std/signals.well_formed': (args) => truth(writtenArgument(args, 'text'), (text) => wellFormed(text, textsArgument(args, 'tags'))),
  'std/signals.tagged': (args) => tagged(writtenArgument(args, 'text') ?? '', textArgument(args, 'tag')),
  'std/signals.boxed': (args) => boxed(writtenArgument(args, 'text') ?? ''),
  'std/signals.exact': (args) => truth(writtenArgument(args, 'a'), (a) => sameText(a, textArgument(args, 'b'))),
  'std/signals.math_equal': (args) => truth(writtenArgument(args, 'a'), (a) => sameMath(a, textArgument(args, 'b'))),
  'std/signals.contains': (args) => truth(writtenArgument(args, 'a'), (a) => containsText(a, textArgument(args, 'b'))),
  'std/signals.first_number': (args) => firstNumber(writtenArgument(args, 'text') ?? ''),
  'std/signals.number_equal': (args) => (args['a'] === null || args['b'] === null ? 0 : numbersEqual(numberArgument(args, 'a'), numberArgument(args, 'b'), numberArgument(args, 'tolerance')) ? 1 : 0),
  'std/signals.matches': (args) => truth(writtenArgument(args, 'text'), (text) => matches(text, textArgument(args, 'pattern'))),
  'std/signals.share_of_words': (args) => matchingShare(writtenArgument(args, 'text') ?? '', textArgument(args, 'pattern')),
  'std/signals.length': (args) => completionArgument(args, 'text').tokens,
  'std/signals.finished': (args) => (completionArgument(args, 'text').finished ? 1 : 0),
  'std/signals.repeated': (args) => {
    const { text, ids } = completionArgument(args, 'text')
    return repeatedShare(ids ?? text.split(/\s+/).filter((word) => word !== ''), numberArgument(args, 'n'))
  },
  'std/segments.interleaved': (args) => truth(writtenArgument(args, 'text'), (text) => interleaved(text, textsArgument(args, 'visible'), textArgument(args, 'hidden'))),
  'std/segments.tokens_before': (args) => {
    const { text, tokens } = completionArgument(args, 'text')
    return tokensBefore(text, textsArgument(args, 'tags'), tokens)
  },
  'std/attention.visual_attention': (args) => {
    const looks = completionArgument(args, 'text').looks?.[rolesKey({ image: args['image'] ?? null, system: args['system'] ?? null })]
    if (!looks) throw failure('RLP8113', 'nothing was recorded of where the model looked when it wrote this completion', 'ask in rewards of stages that record it (`Grpo`, `AsyncGrpo`, `Ppo`, `Generate`, `Evaluate`, `MajorityVote`), with tags that do not depend on the row')
    const [first, last] = rangeArgument(args, 'layers')
    const chosen = Array.from(looks).slice(Math.max(0, first), last + 1)
    if (chosen.length === 0) throw failure('RLP8105', `\`visual_attention\` is asked for layers from ${first}, and the model has ${looks.length}`, 'layers count from 0')
    return chosen.reduce((sum, look) => sum + look, 0) / chosen.length
  },
  'std/code.fenced': (args) => fenced(writtenArgument(args, 'text') ?? '', writtenArgument(args, 'language')),
  'std/code.run': run,
  'std/code.passed': passed,
  'std/served.asked': asked,
  'std/supervised.judged': (args) => {
    const text = writtenArgument(args, 'text')
    const [by, words] = [classifierArgument(args, 'by'), textsArgument(args, 'words')]
    if (words.length !== by.inputs) throw failure('RLP8105', `\`judged\` counts ${words.length} words, and the classifier reads ${by.inputs} numbers`, 'count the words that it was trained on')
    return text === null ? 0 : new Later(async () => ({ value: await by.probability(wordCounts(text, words), 1), endings: [] }))
  },
  'std/reward_models.scored': (args) => {
    const [completion, prompt, by] = [completionArgument(args, 'text'), textArgument(args, 'prompt'), scorerArgument(args, 'by')]
    return new Later(async () => ({ value: await by.score(prompt, completion), endings: [] }))
  },
  'std/structure.span_overlap': (args) => (args['start'] === null || args['end'] === null ? null : spanOverlap(writtenArgument(args, 'text') ?? '', numberArgument(args, 'start'), numberArgument(args, 'end'))),
  'std/structure.records': (args) => recordShare(writtenArgument(args, 'text') ?? '', textsArgument(args, 'fields')),
  'std/structure.word_f1': (args) => wordF1(writtenArgument(args, 'text') ?? '', writtenArgument(args, 'reference') ?? ''),
  'std/tasks/chains.follows': (args) => truth(writtenArgument(args, 'text'), (text) => followsWording(text, textArgument(args, 'prompt'), wordingArgument(args, 'wording'), false)),
  'std/tasks/chains.sound': (args) => truth(writtenArgument(args, 'text'), (text) => followsWording(text, textArgument(args, 'prompt'), wordingArgument(args, 'wording'), true)),
  'std/tasks/knights.same_names': (args) => truth(writtenArgument(args, 'text'), (text) => sameNames(text, textArgument(args, 'answer'))),
}

/** @throws HostError RLP8108 for a name that is not in the table, and what the function itself throws. */
export function callHost(name: string, args: Readonly<Record<string, HostValue>>, context: HostContext): HostValue | Later {
  const fn = Object.hasOwn(hostFunctions, name) ? hostFunctions[name] : undefined
  if (!fn) throw failure('RLP8108', `this version has no host function \`${name}\``)
  return fn(args, context)
}
