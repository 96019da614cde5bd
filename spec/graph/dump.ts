// A graph as text for people: one line a node, bodies of composites once at the end.
// Not a format: it is never parsed, the JSON is.

import { typeText } from './dims.js'
import type { AttributeValue, Graph, GraphNode } from './graph.js'
import { ops } from './ops.js'

/** `%12 advantage: f32[G, N] = div(%8, %11)`; a composite names its body: `@rms_norm`. */
export function dump(graph: Graph): string {
  const bodies = new Map<string, { title: string; body: Graph }>()
  const titles = new Map<string, number>()

  const titleOf = (body: Graph): string => {
    const key = JSON.stringify(body)
    const known = bodies.get(key)
    if (known) return known.title
    const count = (titles.get(body.name) ?? 0) + 1
    titles.set(body.name, count)
    const title = count === 1 ? `@${body.name}` : `@${body.name}.${count}`
    bodies.set(key, { title, body })
    return title
  }

  const line = (owner: Graph, node: GraphNode, id: number): string => {
    const types = node.outputs && node.outputs.length > 1 ? `(${node.outputs.map(typeText).join(', ')})` : typeText(node.type)
    const name = node.op === 'composite' ? titleOf(owner.bodies[node.body as number] as Graph) : node.op
    const args = node.inputs.map((input) => `%${input}`)
    for (const [key, value] of Object.entries(node.attributes)) {
      if (!(node.op === 'composite' && key === 'name')) args.push(argument(node, key, value))
    }
    return `  %${id}${node.label === undefined ? '' : ` ${node.label}`}: ${types} = ${name}(${args.join(', ')})`
  }

  const text = (heading: string, source: Graph): string => {
    const lines = source.nodes.map((node, id) => line(source, node, id))
    const outputs = source.outputs.map((output) => (output.kind === 'fetch' ? `  fetch ${output.name} = %${output.node}` : `  assign ${output.state} = %${output.node}`))
    return [heading, ...lines, ...outputs].join('\n')
  }

  const parts = [text(`graph ${graph.name}`, graph)]
  // Bodies are found while they are printed: a map keeps insertion order and the loop sees later ones.
  for (const { title, body } of bodies.values()) parts.push(text(title, body))
  return `${parts.join('\n\n')}\n`
}

function argument(node: GraphNode, key: string, value: AttributeValue): string {
  const text = Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
  const plain = Object.keys(ops[node.op].attributes).length === 1 && (node.op === 'const' || node.op === 'part')
  return plain ? text : `${key}=${text}`
}
