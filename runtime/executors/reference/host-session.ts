// What sessions that keep their states in this process's memory have in common: declared tensors, and each program prepared once for its sizes.

import type { DType, Graph } from '../../../spec/graph/graph.js'
import type { Bindings, Program, Session, TensorData } from '../executor.js'
import { count, dataOf, zeros, type Sizes, type Tensor } from './tensor.js'

export abstract class HostSession<P extends Program = Program> implements Session {
  protected readonly states = new Map<string, Tensor>()
  private readonly programs = new WeakMap<Graph, Map<string, P>>()

  protected abstract prepare(graph: Graph, bindings: Bindings): P

  declare(name: string, dtype: DType, shape: Sizes): void {
    const known = this.states.get(name)
    if (!known) this.states.set(name, { dtype, shape: [...shape], data: zeros(dtype, count(shape)) })
    else if (known.dtype !== dtype || known.shape.join() !== shape.join()) throw new Error(`state "${name}" is ${known.dtype}[${known.shape.join(', ')}], declared again as ${dtype}[${shape.join(', ')}]`)
  }

  write(name: string, data: TensorData | readonly number[]): void {
    const state = this.state(name)
    if (data.length !== state.data.length) throw new Error(`state "${name}" has ${state.data.length} elements, not ${data.length}`)
    this.states.set(name, { ...state, data: dataOf(state.dtype, data) })
  }

  read(name: string): TensorData {
    const { dtype, data } = this.state(name)
    return dataOf(dtype, data)
  }

  load(graph: Graph, bindings: Bindings): P {
    const programs = this.programs.get(graph) ?? new Map<string, P>()
    this.programs.set(graph, programs)
    const key = JSON.stringify(Object.entries(bindings).sort())
    const program = programs.get(key) ?? this.prepare(graph, bindings)
    programs.set(key, program)
    return program
  }

  close(): void {
    this.states.clear()
  }

  protected state(name: string): Tensor {
    const state = this.states.get(name)
    if (!state) throw new Error(`no state "${name}" was declared`)
    return state
  }
}
