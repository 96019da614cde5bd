// Units of quantities as a table: dimension, canonical unit, and the factor of each spelling.
// A new count or unit is a row here; the grammar knows none of them.

export interface Dimension {
  /** Canonical unit: how plans write it (`steps`, `seconds`, `bytes`). */
  readonly unit: string
  /** Counts are whole numbers. */
  readonly whole: boolean
  /** Every spelling → how many canonical units it is. */
  readonly spellings: Readonly<Record<string, number>>
}

function count(singular: string, plural: string): Dimension {
  return { unit: plural, whole: true, spellings: { [plural]: 1, [singular]: 1 } }
}

/** By the name of the type. */
export const DIMENSIONS: Readonly<Record<string, Dimension>> = {
  Tokens: count('token', 'tokens'),
  Steps: count('step', 'steps'),
  Samples: count('sample', 'samples'),
  Prompts: count('prompt', 'prompts'),
  Rollouts: count('rollout', 'rollouts'),
  Groups: count('group', 'groups'),
  Epochs: { ...count('epoch', 'epochs'), whole: false },
  Turns: count('turn', 'turns'),
  Transitions: count('transition', 'transitions'),
  Episodes: count('episode', 'episodes'),
  Duration: { unit: 'seconds', whole: false, spellings: { s: 1, ms: 1e-3, min: 60, h: 3600, d: 86400, second: 1, seconds: 1 } },
  Bytes: {
    unit: 'bytes',
    whole: false,
    spellings: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, byte: 1, bytes: 1 },
  },
}

export interface Unit {
  /** Name of the type: `Steps`. */
  readonly dimension: string
  /** Canonical unit: `steps`. */
  readonly unit: string
  /** One of this unit in canonical units. */
  readonly factor: number
}

const UNITS: ReadonlyMap<string, Unit> = new Map(
  Object.entries(DIMENSIONS).flatMap(([dimension, { unit, spellings }]) => Object.entries(spellings).map(([spelling, factor]) => [spelling, { dimension, unit, factor }] as const)),
)

/** The unit with this spelling; `%` is no unit, its number is already divided by 100. */
export function unitNamed(spelling: string): Unit | undefined {
  return UNITS.get(spelling)
}

/** Every spelling, for suggestions. */
export function unitSpellings(): readonly string[] {
  return [...UNITS.keys(), '%']
}

/** The spelling that messages suggest for a dimension: `Steps` → `steps`, `Duration` → `s`. */
export function shownUnit(dimension: string): string {
  return Object.keys(DIMENSIONS[dimension]?.spellings ?? {})[0] ?? dimension
}
