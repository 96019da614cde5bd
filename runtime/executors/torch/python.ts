// A Python process with torch that keeps printed functions and calls them: one line of JSON for each request and reply.
// Knows numbers and shapes only; sessions and graphs are in `index.ts`.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { DType } from '../../../spec/graph/graph.js'

/** `data`: float64, little-endian, base64, whatever the dtype. */
export interface WireTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: string
}

export type Request =
  | { readonly define: string; readonly source: string }
  /** `wrt`: names of arguments; gradients of the sum of all float results come back for them. */
  | { readonly call: string; readonly function: string; readonly tensors: Readonly<Record<string, WireTensor>>; readonly sizes: Readonly<Record<string, number>>; readonly wrt: readonly string[] }

export interface Reply {
  readonly results: readonly WireTensor[]
  readonly gradients: readonly WireTensor[]
}

const SERVER = `
import base64, json, sys
import torch

KINDS = {"f32": torch.float64, "i32": torch.int32, "u32": torch.int64, "bool": torch.bool}
NAMES = {torch.float64: "f32", torch.int32: "i32", torch.int64: "u32", torch.bool: "bool"}
torch.set_num_threads(1)
modules = {}


def decode(tensor):
    data = bytearray(base64.b64decode(tensor["data"]))
    flat = torch.frombuffer(data, dtype=torch.float64) if data else torch.zeros(0, dtype=torch.float64)
    return flat.to(torch.int64 if tensor["dtype"] == "i32" else KINDS[tensor["dtype"]]).to(KINDS[tensor["dtype"]]).reshape(tensor["shape"])


def encode(tensor):
    if tensor.dtype not in NAMES:
        raise TypeError(f"a result is {tensor.dtype}")
    data = tensor.detach().to(torch.float64).contiguous().numpy().tobytes()
    return {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data": base64.b64encode(data).decode()}


def answer(request):
    if "define" in request:
        module = modules[request["define"]] = {}
        exec(compile(request["source"], request["define"], "exec"), module)
        return {"results": [], "gradients": []}
    tensors = {name: decode(tensor) for name, tensor in request["tensors"].items()}
    # Without a float input the default dtype is all there is; with one, a float32 result is a leak.
    floats = any(tensor["dtype"] == "f32" for tensor in request["tensors"].values())
    torch.set_default_dtype(torch.float32 if floats else torch.float64)
    wrt = [tensors[name].requires_grad_() for name in request["wrt"]]
    with torch.set_grad_enabled(bool(wrt)):
        results = modules[request["call"]][request["function"]](**tensors, **request["sizes"])
    results = results if isinstance(results, tuple) else (results,)
    floats = [result.sum() for result in results if result.requires_grad]
    gradients = torch.autograd.grad(sum(floats), wrt, allow_unused=True) if floats else [None] * len(wrt)
    gradients = [torch.zeros_like(x) if g is None else g for x, g in zip(wrt, gradients)]
    return {"results": [encode(result) for result in results], "gradients": [encode(g) for g in gradients]}


print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
`

interface Waiting {
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: Error) => void
}

export class PythonProcess {
  private readonly waiting: Waiting[] = []
  private errors = ''

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on('line', (line) => this.waiting.shift()?.resolve(JSON.parse(line)))
    child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()))
    child.on('error', (error) => this.fail(error.message))
    child.on('close', () => this.fail(this.errors.trim().split('\n').at(-1) || 'it ended'))
    child.stdin.on('error', () => undefined)
  }

  /** Python of RLPC_PYTHON, otherwise `python3`. Rejects with the reason where there is none, or none with torch. */
  static async start(python = process.env['RLPC_PYTHON'] ?? 'python3'): Promise<PythonProcess> {
    const started = new PythonProcess(spawn(python, ['-c', SERVER], { stdio: 'pipe' }))
    await started.next()
    return started
  }

  async ask(request: Request): Promise<Reply> {
    const reply = this.next()
    this.child.stdin.write(`${JSON.stringify(request)}\n`)
    const answer = (await reply) as Reply | { readonly error: string }
    if ('error' in answer) throw new Error(answer.error)
    return answer
  }

  end(): void {
    this.child.stdin.end()
  }

  private next(): Promise<unknown> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  private fail(reason: string): void {
    for (const { reject } of this.waiting.splice(0)) reject(new Error(`Python with torch: ${reason}`))
  }
}
