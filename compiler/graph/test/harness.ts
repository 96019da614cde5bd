// Runs small graphs on the reference executor and compares gradients with central differences.
// For tests only.

import type { DType, Graph } from '../../../spec/graph/graph.js'
import { verify } from '../../../spec/graph/verify.js'
import { near } from '../../../spec/test/suite.js'
import type { Bindings, TensorData } from '../../../runtime/executors/executor.js'
import { reference } from '../../../runtime/executors/reference/reference.js'
import { GraphBuilder, type Value } from '../builder.js'
import { gradient } from '../gradient.js'

export type Feed = TensorData | readonly number[]

type Run = (feeds: Readonly<Record<string, Feed>>) => Promise<Record<string, number[]>>

export async function load(graph: Graph, bindings: Bindings = {}): Promise<Run> {
  const faults = verify(graph)
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const program = (await reference.open()).load(graph, bindings)
  return async (feeds) => {
    const results = await program.run(Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, Float64Array.from(feed)])))
    return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values)]))
  }
}

export const run = async (graph: Graph, feeds: Readonly<Record<string, Feed>> = {}, bindings: Bindings = {}): Promise<Record<string, number[]>> => (await load(graph, bindings))(feeds)

/** The outputs of a function of a builder, by position. */
export async function compute(define: (b: GraphBuilder) => readonly Value[]): Promise<number[][]> {
  const b = new GraphBuilder('test')
  const values = define(b)
  values.forEach((value, i) => b.fetch(String(i), value))
  const results = await run(b.build())
  return values.map((_, i) => results[String(i)] as number[])
}

/** A small generator of doubles in [0, 1): tests repeat exactly. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (Math.imul(state ^ (state >>> 16), 0x45d9f3b) >>> 0) / 2 ** 32
  }
}

export interface Argument {
  readonly shape: readonly number[]
  readonly dtype?: DType
  /** Values; otherwise uniform in `range`. */
  readonly values?: readonly number[]
  readonly range?: readonly [number, number]
}

export const values = ({ shape, values: given, range = [-2, 2] }: Argument, next: () => number): number[] =>
  given ? [...given] : Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => range[0] + (range[1] - range[0]) * next())

/** Compares the gradient of a weighted sum of all outputs with central differences, for every f32 argument. */
export async function checkGradient(define: (b: GraphBuilder, ...inputs: Value[]) => readonly Value[], inputs: readonly Argument[], { rtol = 1e-6, atol = 1e-7, step = 1e-5 } = {}): Promise<void> {
  const next = random(7)
  const feeds = Object.fromEntries(inputs.map((argument, i) => [String(i), values(argument, next)]))
  const b = new GraphBuilder('check')
  const parameters = inputs.map((argument, i) => b.input(String(i), argument.dtype ?? 'f32', argument.shape))
  const outputs = define(b, ...parameters).filter((output) => output.dtype === 'f32')
  const seeds = outputs.map((output, i) => b.sin(b.add(b.reshape(b.iota([output.shape.reduce<number>((x, y) => x * Number(y), 1)], 0, 'f32'), output.shape), 0.7 + i)))
  const loss = outputs.map((output, i) => b.reduceSum(b.mul(output, seeds[i] as Value))).reduce((x, y) => b.add(x, y))
  const floats = parameters.filter((parameter) => parameter.dtype === 'f32')
  gradient(b, [loss], [b.constant(1)], floats).forEach((g, i) => b.fetch(`grad ${floats[i]?.node.attributes.name as string}`, g))
  b.fetch('loss', loss)
  const evaluate = await load(b.build())
  const exact = await evaluate(feeds)
  for (const parameter of floats) {
    const name = parameter.node.attributes.name as string
    const feed = feeds[name] as number[]
    const estimate: number[] = []
    for (let i = 0; i < feed.length; i++) {
      const at = async (delta: number): Promise<number> => {
        const moved = { ...feeds, [name]: feed.map((x, j) => (i === j ? x + delta : x)) }
        return ((await evaluate(moved)).loss as number[])[0] as number
      }
      estimate.push(((await at(step)) - (await at(-step))) / (2 * step))
    }
    near(exact[`grad ${name}`] as number[], estimate, { rtol, atol, what: `gradient of input ${name}` })
  }
}
