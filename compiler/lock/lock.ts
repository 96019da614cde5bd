// `rlp.lock`: what a spec was compiled from and computed with, by hash. Its text, and what is not as it was locked.
// Pure: what is there now is found by `cli/lock.ts`. The spec itself is not locked, it is what people change.

import type { LockCodeName } from './codes.js'

/** Each a table of names and hashes (SHA-256), commits or versions. */
export interface Lock {
  /** `compiler`, and each backend. */
  readonly versions: Readonly<Record<string, string>>
  /** Imported modules, those of the standard library among them. */
  readonly modules: Readonly<Record<string, string>>
  /** Data files, from the folder of the spec. */
  readonly data: Readonly<Record<string, string>>
  /** Folders of models, from the folder of the spec; repositories of a hub with their commit. */
  readonly models: Readonly<Record<string, string>>
}

export interface LockProblem {
  readonly code: LockCodeName
  readonly message: string
  readonly notes: readonly string[]
  readonly help: string
}

const TABLES = ['data', 'models', 'modules', 'versions'] as const

/** JSON with a line for each thing, sorted: what changes is a line in a diff. */
export function lockText(lock: Lock): string {
  const table = (entries: Readonly<Record<string, string>>) => {
    const lines = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, hash]) => `    ${JSON.stringify(name)}: ${JSON.stringify(hash)}`)
    return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`
  }
  return `{\n  "lock": 1,\n${TABLES.map((name) => `  "${name}": ${table(lock[name])}`).join(',\n')}\n}\n`
}

/** The lock in a text, or in words why it is none. */
export function readLock(text: string): { readonly lock: Lock } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { problem: /^<{7} |^={7}$|^>{7} /m.test(text) ? 'it has the marks of a merge that was not finished' : `it is not JSON (${(cause as Error).message})` }
  }
  const tables = value as Partial<Record<string, unknown>> | null
  if (typeof tables !== 'object' || tables === null || tables['lock'] !== 1) return { problem: 'it is of another version of rlpc' }
  const isTable = (table: unknown) => typeof table === 'object' && table !== null && Object.values(table).every((entry) => typeof entry === 'string')
  const wrong = TABLES.find((name) => !isTable(tables[name]))
  return wrong === undefined ? { lock: tables as unknown as Lock } : { problem: `its table \`${wrong}\` is missing or damaged` }
}

/** What each table's entries are called, and the code of one that changed. */
const CHANGED: Readonly<Record<(typeof TABLES)[number], { readonly what: string; readonly code: LockCodeName; readonly mend: string }>> = {
  modules: { what: 'the module', code: 'RLP9102', mend: 'take back the change' },
  data: { what: 'the data file', code: 'RLP9103', mend: 'put the locked file back' },
  models: { what: 'the model', code: 'RLP9104', mend: 'put the locked model back' },
  versions: { what: 'the version of', code: 'RLP9105', mend: 'use the locked version' },
}

/** What of `now` is not as it was locked; what is locked and not used is no problem. */
export function lockProblems(lock: Lock, now: Lock): readonly LockProblem[] {
  return TABLES.flatMap((table) =>
    Object.entries(now[table]).flatMap(([name, hash]): LockProblem[] => {
      const { what, code, mend } = CHANGED[table]
      const locked = lock[table][name]
      if (locked === hash) return []
      if (locked === undefined) return [{ code: 'RLP9106', message: `${what} \`${name}\` is not in \`rlp.lock\``, notes: [], help: 'add it with `rlpc lock`' }]
      const message = table === 'versions' ? `${what} \`${name}\` is not the locked one` : `${what} \`${name}\` is not what was locked`
      return [{ code, message, notes: [`locked: ${locked}`, `here:   ${hash}`], help: `${mend}, or accept what is here with \`rlpc lock\`` }]
    }),
  )
}

/** `error[RLP9103]: …`, as diagnostics are printed. */
export function problemText({ code, message, notes, help }: LockProblem): string {
  return [`error[${code}]: ${message}`, ...notes.map((note) => `  = note: ${note}`), `  = help: ${help}, or run \`rlpc explain ${code}\``, ''].join('\n')
}
