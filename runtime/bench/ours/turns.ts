// Our side of a contest: a process that takes one turn for each line it reads, and tells how long it took and how much memory there was.
// Reads without giving way, so that a turn may lie anywhere, even between two steps of a running stage.

import { readFileSync, readSync, writeSync } from 'node:fs'
import { enlist } from '../../executors/wasm/threads.js'
import type { Row } from '../rows.js'

export interface Task {
  readonly row: Row
  readonly threads: number
  /** `model/` is the checkpoint that both sides start from; free to write in. */
  readonly folder: string
}

export const task = JSON.parse(process.argv[2] as string) as Task

const MIB = 2 ** 20

/** Most memory that this process ever had, in mebibytes. */
function peak(): number {
  try {
    // Unlike `getrusage`, without that of the process which started this one.
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
  } catch {
    return process.resourceUsage().maxRSS / 1024
  }
}

const before = process.memoryUsage().rss / MIB

/** Blocks until a turn is asked for. False when no more are. */
export function asked(): boolean {
  return readSync(0, Buffer.alloc(1)) === 1
}

/** Tells of a turn. */
export function tell(since: { readonly clock: number; readonly cpu: NodeJS.CpuUsage }): void {
  const { user, system } = process.cpuUsage(since.cpu)
  writeSync(1, `${JSON.stringify({ ms: performance.now() - since.clock, cpu: (user + system) / 1000, mib: peak() - before })}\n`)
}

export const now = (): { readonly clock: number; readonly cpu: NodeJS.CpuUsage } => ({ clock: performance.now(), cpu: process.cpuUsage() })

/** Waits until all threads are there: while a turn is awaited, none could start. */
export const ready = (): Promise<void> => enlist(task.threads)

/** Does something once for each turn. */
export async function turns(once: () => unknown): Promise<void> {
  await ready()
  while (asked()) {
    const start = now()
    await once()
    tell(start)
  }
}
