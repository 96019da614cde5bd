// `rlpc plan`: what would run, in words; writes nothing.

import { canonicalJson } from '../../spec/plan/canonical.js'
import { showPlan } from '../plan/show.js'
import { compileEntry } from './compile.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { format, type Arguments } from './options.js'
import { useColour } from './report.js'

export async function run(args: Arguments): Promise<number> {
  const plan = await compileEntry(findEntry(args.positionals[0]), args)
  if (!plan) return EXIT.mistakes
  process.stdout.write(format(args) === 'json' ? `${canonicalJson(plan)}\n` : showPlan(plan, { colour: useColour(process.stdout) }))
  return EXIT.done
}
