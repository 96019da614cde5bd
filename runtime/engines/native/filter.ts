// Filtering: rows of a dataset for which an expression holds, at most so many for each prompt.

import { evaluate } from '../../data/expr.js'
import { HostCalls } from '../../host-calls.js'
import type { HostValue } from '../../host.js'
import { failure } from '../../codes.js'
import { attribute, number, optionalNumber } from './attributes.js'
import { everyRow } from './prompts.js'
import type { StageKind } from './stage.js'

export const filter: StageKind = async (run) => {
  const { stage } = run
  const rows = await everyRow(run, 'data')
  const keep = attribute(stage, 'keep')
  const calls = new HostCalls({ root: run.root })
  const holds = await calls.each(rows, ({ row }) => {
    if (typeof keep === 'object' && keep !== null && 'expr' in keep) return evaluate(keep.expr, { names: { row: row as HostValue }, call: (name, args) => calls.call(name, args), metric: run.metric }) === true
    return keep === true
  })
  const most = optionalNumber(stage, 'per_prompt') ?? Infinity
  const perPrompt = new Map<unknown, number>()
  const data = rows.flatMap(({ row }, i) => {
    const before = perPrompt.get(row['prompt']) ?? 0
    if (before >= most || !holds[i]) return []
    perPrompt.set(row['prompt'], before + 1)
    return [row]
  })
  const least = number(stage, 'at_least')
  if (data.length < least) throw failure('RLP8008', `${stage.address} kept ${data.length} of ${rows.length} rows, and must keep ${least}`, 'loosen `keep`, generate more rows, or lower `at_least`')
  const kept = data.length / rows.length
  run.step(1, 1, { rows: rows.length, rows_kept: data.length, kept })
  return { metrics: { kept }, datasets: { data } }
}
