// Reads the arguments of host functions with their types. The compiler has checked them already;
// these checks are for plans that were not made by it, and for TypeScript.

import type { Dataset } from './data/dataset.js'
import { failure } from './codes.js'
import { HostClassifier, HostScorer, type Completion, type HostShare, type HostValue } from './host.js'
import { Secret } from './secrets.js'

export type Arguments = Readonly<Record<string, HostValue>>

const wrong = (name: string, wanted: string): never => {
  throw failure('RLP8105', `argument \`${name}\` is not ${wanted}`)
}

export function numberArgument(args: Arguments, name: string): number {
  const value = args[name]
  return typeof value === 'number' ? value : wrong(name, 'a number')
}

export function textArgument(args: Arguments, name: string): string {
  const value = args[name]
  return typeof value === 'string' ? value : wrong(name, 'a text')
}

export function textsArgument(args: Arguments, name: string): string[] {
  const value = args[name]
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return wrong(name, 'a list of texts')
  return value as string[]
}

/** A record whose fields are all texts. */
export function textsByName(args: Arguments, name: string): Readonly<Record<string, string>> {
  const record = recordArgument(args, name)
  if (!Object.values(record).every((value) => typeof value === 'string')) return wrong(name, 'a record of texts')
  return record as Readonly<Record<string, string>>
}

export function datasetArgument(args: Arguments, name: string): Dataset {
  const value = args[name]
  return isDataset(value) ? value : wrong(name, 'a dataset')
}

export function datasetsArgument(args: Arguments, name: string): Dataset[] {
  const value = args[name]
  if (!Array.isArray(value) || !value.every(isDataset)) return wrong(name, 'a list of datasets')
  return value as Dataset[]
}

export function flagArgument(args: Arguments, name: string): boolean {
  const value = args[name]
  return typeof value === 'boolean' ? value : wrong(name, '`true` or `false`')
}

/** Both ends of a range; an open end is infinite. */
export function rangeArgument(args: Arguments, name: string): [number, number] {
  const { low, high } = recordArgument(args, name)
  const end = (value: HostValue | undefined, open: number): number => (value === null || value === undefined ? open : typeof value === 'number' ? value : wrong(name, 'a range'))
  return [end(low, -Infinity), end(high, Infinity)]
}

export function classifierArgument(args: Arguments, name: string): HostClassifier {
  const value = args[name]
  return value instanceof HostClassifier ? value : wrong(name, 'a trained classifier')
}

export function scorerArgument(args: Arguments, name: string): HostScorer {
  const value = args[name]
  return value instanceof HostScorer ? value : wrong(name, 'a trained reward model')
}

export function recordArgument(args: Arguments, name: string): Arguments {
  const value = args[name]
  return isObject(value) && !Array.isArray(value) ? (value as Arguments) : wrong(name, 'a record')
}

export function sharesArgument(args: Arguments, name: string): HostShare[] {
  const value = args[name]
  if (!Array.isArray(value) || !value.every(isShare)) return wrong(name, 'a list of shares')
  return value as HostShare[]
}

/** A secret, or undefined for none: `reveal` it only where it is handed over. */
export function secretArgument(args: Arguments, name: string): Secret | undefined {
  const value = args[name]
  if (value === null || value === undefined) return undefined
  return value instanceof Secret ? value : wrong(name, 'a secret')
}

/** The text of a completion or a text itself; `null` for none. */
export function writtenArgument(args: Arguments, name: string): string | null {
  const value = args[name]
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return isCompletion(value) ? value.text : wrong(name, 'a text')
}

export function completionArgument(args: Arguments, name: string): Completion {
  const value = args[name]
  return isCompletion(value) ? value : wrong(name, 'a completion')
}

const isObject = (value: HostValue | undefined): value is Extract<HostValue, object> => typeof value === 'object' && value !== null

export const isDataset = (value: HostValue | undefined): value is Dataset => isObject(value) && 'row' in value && typeof value.row === 'function'

const isShare = (value: HostValue): value is HostShare => isObject(value) && 'part' in value && typeof value.part === 'number' && 'data' in value

const isCompletion = (value: HostValue | undefined): value is Completion => isObject(value) && 'text' in value && typeof value.text === 'string' && 'tokens' in value
