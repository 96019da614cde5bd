// `rlpc resume`: goes on with a run that was interrupted, with the plan and backend that it had.

import { resolve } from 'node:path'
import { count, flag, format, UsageError, type Arguments } from './options.js'
import { runLoaded } from './run.js'

export async function run(args: Arguments): Promise<number> {
  const { readRun, runIds } = await import('../../runtime/index.js')
  const home = resolve('.rlp')
  const ids = runIds(home)
  const wanted = args.positionals[0]
  const id = wanted === undefined ? ids.at(-1) : ids.find((one) => one === wanted || Number(one) === Number(wanted))
  if (id === undefined) throw new UsageError(wanted === undefined ? 'there is no run in .rlp/runs' : `there is no run \`${wanted}\``, ids.length === 0 ? 'start one with `rlpc run`' : `the runs are ${ids[0]} to ${ids.at(-1)}`)
  const past = readRun(home, id)
  process.stderr.write(past.outcome === 'done' ? `run ${id} was done: nothing is left of it to do\n` : `going on with run ${id}\n`)
  return runLoaded(past, { backend: past.executor, threads: count(args, 'threads'), fresh: false, wait: flag(args, 'wait'), what: `rlpc resume ${id}`, format: format(args) })
}
