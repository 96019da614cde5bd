// `rlpc check`: everything that can be found without lowering; also runs the tests of rewards.

import { setFlagsFromString } from 'node:v8'
import { checkOnly } from '../index.js'
import { diskHost } from './disk-host.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { assignments, flag, format, text, type Arguments } from './options.js'
import { hasErrors, print } from './report.js'
import { signalsFor } from './signals.js'

// A check ends before optimised code could pay for its making: without it a short one is a sixth faster, a long one no slower.
setFlagsFromString('--no-opt')

export async function run(args: Arguments): Promise<number> {
  const entry = findEntry(args.positionals[0])
  const result = await checkOnly({
    entry: entry.file,
    host: diskHost(entry.folder),
    parameters: assignments(args),
    variant: text(args, 'variant'),
    signals: signalsFor(entry.folder),
  })
  print(result.diagnostics, format(args))
  if (hasErrors(result.diagnostics)) return EXIT.mistakes
  if (flag(args, 'locked') && !(await (await import('./compile.js')).compileEntry(entry, args))) return EXIT.mistakes
  if (format(args) === 'text') process.stderr.write(`${entry.file}: no mistakes found\n`)
  return EXIT.done
}
