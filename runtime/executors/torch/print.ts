// A graph as readable PyTorch source: a module with one function for each graph, differentiable by autograd.
// Does not run anything; `index.ts` does, for tests.

import type { Graph } from '../../../spec/graph/graph.js'
import { inlineComposites } from '../../../spec/graph/inline.js'
import { FunctionPrinter } from './function.js'
import { helpers } from './helpers.js'
import { signatureOf, type Signature } from './signature.js'

export interface FunctionToPrint {
  readonly graph: Graph
  /** Of the Python function. */
  readonly name: string
  /** First lines of its docstring; otherwise the graph's name. */
  readonly doc?: string
}

/**
 * `def NAME(logp, old_logp, …, *, mask)`: takes tensors of the shapes that the graph's inputs have and returns its outputs
 * in order (one, or a tuple; assigned states come out like fetched values). Floats are of the inputs' dtype, u32 is int64;
 * everything stays on the inputs' device. Where gradients meet ties they are shared as in `compiler/graph/vjp.ts`.
 */
export function printTorch(graph: Graph, { name, doc }: { readonly name: string; readonly doc?: string }): string {
  return printTorchModule([{ graph, name, ...(doc === undefined ? {} : { doc }) }])
}

/** Several functions in one module, under a comment of one or more lines. */
export function printTorchModule(functions: readonly FunctionToPrint[], heading = ''): string {
  const printed = functions.map(({ graph, name, doc }) => new FunctionPrinter(inlineComposites(graph), torchSignature(graph, name), RESERVED).print(doc ?? `The graph ${graph.name}.`))
  const called = Object.keys(helpers).filter((helper) => printed.some((text) => new RegExp(`\\b${helper}\\(`).test(text)))
  const comment = heading === '' ? '' : `${heading.split('\n').map((line) => `# ${line}`.trimEnd()).join('\n')}\n\n`
  return `${comment}${['import torch', ...called.map((helper) => helpers[helper] as string), ...printed].join('\n\n\n')}\n`
}

/** Parameters and results of the printed function, in order. */
export const torchSignature = (graph: Graph, name: string): Signature => signatureOf(inlineComposites(graph), name, RESERVED)

const RESERVED = Object.keys(helpers)
