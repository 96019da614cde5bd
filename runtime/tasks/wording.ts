// Reads the `Wording` of `std/tasks/chains` from the arguments of a host function.

import { recordArgument, type Arguments } from '../arguments.js'
import { failure } from '../codes.js'
import type { Wording } from './chains-lessons.js'

/** Errors: RLP8105 when it is not one, or when its shares do not sum to 1 (±1e-9). */
export function wordingArgument(args: Arguments, name: string): Wording {
  const { start, steps } = recordArgument(args, name)
  if (typeof start !== 'string' || !Array.isArray(steps) || steps.length === 0) throw failure('RLP8105', `argument \`${name}\` is not a wording`, 'a wording is `{ start = "…", steps = [{ share = 100%, text = "…" }] }`')
  const ways = steps.map((way) => {
    const { share, text } = recordArgument({ way: way as Arguments[string] }, 'way')
    if (typeof share !== 'number' || typeof text !== 'string') throw failure('RLP8105', `a step of \`${name}\` has no \`share\` and \`text\``)
    return { share, text }
  })
  const sum = ways.reduce((total, { share }) => total + share, 0)
  if (Math.abs(sum - 1) > 1e-9) throw failure('RLP8105', `the shares of the steps of \`${name}\` sum to ${Number((sum * 100).toPrecision(12))} %`, 'make them sum to 100%')
  return { start, steps: ways }
}
