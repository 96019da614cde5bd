// One run at a time for each `.rlp` folder. Every process that wants it puts a file of its own into `locks/` and then looks
// whether another that lives has one; so nothing is ever taken over, and what the dead left can be removed by anyone at any moment.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { guarded } from '../checkpoint/atomic.js'
import { failure } from '../codes.js'
import { lives, thisProcess, type ProcessIdentity } from './processes.js'

/** What is in a file of `locks/`, `PROCESS-RANDOM.json`; beside it, `PROCESS-RANDOM.owner` once it is known that nobody else is there. */
export interface Claim extends ProcessIdentity {
  /** What it does, for messages: `rlpc run`. */
  readonly what: string
  /** ISO time. */
  readonly since: string
}

export interface LockOptions {
  readonly what: string
  /** Called once when another process has the lock: then wait for it. Without it the lock is refused. */
  readonly wait?: (owner: Claim) => void
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds between two looks, drawn so that two that begin at one moment do not stay in step. */
const LOOK = { contending: [5, 40], waiting: [200, 400] } as const

/** Take the lock; returns how to give it back. Errors: RLP8206 when another process that lives has it, RLP8002 when stopped while waiting. */
export async function takeLock(home: string, { what, wait, signal }: LockOptions): Promise<() => void> {
  const folder = join(home, 'locks')
  const me = thisProcess()
  const mine = join(folder, `${me.pid}-${Math.random().toString(36).slice(2, 10)}.json`)
  const claim: Claim = { ...me, what, since: new Date().toISOString() }
  const release = () => {
    try {
      withdraw(mine)
    } catch {
      // The disk turned read-only: when this process is gone, its claim is too.
    }
  }
  let told = false
  for (;;) {
    guarded(folder, () => mkdirSync(folder, { recursive: true }))
    // First the own claim, then the look: of two that do so at once, at least one sees the other.
    guarded(mine, () => put(mine, JSON.stringify(claim)))
    const others = claims(home).filter(({ path }) => path !== mine)
    if (others.length === 0) {
      try {
        guarded(mine, () => put(ownerFile(mine), ''))
      } catch (cause) {
        release()
        throw cause
      }
      return release
    }
    release()
    const owner = others.find(({ owns }) => owns)
    if (owner && !wait) throw refusal(home, owner.path, owner.claim)
    if (owner && !told) wait?.(owner.claim)
    told ||= owner !== undefined
    const [least, most] = owner ? LOOK.waiting : LOOK.contending
    await after(least + Math.random() * (most - least))
    if (signal?.aborted) throw failure('RLP8002', 'the run was stopped before it began')
  }
}

/** The process that works in a folder; undefined when none does. */
export function ownerOf(home: string): Claim | undefined {
  return claims(home).find(({ owns }) => owns)?.claim
}

/** Claims of processes that live, or that may live on another machine. Those of the dead are removed. */
function claims(home: string): { path: string; claim: Claim; owns: boolean }[] {
  const folder = join(home, 'locks')
  const names = guarded(folder, () => listing(folder)).filter((name) => name.endsWith('.json'))
  return names.flatMap((name) => {
    const path = join(folder, name)
    const claim = readClaim(path)
    if (claim === undefined) return []
    if (lives(claim) !== false) return [{ path, claim, owns: existsSync(ownerFile(path)) }]
    withdraw(path)
    return []
  })
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
}

/** Undefined when it was just withdrawn. One that cannot be read is being written, or its process died then: the name says which it is. */
function readClaim(path: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Claim
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return { pid: Number.parseInt(basename(path), 10), started: '', host: thisProcess().host, what: '', since: '' }
  }
}

/** A claim that cannot be written is none: half of one would speak for whoever gets this process's number next. */
function put(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    rmSync(path, { force: true })
    throw cause
  }
}

const ownerFile = (claim: string): string => claim.replace(/json$/, 'owner')

/** The claim goes last: while it is there, nobody else takes the lock. */
function withdraw(claim: string): void {
  rmSync(ownerFile(claim), { force: true })
  rmSync(claim, { force: true })
}

function refusal(home: string, path: string, { pid, host, what, since }: Claim): Error {
  const here = host === thisProcess().host
  return failure(
    'RLP8206',
    `\`${what}\` is at work in \`${home}\`: process ${pid}${here ? '' : ` on ${host.split('/')[0]}`}, since ${since.slice(0, 16).replace('T', ' ')} UTC`,
    here ? 'wait for it with `--wait`, or stop it' : `wait for it with \`--wait\`; if it is gone, remove \`${path}\``,
  )
}
