// Calls of host functions from expressions. Expressions are evaluated at once, and programs take time: a call that must wait is noted and
// ends its expression; then all that were noted run, and those expressions are evaluated again and find the results.

import { failure } from './codes.js'
import { callHost } from './host-functions.js'
import { Later, type HostContext, type HostValue, type LaterResult } from './host.js'
import type { Ending } from './sandbox/sandbox.js'

/** A call where nothing can wait. Errors: those of the function, and RLP8105 for one that runs programs. */
export function callNow(name: string, args: Readonly<Record<string, HostValue>>, context: HostContext): HostValue {
  const value = callHost(name, args, context)
  if (value instanceof Later) throw failure('RLP8105', `\`${name}\` runs programs, and rows are chosen without waiting`, 'use it in a reward, or in the `keep` of a `Filter` stage')
  return value
}

/** Thrown through an expression whose value is not known yet; whoever catches errors of expressions lets it pass. */
export class Waiting extends Error {}

type Settled = LaterResult | { readonly error: unknown }

/** Functions are pure, so a call with the same arguments is made once, and results do not depend on the order in which programs end. */
export class HostCalls {
  private readonly known = new Map<string, Settled>()
  private readonly noted = new Map<string, Later>()

  constructor(private readonly context: HostContext) {}

  /** The value of a call; `seen` takes the keys of calls that were waited for. Throws what the function throws. */
  call(name: string, args: Readonly<Record<string, HostValue>>, seen?: Set<string>): HostValue {
    const value = callHost(name, args, this.context)
    if (!(value instanceof Later)) return value
    // The tokens behind a completion say no more than its text.
    const key = JSON.stringify([name, args], (field, part: unknown) => (field === 'ids' ? undefined : part))
    seen?.add(key)
    const settled = this.known.get(key)
    if (!settled) {
      this.noted.set(key, value)
      throw new Waiting('the value is not known yet')
    }
    if ('error' in settled) throw settled.error
    return settled.value
  }

  /** What `evaluate` makes of every item, with as many waits as calls lie inside each other. */
  async each<T, R>(items: readonly T[], evaluate: (item: T) => R): Promise<R[]> {
    const results: R[] = []
    let left = items.map((item, i) => ({ item, i }))
    do {
      left = left.filter(({ item, i }) => {
        try {
          results[i] = evaluate(item)
          return false
        } catch (cause) {
          if (cause instanceof Waiting) return true
          throw cause
        }
      })
    } while (await this.settle())
    return results
  }

  /** Makes the calls that were noted, all at the same time; whether there were any. */
  async settle(): Promise<boolean> {
    const noted = [...this.noted]
    this.noted.clear()
    await Promise.all(noted.map(async ([key, later]) => this.known.set(key, await later.start().catch((error: unknown) => ({ error })))))
    return noted.length > 0
  }

  /** How the programs behind these calls ended. */
  endings(seen: ReadonlySet<string>): readonly Ending[] {
    return [...seen].flatMap((key) => {
      const settled = this.known.get(key)
      return settled && 'endings' in settled ? settled.endings : []
    })
  }
}
