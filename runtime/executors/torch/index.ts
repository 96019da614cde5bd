// The `torch` executor: prints each graph as PyTorch and runs it in float64 in one Python process, as an oracle for tests.
// Training on GPUs does not come this way: engines take the printed source.

import { bind } from '../../../spec/graph/bind.js'
import type { DType, Graph } from '../../../spec/graph/graph.js'
import { verify } from '../../../spec/graph/verify.js'
import type { Bindings, Executor, Program, Session, TensorData } from '../executor.js'
import { HostSession } from '../reference/host-session.js'
import { dataOf } from '../reference/tensor.js'
import { printTorch, torchSignature } from './print.js'
import { PythonProcess, type Reply, type WireTensor } from './python.js'
import type { Signature } from './signature.js'

export { printTorch, printTorchModule, torchSignature } from './print.js'

export interface TorchProgram extends Program {
  /** What autograd makes of the sum of all float results, for feeds by name. */
  gradient(feeds: Readonly<Record<string, TensorData>>, wrt: readonly string[]): Promise<Record<string, TensorData>>
}

export interface TorchSession extends Session {
  load(graph: Graph, bindings: Bindings): TorchProgram
}

/** `open` rejects where RLPC_PYTHON (or `python3`) is not a Python with torch. */
export const torch: Omit<Executor, 'open'> & { open(): Promise<TorchSession> } = { name: 'torch', open: async () => new PythonSession(await PythonProcess.start()) }

const NAME = 'program'

class PythonSession extends HostSession<TorchProgram> implements TorchSession {
  private defined = 0

  constructor(private readonly python: PythonProcess) {
    super()
  }

  override close(): void {
    super.close()
    this.python.end()
  }

  /** The printed source keeps its symbols: reading them from the shapes is part of what is tested. */
  protected prepare(graph: Graph, bindings: Bindings): TorchProgram {
    const bound = bind(graph, bindings)
    const faults = verify(bound)
    if (faults.length > 0) throw new Error(`illegal graph:\n${faults.join('\n')}`)
    const source = printTorch(graph, { name: NAME })
    const signature = torchSignature(graph, NAME)
    const shapes = torchSignature(bound, NAME)
    const id = `program ${this.defined++}`
    const ready = this.python.ask({ define: id, source })
    // Whoever runs the program hears of it.
    ready.catch(() => undefined)
    const call = async (feeds: Readonly<Record<string, TensorData>>, wrt: readonly string[]): Promise<Reply> => {
      await ready
      const tensors = Object.fromEntries(shapes.parameters.map(({ name, input, storage, type }) => [name, wire(type.dtype, type.shape as number[], storage === 'state' ? this.state(input).data : fed(feeds, input))]))
      const sizes = Object.fromEntries(signature.keywords.filter((name) => !(name in tensors)).map((name) => [name, bindings[name] as number]))
      return this.python.ask({ call: id, function: NAME, tensors, sizes, wrt: wrt.map((input) => parameterOf(signature, input)) })
    }
    return {
      run: async (feeds) => {
        const { results } = await call(feeds, [])
        const fetched: Record<string, TensorData> = {}
        shapes.results.forEach(({ kind, name, type }, i) => {
          const data = unwire(results[i] as WireTensor, type.dtype, type.shape as number[], name)
          if (kind === 'fetch') fetched[name] = data
          else this.states.set(name, { ...this.state(name), data })
        })
        return fetched
      },
      gradient: async (feeds, wrt) => {
        const { gradients } = await call(feeds, wrt)
        return Object.fromEntries(wrt.map((name, i) => [name, unwire(gradients[i] as WireTensor, 'f32', (gradients[i] as WireTensor).shape, name)]))
      },
    }
  }
}

function fed(feeds: Readonly<Record<string, TensorData>>, name: string): TensorData {
  const feed = feeds[name]
  if (!feed) throw new Error(`"${name}" was not fed`)
  return feed
}

function parameterOf({ parameters }: Signature, input: string): string {
  const found = parameters.find((parameter) => parameter.input === input)
  if (!found) throw new Error(`the program has no input "${input}"`)
  return found.name
}

function wire(dtype: DType, shape: readonly number[], data: TensorData): WireTensor {
  return { dtype, shape, data: Buffer.from(Float64Array.from(data).buffer).toString('base64') }
}

/** Throws where the printed function gave another dtype or shape than the graph says: broadcasting must not leak out. */
function unwire(tensor: WireTensor, dtype: DType, shape: readonly number[], name: string): TensorData {
  if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) throw new Error(`"${name}" came back as ${tensor.dtype}[${tensor.shape.join(', ')}], not ${dtype}[${shape.join(', ')}]`)
  const bytes = Buffer.from(tensor.data, 'base64')
  return dataOf(dtype, new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)))
}
