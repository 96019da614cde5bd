// The language of Knights and Knaves: claims, puzzles, worlds, and how they are written in words.
// Knights tell the truth, knaves lie; who is who? Making puzzles and teaching them is in the files beside.

export type Operator = '=' | '#' | '&' | '|' | '>' | '~'

/** What a claim says of two people; `symmetric` = the order of the two does not matter. */
export const OPERATORS: Readonly<Record<Operator, { readonly symmetric: boolean; readonly holds: (left: boolean, right: boolean) => boolean }>> = {
  '=': { symmetric: true, holds: (left, right) => left === right },
  '#': { symmetric: true, holds: (left, right) => left !== right },
  '&': { symmetric: true, holds: (left, right) => left && right },
  '|': { symmetric: true, holds: (left, right) => left || right },
  '>': { symmetric: false, holds: (left, right) => !left || right },
  '~': { symmetric: true, holds: (left, right) => !left && !right },
}

/** `left` is a person's number; `right` another person's, or for `=` alone a constant (`B = 1`: B is a knight). */
export interface Claim {
  readonly left: number
  readonly operator: Operator
  readonly right: number | boolean
}

/** One claim by each person, in order. */
export type Claims = readonly Claim[]

/** Who is a knight. */
export type World = readonly boolean[]

export const nameOf = (person: number): string => String.fromCharCode(65 + person)
const digit = (knight: boolean): string => (knight ? '1' : '0')
const valueOf = (person: number, world: World): string => nameOf(person) + digit(world[person] as boolean)

/** Every assignment, from all knights (`111`) down to all knaves (`000`). */
export function worlds(people: number): World[] {
  return Array.from({ length: 2 ** people }, (_, i) => Array.from({ length: people }, (_, person) => ((i >> (people - 1 - person)) & 1) === 0))
}

/**
 * What one speaker may claim with these operators: `X op Y` for every ordered pair of different people,
 * and `X = 1`, `X = 0` for each other person when `=` is among them.
 */
export function claimsOf(speaker: number, people: number, operators: readonly Operator[]): Claim[] {
  const everyone = Array.from({ length: people }, (_, person) => person)
  return [
    ...everyone.flatMap((left) => everyone.flatMap((right) => (left === right ? [] : operators.map((operator) => ({ left, operator, right }))))),
    ...(operators.includes('=') ? everyone.flatMap((left) => (left === speaker ? [] : [true, false].map((right) => ({ left, operator: '=' as const, right })))) : []),
  ]
}

export function isTrue(claim: Claim, world: World): boolean {
  const right = typeof claim.right === 'number' ? (world[claim.right] as boolean) : claim.right
  return OPERATORS[claim.operator].holds(world[claim.left] as boolean, right)
}

/** A statement fits a world when its speaker tells the truth exactly as a knight. */
export const fits = (speaker: number, claim: Claim, world: World): boolean => isTrue(claim, world) === world[speaker]

/** The worlds that fit all statements; a puzzle has exactly one. */
export const solve = (claims: Claims): World[] => worlds(claims.length).filter((world) => claims.every((claim, speaker) => fits(speaker, claim, world)))

const claimText = ({ left, operator, right }: Claim): string => `${nameOf(left)} ${operator} ${typeof right === 'number' ? nameOf(right) : digit(right)}`

/** `<bos> K A : B = C . B : A > C . C : A = 0 . ?` */
export const promptOf = (claims: Claims): string => `<bos> K ${claims.map((claim, speaker) => `${nameOf(speaker)} : ${claimText(claim)} .`).join(' ')} ?`

/** One text for all puzzles that differ only in the order of the operands of symmetric operators. */
export function canonicalOf(claims: Claims): string {
  return claims
    .map((claim) => claimText(OPERATORS[claim.operator].symmetric && typeof claim.right === 'number' && claim.right < claim.left ? { ...claim, left: claim.right, right: claim.left } : claim))
    .join(' . ')
}

/** `A1 B0 C1` */
export const answerOf = (world: World): string => world.map((_, person) => valueOf(person, world)).join(' ')

/** What puzzle a prompt holds; `undefined` when it is not one. */
export function readPrompt(prompt: string): Claims | undefined {
  const words = prompt.trim().split(/\s+/)
  if (words[0] === '<bos>') words.shift()
  const people = (words.length - 2) / 6
  if (words[0] !== 'K' || words.at(-1) !== '?' || !Number.isInteger(people) || people < 1) return undefined
  const claims: Claim[] = []
  for (let speaker = 0; speaker < people; speaker++) {
    const [name, colon, first, operator, second, stop] = words.slice(1 + speaker * 6, 7 + speaker * 6) as [string, string, string, string, string, string]
    const left = first.length === 1 ? first.charCodeAt(0) - 65 : -1
    const right = second === '1' ? true : second === '0' ? false : second.length === 1 ? second.charCodeAt(0) - 65 : -1
    const isPerson = (value: number) => value >= 0 && value < people
    if (name !== nameOf(speaker) || colon !== ':' || stop !== '.' || !Object.hasOwn(OPERATORS, operator) || !isPerson(left)) return undefined
    if (typeof right === 'number' ? !isPerson(right) || right === left : operator !== '=') return undefined
    claims.push({ left, operator: operator as Operator, right })
  }
  return claims
}

/** One statement checked in a world: the speaker's value, the claim with values put in, its truth, and whether the two agree. */
export interface Check {
  /** `A1 B1 # C1` */
  readonly given: string
  /** `f x`: the claim is true (`t`) or false (`f`); it fits the speaker (`o`) or not (`x`). */
  readonly found: string
  readonly fits: boolean
}

export function check(speaker: number, claim: Claim, world: World): Check {
  const right = typeof claim.right === 'number' ? valueOf(claim.right, world) : digit(claim.right)
  const agrees = fits(speaker, claim, world)
  return {
    given: `${valueOf(speaker, world)} ${valueOf(claim.left, world)} ${claim.operator} ${right}`,
    found: `${isTrue(claim, world) ? 't' : 'f'} ${agrees ? 'o' : 'x'}`,
    fits: agrees,
  }
}
