// `rlpc diff A B`: how two specs, plans or runs differ in meaning; exit code 0 when they do not, 5 when they do.

import { comparePlans, type StageComparison } from '../../spec/plan/compare.js'
import { PARTS, type PartName } from '../lower/part.js'
import { termOf } from '../lower/terms.js'
import { formulaLines } from '../plan/formula.js'
import { showChanges } from '../plan/show-changes.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { format, type Arguments } from './options.js'
import { useColour } from './report.js'
import { openSide, type Side } from './side.js'

export async function run(args: Arguments): Promise<number> {
  const [first = 'HEAD', second = findEntry(undefined).file] = args.positionals
  const [before, after] = [await openSide(first, args), await openSide(second, args)]
  if (!before || !after) return EXIT.mistakes
  const comparison = comparePlans(before.plan, after.plan)
  if (format(args) === 'json') {
    process.stdout.write(`${JSON.stringify({ before: before.label, after: after.label, ...comparison }, null, 2)}\n`)
  } else {
    const compared = { before: before.plan, after: after.plan, comparison }
    process.stdout.write(`${before.label} → ${after.label}\n${showChanges(compared, { colour: useColour(process.stdout), more: (stage) => formulasOf(stage, before, after) })}`)
  }
  return comparison.same ? EXIT.done : EXIT.differs
}

/** Lines of the functions behind a changed objective that only one side has. */
function formulasOf({ address, formerly, differences }: StageComparison, before: Side, after: Side): readonly string[] {
  const parts = (Object.keys(PARTS) as PartName[]).filter((part) => differences.some(({ path }) => path === 'objective' || path === part || path.startsWith(`${part}.`)))
  return parts.flatMap((part) => {
    const [old, now] = [formulaOf(before, formerly ?? address, part), formulaOf(after, address, part)]
    if (!old || !now) return []
    const [gone, come] = [old.filter((line) => !now.includes(line)), now.filter((line) => !old.includes(line))]
    return gone.length + come.length === 0 ? [] : [`${part}:`, ...gone.map((line) => `- ${line.trim()}`), ...come.map((line) => `+ ${line.trim()}`)]
  })
}

function formulaOf({ compiled }: Side, address: string, part: PartName): readonly string[] | undefined {
  const draft = compiled?.elaborated?.drafts.get(address)
  const setting = draft?.draft === 'stage' ? draft.settings.get(part) : undefined
  const fn = setting && termOf(setting.value)
  return fn?.type === 'function' && compiled?.elaborated ? formulaLines(part, fn, compiled.elaborated) : undefined
}
