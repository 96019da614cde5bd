// A function that computes each of its values once.

/** `compute`, once for each argument. */
export function memoised<A, R>(compute: (argument: A) => R): (argument: A) => R {
  const known = new Map<A, R>()
  return (argument) => {
    const found = known.get(argument) ?? compute(argument)
    known.set(argument, found)
    return found
  }
}
