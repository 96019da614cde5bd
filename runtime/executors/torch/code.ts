// Pieces of Python source that know how tightly they bind, so that parentheses stand where Python needs them and nowhere else.
// Knows Python's grammar; does not know tensors.

import type { Dim } from '../../../spec/graph/graph.js'

/** Python's precedence, loosest first. */
export const LEVEL = { comparison: 1, or: 2, xor: 3, and: 4, shift: 5, sum: 6, product: 7, unary: 8, power: 9, atom: 10 } as const

export interface Code {
  readonly text: string
  readonly level: number
}

export const atom = (text: string): Code => ({ text, level: LEVEL.atom })

/** In parentheses where it binds less tightly than `level`. */
const inside = ({ text, level: own }: Code, level: number): string => (own < level ? `(${text})` : text)

/**
 * A left-associative operator; comparisons would chain in Python, so both of their sides are closed. Few people know
 * how `&` and `<<` bind beside others: mixed with them, everything is.
 */
export function infix(left: Code, operator: string, right: Code, level: number): Code {
  const needed = (side: Code, least: number): number => (side.level !== level && (isBitwise(level) || isBitwise(side.level)) ? LEVEL.unary : least)
  const [first, second] = [needed(left, level === LEVEL.comparison ? level + 1 : level), needed(right, level + 1)]
  return { text: `${inside(left, first)} ${operator} ${inside(right, second)}`, level }
}

const isBitwise = (level: number): boolean => level >= LEVEL.or && level <= LEVEL.shift

export function power(base: Code, exponent: Code): Code {
  const simple = [base, exponent].every(({ text }) => /^-?[\w.]+$/.test(text))
  return { text: `${inside(base, LEVEL.atom)}${simple ? '**' : ' ** '}${inside(exponent, LEVEL.unary)}`, level: LEVEL.power }
}

export const prefix = (operator: string, operand: Code): Code => ({ text: `${operator}${inside(operand, LEVEL.unary)}`, level: LEVEL.unary })
export const call = (callee: string, ...args: readonly (Code | string)[]): Code => atom(`${callee}(${args.map(textOf).join(', ')})`)
export const member = (object: Code, name: string): Code => atom(`${inside(object, LEVEL.atom)}.${name}`)
export const method = (object: Code, name: string, ...args: readonly (Code | string)[]): Code => call(member(object, name).text, ...args)
export const subscript = (object: Code, index: string): Code => atom(`${inside(object, LEVEL.atom)}[${index}]`)

const textOf = (argument: Code | string): string => (typeof argument === 'string' ? argument : argument.text)

/** `(0,)`, `(0, 1)`; one number for itself where torch takes either. */
export const tuple = (items: readonly (string | number)[]): string => (items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`)
export const oneOrTuple = (items: readonly number[]): string => (items.length === 1 ? String(items[0]) : tuple(items))

/** A number; integers without a point, which torch promotes as it promotes floats beside a float tensor. */
export function literal(value: number): Code {
  if (Number.isNaN(value)) return atom('torch.nan')
  const magnitude = Math.abs(value)
  // Python's integers do not round, torch's have 64 bits: a large one is written as the float that it is.
  const text = magnitude === Infinity ? 'torch.inf' : Number.isInteger(value) && magnitude >= 2 ** 53 ? magnitude.toExponential() : String(magnitude)
  return value < 0 ? prefix('-', atom(text)) : atom(text)
}

/** A size: `"2*B*T"` → `2 * B * T`, `"T-1"` → `T - 1`. */
export function size(dim: Dim): Code {
  const text = String(dim)
  const spaced = text.replace(/\*/g, ' * ').replace(/(?<=.)[+-]/g, (sign) => ` ${sign} `)
  return { text: spaced, level: /.[+-]/.test(text) ? LEVEL.sum : text.startsWith('-') ? LEVEL.unary : text.includes('*') ? LEVEL.product : LEVEL.atom }
}

/** `:` for all of an axis, `1:`, `: T - 1`, `start:end`; spaces as black writes them. */
export function range(from: Code | undefined, to: Code | undefined): string {
  const wide = [from, to].some((end) => end !== undefined && end.level < LEVEL.unary)
  if (!wide) return `${from?.text ?? ''}:${to?.text ?? ''}`
  return `${from ? `${from.text} ` : ''}:${to ? ` ${to.text}` : ''}`
}
