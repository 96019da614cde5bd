// Cases → tensor programs: the expressions of all counterparts as one `.rlp` module, checked once, then lowered case by case.
// Does not run anything.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { check } from '../../../compiler/check/check.js'
import { GraphBuilder, type Value } from '../../../compiler/graph/builder.js'
import { gradient } from '../../../compiler/graph/gradient.js'
import { simplify } from '../../../compiler/graph/simplify.js'
import { readKinds } from '../../../compiler/kinds/read.js'
import { Evaluator } from '../../../compiler/lower/evaluate.js'
import { Levels } from '../../../compiler/lower/levels.js'
import type { TensorTerm, Term } from '../../../compiler/lower/terms.js'
import { memoryHost } from '../../../compiler/resolve/host.js'
import { resolve } from '../../../compiler/resolve/resolve.js'
import type { DeclarationSymbol } from '../../../compiler/resolve/program.js'
import type { Graph } from '../../graph/graph.js'
import type { Case, Counterpart } from './cases.js'
import { buildHead, HEAD_GIVES } from './head.js'

export type ReadLibrary = (path: string) => string
const library = new URL('../../../stdlib/', import.meta.url)
const known = new Map<string, string>()
export const readLibrary: ReadLibrary = (path) => {
  const text = known.get(path) ?? readFileSync(fileURLToPath(new URL(`${path.slice('std/'.length)}.rlp`, library)), 'utf8')
  known.set(path, text)
  return text
}

export interface Job {
  readonly case: Case
  readonly counterpart: Counterpart
}

export interface Lowered {
  /** Fetches: outputs by their names, `d name` the gradient of feed `name`. Absent with `mistakes`. */
  readonly graph?: Graph
  /** What the checker or lowering said. */
  readonly mistakes: readonly string[]
}

export const maskFeed = (level: string): string => `mask of ${level}`
export const gradientFetch = (name: string): string => `d ${name}`
export const gradientsOf = (c: Case): string[] => [...new Set([...Object.keys(c.gradients), ...Object.keys(c.float64?.gradients ?? {})])]

const outputName = (job: number, output: number): string => `case_${job}_${output}`

/** One function for each output of each job, in the order of jobs. */
function moduleOf(imports: string, jobs: readonly Job[]): string {
  const functions = jobs.flatMap(({ counterpart: { feeds, heads = {}, outputs } }, job) => {
    const scored = Object.keys(heads).flatMap((prefix) => HEAD_GIVES.map((name) => `${prefix}${name}: Real per token`))
    const parameters = [...Object.entries(feeds).map(([name, [level]]) => `${name}: Real${per(level)}`), ...scored]
    return Object.values(outputs).map(([level, expression], output) => `fn ${outputName(job, output)}(${parameters.join(', ')}): Real${per(level)} = ${expression}`)
  })
  return `rlp 1\n${imports}\n${functions.join('\n')}\n`
}
const per = (level: string): string => (level === 'batch' ? '' : ` per ${level}`)

/** Lowers all jobs that share `imports`. Throws only when the standard library itself is wrong. */
export function lowerJobs(imports: string, jobs: readonly Job[], read: ReadLibrary = readLibrary): Lowered[] {
  const source = moduleOf(imports, jobs)
  const { program, diagnostics } = resolve('main.rlp', memoryHost({ 'main.rlp': source }, read))
  if (!program) throw new Error(diagnostics.map(({ code, title }) => `${code} ${title}`).join('\n'))
  const { kinds } = readKinds(program)
  const mistakes = jobs.map((): string[] => [])
  const lines = source.split('\n')
  for (const { severity, code, title, primary } of [...diagnostics, ...check(program, kinds).diagnostics]) {
    if (severity !== 'error') continue
    const line = primary.span.file === program.entry.module.file ? source.slice(0, primary.span.start).split('\n').length - 1 : -1
    const job = /^fn case_(\d+)_/.exec(lines[line] ?? '')?.[1]
    if (job === undefined) throw new Error(`${code} ${title} (${primary.span.file.path})`)
    mistakes[Number(job)]?.push(`${code} ${title}`)
  }
  return jobs.map((job, index) => {
    const found = mistakes[index] as string[]
    return found.length > 0 ? { mistakes: found } : lower(job, (output) => program.entry.declared.get(outputName(index, output)) as DeclarationSymbol)
  })
}

function lower({ case: c, counterpart }: Job, symbolOf: (output: number) => DeclarationSymbol): Lowered {
  const b = new GraphBuilder('parity')
  const levels = new Levels(counterpart.levels)
  const depthOf = (level: string): number => {
    const depth = levels.depthOf(level)
    if (depth === undefined) throw new Error(`${c.name}: no level ${level}`)
    return depth
  }
  const masks = new Map(Object.keys(counterpart.masks).map((level) => [depthOf(level), b.lt(0, b.input(maskFeed(level), 'f32', levels.shapeAt(depthOf(level))))]))
  const feeds = new Map<string, TensorTerm>(Object.entries(counterpart.feeds).map(([name, [level]]) => [name, { type: 'tensor', value: b.input(name, 'f32', levels.shapeAt(depthOf(level))), depth: depthOf(level) } as const]))
  const inputs = new Map([...feeds].map(([name, { value }]) => [name, value]))
  for (const [prefix, head] of Object.entries(counterpart.heads ?? {})) {
    const depth = depthOf('token')
    const [given, read] = buildHead(b, prefix, head, levels.shapeAt(depth))
    for (const name of HEAD_GIVES) feeds.set(prefix + name, { type: 'tensor', value: given[name], depth })
    for (const [name, value] of read) inputs.set(name, value)
  }
  const evaluator = new Evaluator(b, levels, masks, { constant: () => ({ type: 'poison' }) })
  const results = new Map<string, Value>()
  for (const [index, [name, [level]]] of Object.entries(counterpart.outputs).entries()) {
    const symbol = symbolOf(index)
    if (symbol.declaration.node !== 'Function') throw new Error(`${c.name}: not a function`)
    const { declaration } = symbol
    const term = evaluator.apply({ type: 'function', symbol, declaration, bound: new Map() }, feeds as ReadonlyMap<string, Term>, declaration.span)
    const value = evaluator.real(term, depthOf(level), declaration.span)
    if (value) results.set(name, value.value)
  }
  if (evaluator.diagnostics.length > 0) return { mistakes: evaluator.diagnostics.map(({ code, title }) => `${code} ${title}`) }
  const wanted = gradientsOf(c)
  const of = (counterpart.gradientOf ?? ['loss']).flatMap((name) => results.get(name) ?? [])
  const by = wanted.map((name) => inputs.get(counterpart.gradientNames?.[name] ?? name))
  if (wanted.length > 0 && by.every((input) => input !== undefined)) {
    const slopes = gradient(b, of, of.map((value) => b.full(1, value.shape)), by)
    wanted.forEach((name, i) => b.fetch(gradientFetch(name), slopes[i] as Value))
  }
  for (const [name, value] of results) b.fetch(name, value)
  return { graph: simplify(b.build()), mistakes: [] }
}
