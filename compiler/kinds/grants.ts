// Which attributes see `row`, `completion`, `metrics` and `clock`: their values are expressions that the run evaluates.
// Every other attribute must be known at compile time.

/** Kind → attribute (or `term`) → names that it is over. */
export const GRANTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  Dataset: { where: ['row'], balance: ['row'] },
  Phase: { select: ['row'], advance: ['metrics', 'clock'] },
  Reward: { term: ['completion', 'row'], total: ['completion', 'row'] },
  Filter: { keep: ['row'] },
}

/** The names granted to an attribute of a kind; none for most. */
export function grantsOf(kind: string, attribute: string): ReadonlySet<string> {
  return new Set(GRANTS[kind]?.[attribute] ?? [])
}
