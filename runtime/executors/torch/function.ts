// One graph as the text of one Python function: which values get a name, how they broadcast, and what is read from shapes.
// How an op is written is in `rows.ts`; imports and helper functions are added by `print.ts`.

import type { Dim, Graph, GraphNode, TensorType } from '../../../spec/graph/graph.js'
import { ops } from '../../../spec/graph/ops.js'
import { atom, call, method, size, type Code } from './code.js'
import { factory, type Like } from './dtypes.js'
import { framesOf } from './frames.js'
import { layout } from './layout.js'
import { Names } from './names.js'
import { pythonNumbers } from './numbers.js'
import { stepOf, type Step } from './patterns.js'
import { full, rows, scalar, unsqueezed, type Row } from './rows.js'
import { docstring, sizesFrom, type Signature } from './signature.js'

/** Longer expressions are cut: their longest operand gets a name. */
const LONGEST = 80
/** Ops whose result is called like their one tensor. */
const ALIKE: ReadonlySet<string> = new Set(['max', 'min', 'broadcast', 'reshape', 'stop_gradient'])

/** Code and how it lies in its value's shape: `has[axis]` is false where it has size 1, or where a leading axis is missing. */
interface Printed {
  readonly code: Code
  readonly has: readonly boolean[]
  /** Number of axes of the tensor that the code gives: the last ones of `has`. */
  readonly rank: number
}

export class FunctionPrinter {
  private readonly statements: string[] = []
  private readonly bound = new Map<number, Printed & { readonly name: string }>()
  private readonly composed = new Map<number, Printed>()
  private readonly steps = new Map<number, Step>()
  private readonly users = new Map<number, Set<number>>()
  private readonly fetched: ReadonlySet<number>
  private readonly numbers: ReadonlyMap<number, Code>
  private readonly frames: ReturnType<typeof framesOf>
  private readonly flows: ReadonlySet<number>
  private readonly named: ReadonlySet<number>
  private readonly names: Names
  private readonly like: Like

  /** A graph without composites. */
  constructor(
    private readonly graph: Graph,
    private readonly signature: Signature,
    reserved: Iterable<string>,
  ) {
    this.names = new Names([...reserved, ...signature.symbols, ...signature.parameters.map(({ name }) => name)])
    this.like = signature.like
    this.numbers = pythonNumbers(graph)
    this.fetched = new Set(graph.outputs.map(({ node }) => node))
    const isNumber = (id: number): boolean => this.numbers.has(id)
    for (const id of this.fetched) this.visit(id, isNumber)
    this.frames = framesOf(graph, this.steps, this.fetched, isNumber)
    this.flows = differentiable(graph)
    this.named = this.worthNames()
    for (const { name, node } of signature.parameters) {
      const { shape } = this.type(node)
      this.bound.set(node, { name, code: atom(name), has: shape.map(() => true), rank: shape.length })
    }
  }

  print(doc: string): string {
    const { name, parameters, keywords } = this.signature
    for (const id of [...this.named].sort((a, b) => a - b)) if (!this.bound.has(id)) this.bind(id, this.expression(id))
    const returned = this.graph.outputs.map(({ node }) => this.whole(node).text)
    const positional = parameters.filter((each) => !keywords.includes(each.name)).map((each) => each.name)
    const list = [...positional, ...(keywords.length > 0 ? ['*', ...keywords] : [])]
    const body = [...this.statements, this.returning(returned)].flatMap((statement) => layout(statement, 4))
    const sizes = sizesFrom(this.signature, body.join('\n'))
    return [...layout(`def ${name}(${list.join(', ')}):`, 0), ...docstring(doc, this.signature), ...sizes.map((line) => `    ${line}`), ...body].join('\n')
  }

  /** Several values of one long line stand in parentheses, so that they can be broken. */
  private returning(values: readonly string[]): string {
    const line = `return ${values.join(', ')}`
    return line.length + 4 <= 100 || values.length === 1 ? line : `return (${values.join(', ')})`
  }

  private node(id: number): GraphNode {
    return this.graph.nodes[id] as GraphNode
  }
  private type(id: number): TensorType {
    return this.node(id).type
  }

