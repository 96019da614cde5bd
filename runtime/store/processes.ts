// Who a process is, so that what it left behind can be told from what it still uses.
// A number alone is not enough: numbers are used again. The moment it started makes it unique on its machine.

import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the words of the system; only compared. Empty where the system does not say. */
  readonly started: string
  /** The machine, or the container: a number means nothing elsewhere. */
  readonly host: string
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) ?? '', host: hostOf() }
}

/** `undefined`: on another machine, which cannot be asked. */
export function lives({ pid, started, host }: ProcessIdentity): boolean | undefined {
  if (host !== hostOf()) return undefined
  const now = startOf(pid)
  return now !== undefined && (started === '' || now === '' || now === started)
}

/** When a process of this machine started; '' when it lives but the system does not say; undefined when there is none. */
function startOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  try {
    process.kill(pid, 0)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return undefined
  }
  try {
    if (process.platform === 'linux') return linuxStart(pid)
    if (process.platform === 'win32') return ''
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }).trim()
  } catch {
    return ''
  }
}

/** Ticks after this boot: field 22 of proc_pid_stat(5), and the boot. A zombie is dead. */
function linuxStart(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the name of the command, which may hold spaces and parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return undefined
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[18]}`
}

let host: string | undefined

/** Name of the machine; on Linux with the name space of process numbers, so that containers are told apart. */
function hostOf(): string {
  return (host ??= `${hostname()}${process.platform === 'linux' ? `/${spaceOfNumbers()}` : ''}`)
}

function spaceOfNumbers(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
