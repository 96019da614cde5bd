// The core of the graph builder: hash-consed nodes, composites with their bodies, outputs.
// Does not know the ops: `primitives.ts` has one method for each, `builder.ts` what is derived from them.

import { sameType, typeText } from '../../spec/graph/dims.js'
import type { AttributeValue, DType, Graph, GraphNode, GraphOutput, OpName, Shape, TensorType } from '../../spec/graph/graph.js'
import { ops } from '../../spec/graph/ops.js'
import { prune } from '../../spec/graph/prune.js'
import type { GraphBuilder } from './builder.js'

/** A handle on one node of one builder. Equal values are the same handle. */
export class Value {
  constructor(
    readonly builder: NodeTable,
    readonly id: number,
    readonly type: TensorType,
  ) {}

  get dtype(): DType {
    return this.type.dtype
  }
  get shape(): Shape {
    return this.type.shape
  }
  get rank(): number {
    return this.type.shape.length
  }
  get node(): GraphNode {
    return this.builder.nodeOf(this)
  }
}

/** Builds a composite's meaning out of its inputs. */
export type Expand = (b: GraphBuilder, ...inputs: Value[]) => Value[]

/** Gradients of a composite's inputs from those of its outputs (undefined: no gradient flows). `wanted` says of which inputs someone asks. */
export type CompositeGradient = (b: GraphBuilder, context: { inputs: Value[]; outputs: Value[]; grads: (Value | undefined)[]; wanted: readonly boolean[] }) => (Value | undefined)[]

export interface CompositeMeaning {
  readonly expand: Expand
  readonly gradient?: CompositeGradient
}

export type Attributes = Readonly<Record<string, AttributeValue>>

export class NodeTable {
  private readonly nodes: GraphNode[] = []
  private readonly values: Value[] = []
  private readonly consed = new Map<string, Value>()
  private readonly outputs: GraphOutput[] = []
  private readonly bodies: Graph[] = []
  private readonly bodyIndices = new Map<Graph | string, number>()
  private readonly labels = new Map<number, string>()
  private readonly meanings = new Map<number, CompositeMeaning>()

  constructor(readonly name: string) {}

  /** The node of these parts, made once. Throws on an illegal one: that is a mistake in the compiler, not in user input. */
  node(op: OpName, inputs: readonly Value[], attributes: Attributes, declared: TensorType, extra: Pick<GraphNode, 'body' | 'outputs'> = {}): Value {
    for (const input of inputs) if (input.builder !== this) throw new Error(`${op}: a value of another graph`)
    const type = ops[op].type(inputs.map((input) => input.type), attributes, declared)
    if (typeof type === 'string') throw new Error(`graph ${this.name}: ${op}: ${type}`)
    const sorted = Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
    const ids = inputs.map((input) => input.id)
    const key = JSON.stringify([op, ids, sorted, type.dtype, type.shape, extra.body])
    const known = this.consed.get(key)
    if (known) return known
    const value = new Value(this, this.nodes.length, type)
    this.nodes.push({ op, inputs: ids, attributes: sorted, type, ...extra })
    this.values.push(value)
    this.consed.set(key, value)
    return value
  }

  /** A composite whose body exists already, as when a graph is rebuilt. Returns all its outputs. */
  compositeOf(inputs: readonly Value[], attributes: Attributes, body: Graph): Value[] {
    const types = body.outputs.map((output) => (body.nodes[output.node] as GraphNode).type)
    return this.outputsOf(this.node('composite', inputs, attributes, types[0] as TensorType, { body: this.bodyIndex(body), outputs: types }))
  }

  /** Equal bodies are stored once. */
  private bodyIndex(body: Graph): number {
    const known = this.bodyIndices.get(body)
    if (known !== undefined) return known
    const text = JSON.stringify(body)
    const index = this.bodyIndices.get(text) ?? this.bodies.push(body) - 1
    this.bodyIndices.set(text, index).set(body, index)
    return index
  }

  /** All outputs of a composite. */
  outputsOf(whole: Value): Value[] {
    const types = this.nodeOf(whole).outputs ?? []
    return types.map((type, position) => (position === 0 ? whole : this.node('part', [whole], { index: position }, type)))
  }

  /** Copies a finished body into this graph: `inputs` stand for its inputs "0", "1", …; returns its outputs. */
  include(body: Graph, inputs: readonly Value[]): Value[] {
    const at: Value[] = []
    for (const node of body.nodes) {
      const args = node.inputs.map((input) => at[input] as Value)
      if (node.op === 'input') at.push(inputs[Number(node.attributes.name)] as Value)
      else if (node.op === 'composite') at.push(this.compositeOf(args, node.attributes, body.bodies[node.body as number] as Graph)[0] as Value)
      else at.push(this.node(node.op, args, node.attributes, node.type))
    }
    return body.outputs.map((output) => at[output.node] as Value)
  }

  /** Remembers how to differentiate a composite better than through its body. */
  protected remember(composite: Value, meaning: CompositeMeaning): void {
    this.meanings.set(composite.id, meaning)
  }

  meaningOf(composite: Value): CompositeMeaning | undefined {
    return this.meanings.get(composite.id)
  }

  nodeOf(value: Value): GraphNode {
    return this.nodes[value.id] as GraphNode
  }

  bodyOf(composite: Value): Graph {
    return this.bodies[this.nodeOf(composite).body as number] as Graph
  }

  valueAt(id: number): Value {
    return this.values[id] as Value
  }

  /** Names a value in dumps; the first name stays. */
  label(value: Value, text: string): Value {
    if (!this.labels.has(value.id)) this.labels.set(value.id, text)
    return value
  }

  fetch(name: string, value: Value): void {
    this.outputs.push({ kind: 'fetch', name, node: value.id })
  }

  /** Store the value in a state after everything is computed. */
  assign(state: Value | string, value: Value): void {
    if (typeof state === 'string') {
      this.outputs.push({ kind: 'assign', state, node: value.id })
      return
    }
    const { attributes } = state.node
    if (attributes.storage !== 'state') throw new Error(`graph ${this.name}: assign to something that is not a state`)
    if (!sameType(state.type, value.type)) throw new Error(`graph ${this.name}: assign ${typeText(value.type)} to the state "${String(attributes.name)}" of ${typeText(state.type)}`)
    this.outputs.push({ kind: 'assign', state: String(attributes.name), node: value.id })
  }

  /** The finished graph, without dead nodes; `keepInputs` for bodies. The same calls always give the same graph. */
  build({ keepInputs = false }: { keepInputs?: boolean } = {}): Graph {
    const nodes = this.nodes.map((node, id) => (this.labels.has(id) ? { ...node, label: this.labels.get(id) as string } : node))
    return prune({ name: this.name, nodes, outputs: [...this.outputs], bodies: [...this.bodies] }, { keepInputs })
  }
}
