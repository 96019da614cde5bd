// What the store can do without: results and interrupted work that no plan in use has. Metrics and samples of runs stay.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { guarded } from '../checkpoint/atomic.js'
import { filesIn } from './hash.js'
import type { Store } from './store.js'

export interface Garbage {
  readonly fingerprint: string
  readonly what: 'result' | 'interrupted'
  readonly bytes: number
}

/** Everything whose fingerprint is not used, results first. */
export function garbage(store: Store, used: ReadonlySet<string>): Garbage[] {
  const unused = (fingerprints: readonly string[]) => fingerprints.filter((fingerprint) => !used.has(fingerprint))
  return [
    ...unused(store.list()).map((fingerprint) => ({ fingerprint, what: 'result', bytes: sizeOf(store.path(fingerprint)) }) as const),
    ...unused(store.interrupted()).map((fingerprint) => ({ fingerprint, what: 'interrupted', bytes: sizeOf(store.work(fingerprint)) }) as const),
  ]
}

/** Only while the lock is held. Errors: RLP8202. */
export function collect(store: Store, items: readonly Garbage[]): void {
  for (const { fingerprint, what } of items) {
    if (what === 'result') store.remove(fingerprint)
    else store.clear(fingerprint)
  }
  store.emptyTrash()
}

/** Bytes of all files under a folder. */
export function sizeOf(folder: string): number {
  return guarded(folder, () => filesIn(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0))
}
