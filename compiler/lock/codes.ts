// The codes of the lock: 91xx. They name files and versions, no places in a spec.

export interface LockCode {
  readonly slug: string
  readonly meaning: string
}

export const codes = {
  RLP9101: { slug: 'no-lock', meaning: '`--locked` was given and there is no `rlp.lock`, or it cannot be read' },
  RLP9102: { slug: 'module-changed', meaning: 'an imported module is not the one that was locked' },
  RLP9103: { slug: 'data-changed', meaning: 'a data file is not the one that was locked' },
  RLP9104: { slug: 'model-changed', meaning: 'a model is not the one that was locked' },
  RLP9105: { slug: 'version-changed', meaning: 'the compiler or a backend is of another version than the locked one' },
  RLP9106: { slug: 'not-locked', meaning: 'something is used that the lock does not name' },
} as const satisfies Readonly<Record<string, LockCode>>

export type LockCodeName = keyof typeof codes
