// A graph without what people call it and its values: what is left decides what it computes.
// Fingerprints hash it, and comparisons of plans use it to tell another name from another formula.

import type { Graph } from './graph.js'

export function nameless(graph: Graph): unknown {
  return { nodes: graph.nodes.map(({ label: _, ...node }) => node), outputs: graph.outputs, bodies: graph.bodies.map(nameless) }
}
