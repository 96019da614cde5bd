// Whether a regular expression is found in a text, or in how many of its words, with a budget of time: some expressions take ages on some texts
// (catastrophic backtracking), and a policy that is trained will find such texts.

import { createContext, Script, type Context } from 'node:vm'
import { failure } from '../codes.js'

/** Milliseconds; a search that is not pathological takes microseconds. */
const BUDGET = 500

const compiled = new Map<string, RegExp>()
let sandbox: (Context & { expression?: RegExp; texts?: readonly string[] }) | undefined
let search: Script | undefined

/**
 * JavaScript syntax with the flags `s` (`.` matches newlines) and `u` (Unicode).
 * @throws HostError RLP8105 for a pattern that is not one, RLP8107 when the search takes longer than half a second.
 */
export function matches(text: string, pattern: string): boolean {
  return searched([text], pattern) > 0
}

/**
 * Share of the words, between white space, in which the pattern is found; 0 of none.
 * @throws HostError as `matches`, for all words together.
 */
export function matchingShare(text: string, pattern: string): number {
  const words = text.split(/\s+/).filter((word) => word !== '')
  return words.length === 0 ? 0 : searched(words, pattern) / words.length
}

/** In how many of the texts the pattern is found. */
function searched(texts: readonly string[], pattern: string): number {
  sandbox ??= createContext({})
  search ??= new Script('texts.filter((text) => expression.test(text)).length')
  sandbox.expression = expressionOf(pattern)
  sandbox.texts = texts
  try {
    return search.runInContext(sandbox, { timeout: BUDGET }) as number
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw failure('RLP8107', `searching for \`${pattern}\` took longer than ${BUDGET} ms`, 'write the pattern without nested repetition, such as `(a+)+`')
  }
}

function expressionOf(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known) return known
  try {
    const made = new RegExp(pattern, 'su')
    compiled.set(pattern, made)
    return made
  } catch (error) {
    throw failure('RLP8105', `\`${pattern}\` is not a regular expression: ${(error as Error).message.replace(/^Invalid regular expression: /, '')}`)
  }
}
