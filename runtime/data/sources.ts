// The extern functions that make datasets, by qualified name. They are opened when a stage starts, never while compiling.
// Only reads arguments: what each does is in the file it is imported from.

import { datasetArgument, numberArgument, sharesArgument, textArgument, textsArgument, type Arguments } from '../arguments.js'
import { failure } from '../codes.js'
import type { HostContext, HostValue } from '../host.js'
import { answered, chains, worked, type Operation } from '../tasks/chains.js'
import { answers, facts, tables, traces } from '../tasks/knights-lessons.js'
import { OPERATORS, type Operator } from '../tasks/knights.js'
import { puzzles } from '../tasks/knights-puzzles.js'
import type { Split } from '../tasks/split.js'
import { csv, jsonl, parquet } from './files.js'
import { mixture, subset } from './mixture.js'

export type SourceFunction = (args: Arguments, context: HostContext) => HostValue | Promise<HostValue>

export const sources: Readonly<Record<string, SourceFunction>> = {
  'std/prelude.jsonl': (args, context) => jsonl(textArgument(args, 'path'), context),
  'std/prelude.csv': (args, context) => csv(textArgument(args, 'path'), context),
  'std/prelude.parquet': (args, context) => parquet(textArgument(args, 'path'), context),

  'std/prelude.share': (args) => ({ part: numberArgument(args, 'part'), data: datasetArgument(args, 'data') }),
  'std/prelude.mixture': (args) => mixture(sharesArgument(args, 'parts')),
  'std/prelude.subset': (args) => subset(datasetArgument(args, 'data'), numberArgument(args, 'take'), numberArgument(args, 'seed')),

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

  'std/tasks/chains.chains': (args) =>
    chains({
      shortest: numberArgument(args, 'shortest'),
      longest: numberArgument(args, 'longest'),
      operations: oneOf(textsArgument(args, 'operations'), ['+', '-', '*', '='] as const satisfies readonly Operation[]),
      split: split(args),
    }),
  'std/tasks/chains.worked': (args) => worked(datasetArgument(args, 'of')),
  'std/tasks/chains.answered': (args) => answered(datasetArgument(args, 'of')),
}

const operators = (args: Arguments, name: string): Operator[] => oneOf(textsArgument(args, name), Object.keys(OPERATORS) as Operator[])
const split = (args: Arguments): Split => oneOf([textArgument(args, 'split')], ['train', 'test'] as const)[0] as Split

function oneOf<T extends string>(given: readonly string[], allowed: readonly T[]): T[] {
  const wrong = given.find((item) => !allowed.includes(item as T))
  if (wrong !== undefined) throw failure('RLP8105', `\`${wrong}\` is not one of ${allowed.map((item) => `\`${item}\``).join(', ')}`)
  return given as T[]
}
