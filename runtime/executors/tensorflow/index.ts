// The `tensorflow` executor: whole graphs compiled by XLA, on the CPU or on a GPU of NVIDIA's, in a process of its own.
// TensorFlow is not a dependency: `rlpc backend install tensorflow` puts it into a cache folder (`install/`).

import { failure } from '../../codes.js'
import type { Compiling, Executor } from '../executor.js'
import type { Products } from './builder.js'
import { keptPrograms } from './compiled.js'
import { Host } from './host.js'
import { installed } from './install/place.js'
import { TensorflowSession } from './session.js'

let host: Promise<Host> | undefined
let watcher: Compiling | undefined

/** TensorFlow's process, which all sessions share; it is started when there is none. Errors: RLP8015 when it cannot be. */
export async function running(): Promise<Host> {
  const started = await host
  if (started?.alive) return started
  const place = installed()
  if ('problem' in place) throw failure('RLP8015', place.problem, place.help)
  host = Host.start(place.addon, keptPrograms(place.folder, place.note)).catch((error: Error) => {
    host = undefined
    throw failure('RLP8015', `TensorFlow ${place.note.version} in ${place.folder} does not start: ${error.message}`, 'see `rlpc doctor`, install it again with `rlpc backend install tensorflow`, or use `--backend wasm`')
  })
  return host
}

const executor = (name: string, products: Products): Executor => ({
  name,
  open: async () => new TensorflowSession(await running(), products, (...told) => watcher?.(...told)),
  watch: (compiling) => void (watcher = compiling),
  abandon: () => void host?.then((started) => started.abandon(), () => undefined),
})

export const tensorflow = executor('tensorflow', 'f32')
/** Matrix products in bfloat16; weights, moments, sums and everything else in float32. */
export const tensorflowBf16 = executor('tensorflow-bf16', 'bf16')
