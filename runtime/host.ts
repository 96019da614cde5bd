// What functions behind `extern fn` take and give, and how they fail.
// The functions by name are in `host-functions.ts`, data sources in `data/sources.ts`.

import type { Dataset } from './data/dataset.js'
import type { Secret } from './secrets.js'
import type { Ending } from './sandbox/sandbox.js'

/** What a policy wrote, as a signal sees it. */
export interface Completion {
  readonly text: string
  /** Tokens, the end token not counted. */
  readonly tokens: number
  /** The tokens themselves, the end token not among them; absent where only a text was given, as in tests of rewards. */
  readonly ids?: ArrayLike<number>
  readonly finished: boolean
  /** How much it looked at tokens of two roles, of each layer, by `rolesKey`; absent where no reward asks, or the stage records no attention. */
  readonly looks?: Readonly<Record<string, ArrayLike<number>>>
}

export type HostValue = null | boolean | number | string | readonly HostValue[] | { readonly [field: string]: HostValue } | Dataset | Completion | HostShare | Secret | HostClassifier | HostScorer

/** One weighted part of a mixture. */
export interface HostShare { readonly part: number; readonly data: Dataset }

/**
 * Arguments by name, quantities as plain numbers in their canonical unit, `none` as null.
 * A signal that does not apply returns null; one that fails throws a `HostError`, with code RLP8107 when it ran out of time.
 */
export type HostFunction = (args: Readonly<Record<string, HostValue>>, context: HostContext) => HostValue | Later

/** The value of a call that takes time, not yet begun. `HostCalls` begins and waits. */
export class Later {
  constructor(readonly start: () => Promise<LaterResult>) {}
}

export interface LaterResult {
  readonly value: HostValue
  /** How each program behind the value ended. */
  readonly endings: readonly Ending[]
}

/** A trained classifier of vectors. Written out it is its address, so that calls with it can be told apart. */
export class HostClassifier {
  constructor(
    readonly address: string,
    /** Numbers of a vector. */
    readonly inputs: number,
    readonly probability: (features: readonly number[], label: number) => Promise<number>,
  ) {}

  toJSON(): string {
    return this.address
  }
}

/** A trained reward model. Written out it is its address, as a classifier. */
export class HostScorer {
  constructor(
    readonly address: string,
    readonly score: (prompt: string, completion: Pick<Completion, 'text' | 'finished'>) => Promise<number>,
  ) {}

  toJSON(): string {
    return this.address
  }
}

export interface HostContext {
  /** Folder that relative paths are resolved against: that of the spec. */
  readonly root: string
  /** Field → type of the rows that the dataset declares, for sources that read files. */
  readonly row?: Readonly<Record<string, string>>
}

/** Thrown by host functions on user-visible failures; has a code of the 8xxx table. */
export class HostError extends Error {
  constructor(readonly code: string, message: string, readonly help?: string) {
    super(message)
  }
}
