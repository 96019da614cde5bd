// Filtering: rows of a dataset for which an expression holds, at most so many for each prompt.

import type { Row } from '../../data/dataset.js'
import { evaluate } from '../../data/expr.js'
import { callHost } from '../../host-functions.js'
import type { HostValue } from '../../host.js'
import { failure } from '../../codes.js'
import { attribute, number, optionalNumber } from './attributes.js'
import { everyRow } from './prompts.js'
import type { StageKind } from './stage.js'

export const filter: StageKind = async (run) => {
  const { stage } = run
  const rows = await everyRow(run, 'data')
  const keep = attribute(stage, 'keep')
  const holds = (row: Row): boolean => {
    if (typeof keep === 'object' && keep !== null && 'expr' in keep) return evaluate(keep.expr, { names: { row: row as HostValue }, call: (name, args) => callHost(name, args, { root: run.root }), metric: run.metric }) === true
    return keep === true
  }
  const most = optionalNumber(stage, 'per_prompt') ?? Infinity
  const perPrompt = new Map<unknown, number>()
  const data = rows.flatMap(({ row }) => {
    const before = perPrompt.get(row['prompt']) ?? 0
    if (before >= most || !holds(row)) return []
    perPrompt.set(row['prompt'], before + 1)
    return [row]
  })
  const least = number(stage, 'at_least')
  if (data.length < least) throw failure('RLP8008', `${stage.address} kept ${data.length} of ${rows.length} rows, and must keep ${least}`, 'loosen `keep`, generate more rows, or lower `at_least`')
  const kept = data.length / rows.length
  run.step(1, 1, { rows: rows.length, rows_kept: data.length, kept })
  return { metrics: { kept }, datasets: { data } }
}