  private visit(id: number, isNumber: (id: number) => boolean): void {
    if (this.steps.has(id)) return
    const step = isNumber(id) ? { row: this.node(id).op, operands: [] } : stepOf(this.graph, id, isNumber)
    this.steps.set(id, step)
    for (const operand of step.operands) {
      this.users.set(operand, (this.users.get(operand) ?? new Set()).add(id))
      this.visit(operand, isNumber)
    }
  }

  /** Written inside whatever uses it, as often as it is used. */
  private isPassedOn(id: number): boolean {
    return this.numbers.has(id) || ['input', 'broadcast'].includes(this.node(id).op) || (this.node(id).op === 'reshape' && this.frames.has(id))
  }

  /** Labelled values, those that would be written more than once, and those of several outputs. */
  private worthNames(): Set<number> {
    const named = new Set<number>()
    const written = new Map<number, number>()
    const write = (id: number, times: number): void => void written.set(id, (written.get(id) ?? 0) + times)
    for (const { node } of this.graph.outputs) write(node, 1)
    for (const id of [...this.steps.keys()].sort((a, b) => b - a)) {
      const times = written.get(id) as number
      const label = this.node(id).label !== undefined && !this.numbers.has(id) && this.node(id).op !== 'input'
      const several = this.fetched.has(id) && this.graph.outputs.length > 1
      if (label || (!this.isPassedOn(id) && (times > 1 || several))) named.add(id)
      for (const operand of (this.steps.get(id) as Step).operands) write(operand, named.has(id) ? 1 : times)
    }
    return named
  }

  private bind(id: number, printed: Printed): Printed {
    const name = this.nameOf(id)
    this.statements.push(`${name} = ${printed.code.text}`)
    const bound = { ...printed, name, code: atom(name) }
    this.bound.set(id, bound)
    return bound
  }

  /** Its hint; the same name again where the value replaces the only one that had it: `logp = torch.where(counted, logp, 0)`. */
  private nameOf(id: number): string {
    const hint = this.hint(id)
    for (const operand of this.steps.get(id)?.operands ?? []) {
      const replaced = this.bound.get(operand)
      if (replaced?.name === hint && this.users.get(operand)?.size === 1 && !this.fetched.has(operand) && this.type(operand).dtype === this.type(id).dtype) return hint
    }
    return this.names.fresh(hint)
  }

  /** A label, or what the op makes of what it is made of. */
  private hint(id: number): string {
    const { label, op, inputs } = this.node(id)
    const known = this.bound.get(id)?.name ?? label
    if (known !== undefined) return known
    const fetch = this.graph.outputs.find((output) => output.node === id)
    if (fetch) return fetch.kind === 'fetch' ? fetch.name : fetch.state
    const { row, operands } = this.steps.get(id) as Step
    const tensors = operands.filter((operand) => !this.numbers.has(operand))
    const [first, last] = [tensors[0], tensors.at(-1)]
    const own = op === 'iota' ? 'position' : rows[row as keyof typeof rows]?.noun
    // A choice between a value and a number, a bounded, broadcast or constant value: still that value.
    if (last !== undefined && (op === 'where' ? tensors.length === 2 : ALIKE.has(op) && tensors.length === 1)) return this.hint(last)
    if (first === undefined) return own ?? op
    if (op === 'neg') return `minus_${this.hint(first)}`
    if (op === 'reduce_sum' && this.node(first).op === 'cast') return 'count'
    if (op === 'div' && this.node(inputs[0] as number).op === 'reduce_sum') return 'mean'
    return own ?? op
  }

  /** A value's code: its name, or what it is made of, with long parts named first. */
  private expression(id: number): Printed {
    const known = this.bound.get(id) ?? this.composed.get(id)
    if (known) return known
    const number = this.numbers.get(id)
    if (number) return { code: number, has: this.type(id).shape.map(() => false), rank: 0 }
    const { operands } = this.steps.get(id) as Step
    const length = (operand: number): number => this.expression(operand).code.text.length
    let printed = this.apply(id)
    while (printed.code.text.length > LONGEST) {
      const [longest] = operands.filter((operand) => !this.bound.has(operand) && !this.numbers.has(operand)).sort((a, b) => length(b) - length(a))
      if (longest === undefined) break
      this.bind(longest, this.expression(longest))
      printed = this.apply(id)
    }
    this.composed.set(id, printed)
    return printed
  }

