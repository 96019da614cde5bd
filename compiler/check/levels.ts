// Levels of objectives (`token ⊂ rollout ⊂ group ⊂ batch`) as a partial order, from the chains that stage kinds declare.
// A number without a level is one for the whole batch, so `batch` is never written in a type.

/** Chains of the standard stage kinds, so that a module of functions can be checked without importing one. */
export const CHAINS: readonly (readonly string[])[] = [
  ['token', 'rollout', 'group', 'batch'],
  ['objective', 'rollout', 'group', 'batch'],
  ['logit', 'token', 'rollout', 'group', 'batch'],
  ['logit', 'token', 'sample', 'batch'],
  ['logit', 'token', 'side', 'pair', 'batch'],
  ['token', 'sample', 'batch'],
  ['token', 'side', 'pair', 'batch'],
  ['token', 'turn', 'rollout', 'group', 'batch'],
  ['action', 'critic', 'transition', 'batch'],
  ['weight', 'policy', 'batch'],
  ['head', 'sample', 'batch'],
]

export const OUTERMOST = 'batch'

export class Levels {
  private readonly chains: readonly (readonly string[])[]
  readonly names: readonly string[]

  constructor(declared: Iterable<readonly string[]>) {
    this.chains = [...CHAINS, ...declared]
    this.names = [...new Set(this.chains.flat())]
  }

  has(level: string): boolean {
    return this.names.includes(level)
  }

  /** Whether `outer` is strictly outside `inner` in some chain; `undefined` = the outermost. */
  isOutside(outer: string | undefined, inner: string | undefined): boolean {
    if (inner === undefined) return false
    return this.chains.some((chain) => chain.includes(inner) && chain.indexOf(outer ?? OUTERMOST) > chain.indexOf(inner))
  }

  /** The innermost of both; `'unrelated'` when no chain has both. */
  innermost(a: string | undefined, b: string | undefined): { level: string | undefined } | 'unrelated' {
    if (a === b || this.isOutside(b, a)) return { level: a }
    return this.isOutside(a, b) ? { level: b } : 'unrelated'
  }

  /** Levels strictly outside `level`, innermost first, over all chains. */
  outside(level: string | undefined): readonly string[] {
    const beyond = (name: string): number => this.names.filter((other) => this.isOutside(other, name)).length
    return level === undefined ? [] : this.names.filter((name) => this.isOutside(name, level)).sort((a, b) => beyond(b) - beyond(a))
  }
}

/** The level as types have it: `batch` is no level at all. */
export function levelIn(name: string): { level?: string } {
  return name === OUTERMOST ? {} : { level: name }
}

/** `each token`, `the whole batch`. */
export function showLevel(level: string | undefined): string {
  return level === undefined ? 'the whole batch' : `each ${level}`
}
