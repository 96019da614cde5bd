// The extern functions that make datasets, by qualified name. They are opened when a stage starts, never while compiling.
// Only reads arguments: what each does is in the file it is imported from.

import { datasetArgument, datasetsArgument, flagArgument, numberArgument, rangeArgument, sharesArgument, textArgument, textsArgument, textsByName, type Arguments } from '../arguments.js'
import { failure } from '../codes.js'
import type { HostContext, HostValue } from '../host.js'
import { chains, type Operation } from '../tasks/chains.js'
import { answered, drafts, worked } from '../tasks/chains-lessons.js'
import { answers, facts, tables, traces } from '../tasks/knights-lessons.js'
import { OPERATORS, type Operator } from '../tasks/knights.js'
import { puzzles } from '../tasks/knights-puzzles.js'
import { hops, solved, table } from '../tasks/hops.js'
import { markovTexts } from '../tasks/markov.js'
import { episodes } from '../tasks/point.js'
import type { Split } from '../tasks/split.js'
import { inParallel, inSequence, sums } from '../tasks/sums.js'
import { described, tiles } from '../tasks/tiles.js'
import { teacherSamples } from '../tasks/teacher.js'
import { wordingArgument } from '../tasks/wording.js'
import { csv, jsonl, parquet } from './files.js'
import { bestAndWorst, damages, rightOverConfident, shortestOverLonger, shortestRight, sideOf, withBrokenLayout, type Damage } from './pairs.js'
import { needed } from './needed.js'
import { replaced, reviews, spliced, unlearned } from './reviews.js'
import { joined, mixture, subset, without } from './mixture.js'
import { retrospective } from './retrospect.js'
import { counted } from './counted.js'
import { rewritten } from './rewrite.js'
import { withoutThoughts } from './thoughts.js'

export type SourceFunction = (args: Arguments, context: HostContext) => HostValue | Promise<HostValue>