  private apply(id: number): Printed {
    const { row: op, operands } = this.steps.get(id) as Step
    const { type, attributes } = this.node(id)
    const frame = this.frames.get(id)
    if (op === 'broadcast') return this.broadcast(this.expression(operands[0] as number), operands[0] as number, attributes.axes as readonly number[], type.shape.length)
    if (op === 'iota') return this.iota(type, attributes.axis as number)
    if (op === 'reshape' && frame) {
      const rank = frame.rank
      return { code: this.whole(operands[0] as number), has: positions(rank).map((axis) => frame.axes.includes(axis)), rank }
    }
    const row = rows[op as keyof typeof rows]
    return row.takes === 'broadcast' ? this.elementwise(id, row, operands) : this.wholesale(id, row, operands)
  }

  private elementwise(id: number, row: Row, operands: readonly number[]): Printed {
    const args = operands.map((operand) => this.expression(operand))
    const numbers = operands.map((operand) => this.numbers.has(operand))
    const codes = args.map(({ code }) => code)
    // Python would compute with numbers alone, and torch's functions do not take them.
    if (numbers.every((isNumber) => isNumber)) {
      codes[0] = scalar(codes[0] as Code, this.type(operands[0] as number).dtype, this.like)
      numbers[0] = false
    }
    const has = (args[0] as Printed).has.map((_, axis) => args.some((arg) => arg.has[axis] === true))
    return { code: row.print(codes, this.site(id, operands, numbers)), has, rank: Math.max(...args.map(({ rank }) => rank)) }
  }

  private wholesale(id: number, row: Row, operands: readonly number[]): Printed {
    const frame = this.frames.get(id)
    const { length } = this.type(id).shape
    const codes = operands.map((operand) => this.whole(operand))
    const code = row.print(codes, this.site(id, operands, operands.map(() => false)))
    return frame ? { code, has: positions(frame.rank).map((axis) => frame.axes.includes(axis)), rank: frame.rank } : { code, has: positions(length).map(() => true), rank: length }
  }

  private site(id: number, operands: readonly number[], numbers: readonly boolean[]): Parameters<Row['print']>[1] {
    return { node: this.node(id), operands: operands.map((operand) => this.type(operand)), numbers, differentiable: this.flows.has(id), keepdim: this.frames.has(id), like: this.like }
  }

  /** New axes where torch would not add them by itself. */
  private broadcast(x: Printed, source: number, axes: readonly number[], rank: number): Printed {
    const frame = this.frames.get(source)
    if (frame) return x
    const has = positions(rank).map((axis) => axes.includes(axis) && x.has[axes.indexOf(axis)] === true)
    if (x.rank === 0) return { code: x.code, has, rank: 0 }
    const kept = axes.slice(axes.length - x.rank)
    const code = unsqueezed(x.code, kept, rank)
    return { code, has, rank: rank - (kept[0] as number) }
  }

  /** One axis only; torch broadcasts it. */
  private iota({ dtype, shape }: TensorType, axis: number): Printed {
    const code = call('torch.arange', size(shape[axis] as Dim), ...factory(dtype, this.like))
    return { code: unsqueezed(code, [axis], shape.length), has: positions(shape.length).map((each) => each === axis), rank: shape.length - axis }
  }

  /** A tensor of the graph's shape. */
  private whole(id: number): Code {
    const { shape } = this.type(id)
    const printed = this.expression(id)
    if (this.numbers.has(id)) return full(printed.code, this.type(id), this.like)
    const complete = printed.rank === shape.length && shape.every((dim, axis) => printed.has[axis] === true || dim === 1)
    return complete ? printed.code : method(printed.code, 'expand', ...shape.map(size))
  }
}

const positions = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis)

/** The nodes that autograd reaches from float inputs. */
function differentiable({ nodes }: Graph): Set<number> {
  const flows = new Set<number>()
  nodes.forEach(({ op, inputs, type }, id) => {
    const stops = ['stop_gradient', 'cast', 'sign', 'floor', 'iota', 'argsort'].includes(op) || ops[op].group === 'random'
    if (type.dtype === 'f32' && (op === 'input' || (!stops && inputs.some((input) => flows.has(input))))) flows.add(id)
  })
  return flows
}
