// Two graphs side by side, from their fetches inwards: the same, the same but for constants, or of another shape.
// Compares structure only: graphs of another shape may still compute the same.

import type { AttributeValue, Graph, GraphNode } from '../../spec/graph/graph.js'

export interface ConstantPair {
  readonly ours: string
  readonly theirs: string
  /** The op that reads them. */
  readonly in: string
}

export type Likeness =
  | { readonly likeness: 'same' }
  | { readonly likeness: 'constants'; readonly pairs: readonly ConstantPair[] }
  /** Constants that only one of the two reads. */
  | { readonly likeness: 'other'; readonly ours: readonly string[]; readonly theirs: readonly string[] }

/** Labels, names of graphs and the order of nodes do not count. Both without composites. */
export function compareGraphs(ours: Graph, theirs: Graph): Likeness {
  const pairs = new Map<string, ConstantPair>()
  const seen = new Set<string>()
  const alike = (a: number, b: number, reader: string): boolean => {
    const key = `${a} ${b}`
    if (seen.has(key)) return true
    seen.add(key)
    const [x, y] = [ours.nodes[a] as GraphNode, theirs.nodes[b] as GraphNode]
    if (x.op !== y.op || text(x.type) !== text(y.type) || x.inputs.length !== y.inputs.length) return false
    if (x.op === 'const') {
      const [mine, other] = [valueOf(x), valueOf(y)]
      if (mine !== other) pairs.set(`${mine} ${other}`, { ours: mine, theirs: other, in: reader })
      return true
    }
    // A broadcast constant is read by whatever reads the broadcast.
    const op = x.op === 'broadcast' ? reader : x.op
    return text(x.attributes) === text(y.attributes) && x.inputs.every((input, i) => alike(input, y.inputs[i] as number, op))
  }
  const fetches = (graph: Graph) => new Map(graph.outputs.flatMap((output) => (output.kind === 'fetch' ? [[output.name, output.node] as const] : [])))
  const [mine, other] = [fetches(ours), fetches(theirs)]
  const shape = mine.size === other.size && [...mine].every(([name, node]) => other.has(name) && alike(node, other.get(name) as number, 'fetch'))
  if (!shape) return { likeness: 'other', ours: only(ours, theirs), theirs: only(theirs, ours) }
  return pairs.size === 0 ? { likeness: 'same' } : { likeness: 'constants', pairs: [...pairs.values()] }
}

const text = (value: unknown): string => JSON.stringify(value, (_, inner: unknown) => (inner && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner))

const valueOf = ({ attributes }: GraphNode): string => String(attributes['value'] as AttributeValue)

const constants = (graph: Graph): Set<string> => new Set(graph.nodes.filter(({ op }) => op === 'const').map(valueOf))

function only(graph: Graph, without: Graph): string[] {
  const known = constants(without)
  return [...constants(graph)].filter((value) => !known.has(value)).sort((a, b) => Number(a) - Number(b))
}
