// What a printed function takes and gives: parameters, results, and the sizes that it reads from shapes.
// Does not print the body.

import type { Graph, GraphNode, Shape, TensorType } from '../../../spec/graph/graph.js'
import { ops } from '../../../spec/graph/ops.js'
import { KINDS, type Like } from './dtypes.js'
import { identifier, Names } from './names.js'

export interface Parameter {
  /** In Python. */
  readonly name: string
  /** In the graph: the feed or state. */
  readonly input: string
  readonly storage: 'feed' | 'state'
  readonly node: number
  readonly type: TensorType
}

export interface Result {
  /** Of the fetch, or of the state that is assigned. */
  readonly name: string
  readonly kind: 'fetch' | 'assign'
  readonly type: TensorType
}

export interface Signature {
  readonly name: string
  readonly parameters: readonly Parameter[]
  /** Parameters given by name only: `mask`, and sizes that no shape tells. */
  readonly keywords: readonly string[]
  readonly results: readonly Result[]
  readonly symbols: readonly string[]
  readonly like: Like
}

export function signatureOf(graph: Graph, name: string, reserved: Iterable<string>): Signature {
  const symbols = symbolsOf(graph)
  const names = new Names([...reserved, ...symbols])
  const inputs = graph.nodes.flatMap((node, id) => (node.op === 'input' ? [{ node, id }] : []))
  const parameters = inputs.map(({ node, id }): Parameter => {
    const input = String(node.attributes.name)
    return { name: names.fresh(input), input, storage: node.attributes.storage as Parameter['storage'], node: id, type: node.type }
  })
  const seen = new Set(parameters.flatMap(({ type }) => type.shape))
  const masks = parameters.length === 1 ? [] : parameters.filter(({ input }) => input === 'mask').map((parameter) => parameter.name)
  const floats = parameters.filter(({ type }) => type.dtype === 'f32')
  return {
    name: identifier(name),
    parameters,
    keywords: [...masks, ...symbols.filter((symbol) => !seen.has(symbol))],
    results: graph.outputs.map((output) => ({ kind: output.kind, name: output.kind === 'fetch' ? output.name : output.state, type: (graph.nodes[output.node] as GraphNode).type })),
    symbols,
    // A mask may well be of truth values.
    like: { float: (floats.find(({ input }) => input !== 'mask') ?? floats[0])?.name, device: parameters[0]?.name },
  }
}

/** Every symbol of every size, in order of appearance. */
function symbolsOf({ nodes }: Graph): string[] {
  const sizes = nodes.flatMap(({ op, type, attributes }) => [...type.shape, ...Object.entries(ops[op].attributes).flatMap(([name, kind]) => (kind === 'dims' ? (attributes[name] as Shape) : []))])
  return [...new Set(sizes.flatMap((dim) => (typeof dim === 'string' ? (dim.match(/[A-Za-z_]\w*/g) ?? []) : [])))]
}

/** `G, N, T = mask.shape` for the sizes that a body names, from as few inputs as tell them. */
export function sizesFrom({ parameters, symbols, keywords }: Signature, body: string): string[] {
  let missing = symbols.filter((symbol) => !keywords.includes(symbol) && new RegExp(`\\b${symbol}\\b`).test(body))
  const lines: string[] = []
  while (missing.length > 0) {
    const told = ({ type }: Parameter): number => new Set(type.shape.filter((dim) => missing.includes(String(dim)))).size
    const best = parameters.reduce((a, b) => (told(b) > told(a) ? b : a))
    const { shape } = best.type
    const known = missing
    const first = (symbol: string): number => shape.indexOf(symbol)
    const found = known.filter((symbol) => first(symbol) >= 0)
    lines.push(
      found.length === 1
        ? `${found[0]} = ${best.name}.shape[${first(found[0] as string)}]`
        : `${shape.map((dim, axis) => (found.includes(String(dim)) && first(String(dim)) === axis ? dim : '_')).join(', ')} = ${best.name}.shape`,
    )
    missing = known.filter((symbol) => !found.includes(symbol))
  }
  return lines
}

const typeText = ({ dtype, shape }: TensorType): string => `${dtype === 'f32' ? '' : `${KINDS[dtype].slice('torch.'.length)} `}[${shape.join(', ')}]`

/** What the function does, and the shapes of what it takes and gives; values of one type share a line. */
export function docstring(doc: string, { parameters, keywords, results }: Signature): string[] {
  const [title, ...rest] = doc.trim().split('\n')
  const section = (heading: string, rows: readonly { readonly name: string; readonly type: TensorType }[]): string[] => {
    const byType = new Map<string, string[]>()
    for (const { name, type } of rows) byType.set(typeText(type), [...(byType.get(typeText(type)) ?? []), name])
    return rows.length === 0 ? [] : ['', `${heading}:`, ...[...byType].flatMap(([type, names]) => wrap(`${names.join(', ')}: ${type}`, 88).map((line, i) => `${i === 0 ? '    ' : '        '}${line}`))]
  }
  const lines = [...wrap(title as string, 88), ...rest, ...section('Args', [...parameters].sort((a, b) => Number(keywords.includes(a.name)) - Number(keywords.includes(b.name)))), ...section('Returns', results)]
  const safe = lines.map((line) => line.replace(/\\/g, '\\\\').replace(/"""/g, "'''"))
  if (safe.length === 1) return [`    """${safe[0]}"""`]
  return [`    """${safe[0]}`, ...safe.slice(1).map((line) => (line === '' ? '' : `    ${line}`)), '    """']
}

/** At spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
