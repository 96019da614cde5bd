// Key/value caches of several sizes side by side in one session: the size becomes part of the state's name.
// Knows where rows lie, not what they mean.

import { evaluateDim } from '../../../spec/graph/dims.js'
import type { Graph } from '../../../spec/graph/graph.js'
import type { Bindings, Call, Feeds, Session, TensorData } from '../../executors/executor.js'
import { inputs, type Programs } from './programs.js'
import { turnOf, TURNS } from './turn.js'

/** Zeros of the type of `data`: the reference executor computes in double precision. */
export const zerosAs = (data: TensorData, count: number): Float32Array | Float64Array => new (data instanceof Float64Array ? Float64Array : Float32Array)(count)

export class Caches {
  private turn: Graph | undefined

  private constructor(
    readonly rows: number,
    /** Positions of a row. */
    readonly length: number,
    private readonly session: Session,
    private readonly reading: Graph,
    private readonly decode: Graph,
    private readonly states: readonly { readonly name: string; readonly size: number }[],
  ) {}

  /** Declare the caches of the `prefill` and `decode` programs for `rows` rows of `length` positions, under a name of their own. */
  static declare(programs: Programs, rows: number, length: number, name: string): Caches {
    const rename = (state: string): string => (state.startsWith('cache.') ? `${state}@${name}` : state)
    const decode = renameStates(programs.graph('decode'), rename)
    const states = inputs(decode, 'state')
      .filter((node) => String(node.attributes['name']).startsWith('cache.'))
      .map(({ attributes, type }) => ({ name: String(attributes['name']), dtype: type.dtype, shape: type.shape.map((dim) => evaluateDim(dim, { B: rows, S: length })) }))
    for (const { name, dtype, shape } of states) programs.session.declare(name, dtype, shape)
    const sizes = states.map(({ name, shape }) => ({ name, size: shape.reduce((a, b) => a * b, 1) }))
    return new Caches(rows, length, programs.session, renameStates(programs.graph('prefill'), rename), decode, sizes)
  }

  /** A run of `prefill` on these caches. */
  prefill(bindings: Bindings, feeds: Feeds): Call {
    return { graph: this.reading, bindings: { ...bindings, B: this.rows, S: this.length }, feeds }
  }

  /** At most so many turns of `sample` and `decode` on these caches; fetches `token` and `logp` [turns, B] and what is carried on (`turn.ts`). */
  turns(sample: Graph, most: number, feeds: Feeds & Readonly<Record<'ends', TensorData>>): Call {
    this.turn ??= turnOf(sample, this.decode)
    return { graph: this.turn, bindings: { B: this.rows, S: this.length, E: feeds.ends.length }, feeds, loop: { ...TURNS, most: Math.min(most, TURNS.most) } }
  }

  /** Copy the chosen rows, one of them as often as it is named, to the front of other caches of the same length. */
  async copyTo(other: Caches, chosen: readonly number[]): Promise<void> {
    for (const [i, { name, size }] of this.states.entries()) {
      const from = await this.session.read(name)
      const row = size / this.rows
      const into = zerosAs(from, other.rows * row)
      chosen.forEach((old, place) => into.set(from.subarray(old * row, (old + 1) * row), place * row))
      this.session.write((other.states[i] as { name: string }).name, into)
    }
  }
}

function renameStates(graph: Graph, rename: (name: string) => string): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => (node.op === 'input' && node.attributes['storage'] === 'state' ? { ...node, attributes: { ...node.attributes, name: rename(String(node.attributes['name'])) } } : node)),
    outputs: graph.outputs.map((output) => (output.kind === 'assign' ? { ...output, state: rename(output.state) } : output)),
  }
}