export const sources: Readonly<Record<string, SourceFunction>> = {
  'std/prelude.jsonl': (args, context) => jsonl(textArgument(args, 'path'), context),
  'std/prelude.csv': (args, context) => csv(textArgument(args, 'path'), context),
  'std/prelude.parquet': (args, context) => parquet(textArgument(args, 'path'), context),

  'std/prelude.share': (args) => ({ part: numberArgument(args, 'part'), data: datasetArgument(args, 'data') }),
  'std/prelude.mixture': (args) => mixture(sharesArgument(args, 'parts')),
  'std/prelude.subset': (args) => subset(datasetArgument(args, 'data'), numberArgument(args, 'take'), numberArgument(args, 'seed')),
  'std/data.joined': (args) => joined(datasetsArgument(args, 'parts')),
  'std/data.without': (args) => without(datasetArgument(args, 'data'), datasetsArgument(args, 'others')),
  'std/data.rewritten': (args) => rewritten(datasetArgument(args, 'of'), textArgument(args, 'prompt'), textArgument(args, 'completion')),
  'std/curricula.retrospective': (args) => retrospective(datasetArgument(args, 'of'), numberArgument(args, 'most'), numberArgument(args, 'floor')),
  'std/data.without_thoughts': (args) => withoutThoughts(datasetArgument(args, 'of'), numberArgument(args, 'probability'), textArgument(args, 'thought'), textArgument(args, 'answer')),

  'std/pairs.with_broken_layout': (args) => withBrokenLayout(datasetArgument(args, 'of'), textsArgument(args, 'tags'), oneOf(textsArgument(args, 'damages'), Object.keys(damages) as Damage[])),
  'std/pairs.best_and_worst': (args) => bestAndWorst(datasetArgument(args, 'of')),
  'std/pairs.right_over_confident': (args) => rightOverConfident(datasetArgument(args, 'of')),
  'std/pairs.shortest_right': (args) => shortestRight(datasetArgument(args, 'of')),
  'std/pairs.shortest_over_longer': (args) => shortestOverLonger(datasetArgument(args, 'of'), numberArgument(args, 'times')),
  'std/pairs.preferred': (args) => sideOf(datasetArgument(args, 'of'), 'chosen'),
  'std/pairs.dispreferred': (args) => sideOf(datasetArgument(args, 'of'), 'rejected'),

  'std/tools.needed': (args) => needed(datasetArgument(args, 'treated'), datasetArgument(args, 'plain'), { gain: numberArgument(args, 'gain'), least: numberArgument(args, 'least'), most: numberArgument(args, 'most') }),

  'std/reviews.reviews': (args) => reviews(datasetArgument(args, 'of'), textArgument(args, 'ask'), textArgument(args, 'separator')),
  'std/reviews.spliced': (args) => spliced(datasetArgument(args, 'of'), textsByName(args, 'markers'), textArgument(args, 'resume'), textArgument(args, 'separator')),
  'std/reviews.replaced': (args) => replaced(datasetArgument(args, 'of'), textArgument(args, 'pattern'), textArgument(args, 'by')),
  'std/reviews.unlearned': (args) => unlearned(datasetArgument(args, 'of'), textArgument(args, 'open'), textArgument(args, 'close')),

  'std/tasks/knights.puzzles': (args) =>
    puzzles({
      operators: operators(args, 'operators'),
      among: operators(args, 'among'),
      atLeast: numberArgument(args, 'at_least'),
      people: numberArgument(args, 'people'),
      split: split(args),
    }),
  'std/tasks/knights.traces': (args) => traces(datasetArgument(args, 'of')),
  'std/tasks/knights.answers': (args) => answers(datasetArgument(args, 'of')),
  'std/tasks/knights.tables': (args) => tables(datasetArgument(args, 'of'), numberArgument(args, 'rows')),
  'std/tasks/knights.facts': (args) => facts(operators(args, 'operators'), numberArgument(args, 'checks')),

  'std/tasks/teacher.samples': (args) =>
    teacherSamples({
      inputs: numberArgument(args, 'inputs'),
      classes: numberArgument(args, 'classes'),
      hidden: numberArgument(args, 'hidden'),
      noise: numberArgument(args, 'noise'),
      teacher: numberArgument(args, 'teacher'),
      split: split(args),
    }),
  'std/tasks/point.episodes': (args) => episodes(numberArgument(args, 'lost'), numberArgument(args, 'noise'), numberArgument(args, 'seed')),
  'std/tasks/markov.texts': (args) =>
    markovTexts({
      source: numberArgument(args, 'source'),
      like: args['like'] === null ? null : numberArgument(args, 'like'),
      likeness: numberArgument(args, 'likeness'),
      symbols: numberArgument(args, 'symbols'),
      peak: numberArgument(args, 'peak'),
      length: numberArgument(args, 'length'),
      split: split(args),
    }),

  'std/tasks/chains.chains': (args) =>
    chains({
      shortest: numberArgument(args, 'shortest'),
      longest: numberArgument(args, 'longest'),
      operations: operations(args, 'operations'),
      last: operations(args, 'last'),
      operands: rangeArgument(args, 'operands'),
      lettered: flagArgument(args, 'lettered'),
      padded: numberArgument(args, 'padded'),
      split: split(args),
    }),
  'std/tasks/chains.worked': (args) => worked(datasetArgument(args, 'of'), wordingArgument(args, 'wording'), numberArgument(args, 'wrong')),
  'std/tasks/chains.drafts': (args) => drafts(datasetArgument(args, 'of'), wordingArgument(args, 'wording'), numberArgument(args, 'known')),
  'std/tasks/chains.answered': (args) => answered(datasetArgument(args, 'of')),

  'std/tasks/hops.hops': (args) => hops({ links: rangeArgument(args, 'links'), hops: rangeArgument(args, 'hops'), missing: flagArgument(args, 'missing'), split: split(args) }),
  'std/tasks/hops.table': (args) => table(datasetArgument(args, 'of')),
  'std/tasks/hops.solved': (args) => solved(datasetArgument(args, 'of'), textArgument(args, 'wording'), numberArgument(args, 'wrong')),

  'std/supervised.counted': (args) => counted(datasetArgument(args, 'of'), numberArgument(args, 'label'), textsArgument(args, 'words'), textArgument(args, 'tag')),

  'std/tasks/tiles.tiles': (args) => tiles(numberArgument(args, 'shortcut'), split(args)),
  'std/tasks/tiles.described': (args) => described(datasetArgument(args, 'of'), flagArgument(args, 'anchored')),

  'std/tasks/sums.sums': (args) => sums({ numbers: numberArgument(args, 'numbers'), minuses: rangeArgument(args, 'minuses'), split: split(args) }),
  'std/tasks/sums.in_sequence': (args) => inSequence(datasetArgument(args, 'of')),
  'std/tasks/sums.in_parallel': (args) => inParallel(datasetArgument(args, 'of')),
}

const operators = (args: Arguments, name: string): Operator[] => oneOf(textsArgument(args, name), Object.keys(OPERATORS) as Operator[])
const operations = (args: Arguments, name: string): Operation[] => oneOf(textsArgument(args, name), ['+', '-', '*', '='] as const satisfies readonly Operation[])
const split = (args: Arguments): Split => oneOf([textArgument(args, 'split')], ['train', 'test'] as const)[0] as Split

function oneOf<T extends string>(given: readonly string[], allowed: readonly T[]): T[] {
  const wrong = given.find((item) => !allowed.includes(item as T))
  if (wrong !== undefined) throw failure('RLP8105', `\`${wrong}\` is not one of ${allowed.map((item) => `\`${item}\``).join(', ')}`)
  return given as T[]
}
