// Helpers for tests of lowering: functions from source text or the standard library, and programs run on `reference`.
// Not a test itself.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Graph } from '../../../spec/graph/graph.js'
import { verify } from '../../../spec/graph/verify.js'
import { reference } from '../../../runtime/executors/reference/reference.js'
import type { Bindings, TensorData } from '../../../runtime/executors/executor.js'
import type { SourceHost } from '../../../grammar/source/source.js'
import type { ClosureValue, CompileValue } from '../../elaborate/value.js'
import { memoryHost } from '../../resolve/host.js'
import type { ModuleScope, Program } from '../../resolve/program.js'
import { resolve } from '../../resolve/resolve.js'
import type { LoweringContext } from '../types.js'

const library = new URL('../../../stdlib/', import.meta.url)

/** `main.rlp` beside the standard library. */
export const libraryHost = (source: string): SourceHost => memoryHost({ 'main.rlp': source }, (path) => readFileSync(fileURLToPath(new URL(`${path.slice('std/'.length)}.rlp`, library)), 'utf8'))

/** A program whose `main.rlp` is `source`. Throws on mistakes in it. */
export function programOf(source: string): Program {
  const { program, diagnostics } = resolve('main.rlp', libraryHost(source))
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (!program || errors.length > 0) throw new Error(errors.map(({ code, title }) => `${code} ${title}`).join('\n'))
  return program
}

/** Its modules by path. */
export const modulesOf = (source: string): ReadonlyMap<string, ModuleScope> => new Map(programOf(source).modules.map((module) => [module.path, module]))

/** The function `name` of `module`, with some parameters bound. */
export function closure(module: ModuleScope | undefined, name: string, bound: Readonly<Record<string, CompileValue>> = {}): ClosureValue {
  const symbol = module?.declared.get(name)
  if (symbol?.declaration.node !== 'Function') throw new Error(`no function ${name}`)
  return { type: 'closure', symbol, declaration: symbol.declaration, bound: new Map(Object.entries(bound)), span: symbol.declaration.span }
}

export const number = (value: number, unit?: string): CompileValue => ({ type: 'number', value, unit })
export const text = (value: string): CompileValue => ({ type: 'text', value })
export const range = (low: number, high: number): CompileValue => ({ type: 'range', low: number(low), high: number(high) })

export const noConstants: LoweringContext = {
  constant: () => {
    throw new Error('no constants here')
  },
}

/** One run of a legal program on a fresh session; states are written before and read after. */
export async function run(graph: Graph, sizes: Bindings, feeds: Readonly<Record<string, readonly number[]>>): Promise<Record<string, number[]>> {
  const faults = verify(graph)
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const session = await reference.open()
  const names = new Set(graph.nodes.flatMap(({ op, attributes }) => (op === 'input' ? [String(attributes['name'])] : [])))
  const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => names.has(name)).map(([name, values]) => [name, Float64Array.from(values)]))
  const fetched: Record<string, TensorData> = await session.load(graph, sizes).run(used)
  return Object.fromEntries(Object.entries(fetched).map(([name, data]) => [name, Array.from(data)]))
}

export const feedsOf = (graph: Graph): string[] => graph.nodes.flatMap(({ op, attributes }) => (op === 'input' ? [String(attributes['name'])] : [])).sort()
