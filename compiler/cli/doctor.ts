// `rlpc doctor`: this machine as rlpc sees it: versions, what can compute, how fast, and why something cannot.

import { availableParallelism, totalmem } from 'node:os'
import { EXIT } from './exit.js'
import { version } from './package-root.js'

/** Large enough to be limited by arithmetic, small enough for a second. */
const SIZE = { CPU: 512, GPU: 4096 }

export async function run(): Promise<number> {
  const [{ automatic, executorNamed }, { matmulSpeed }, { installed }, { versionsOf }] = await Promise.all([
    import('../../runtime/backends.js'),
    import('../../runtime/matmul-speed.js'),
    import('../../runtime/executors/tensorflow/install/place.js'),
    import('../../runtime/executors/tensorflow/install/tools.js'),
  ])
  const say = (name: string, what: string) => process.stdout.write(`  ${name.padEnd(11)} ${what}\n`)
  const speed = async (backend: string, device: keyof typeof SIZE): Promise<string> => {
    const executor = await executorNamed(backend)
    const size = SIZE[device]
    return executor === undefined ? '' : `${(await matmulSpeed(executor, size) / 1e9).toPrecision(3)} GFLOP/s, float32 matmul of ${size} × ${size}`
  }

  say('rlpc', `${version()}, Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB`)
  say('wasm', await speed('wasm', 'CPU'))
  const place = installed()
  let healthy = true
  if ('problem' in place) say('tensorflow', `${place.problem}: ${place.help}`)
  else {
    try {
      const { diagnose } = await import('../../runtime/executors/tensorflow/diagnose.js')
      const found = await diagnose(place)
      say('tensorflow', `${found.version}${place.note.gpu ? ' with CUDA' : ''} in ${place.note.libraries}`)
      say('', `runs on ${found.device === 'GPU' && found.gpus.length > 0 ? found.gpus.join('; ') : `the ${found.device}`}`)
      if (found.refusal !== undefined) say('', `no GPU: ${found.refusal}`)
      say('', await speed('tensorflow', found.device === 'GPU' ? 'GPU' : 'CPU'))
    } catch (error) {
      healthy = false
      say('tensorflow', `${place.note.version} in ${place.folder} does not start: ${(error as Error).message}`)
    }
  }
  const chosen = automatic()
  say('auto', healthy ? `takes ${chosen.backend}${chosen.because === undefined ? '' : `: ${chosen.because}`}` : 'takes wasm: TensorFlow does not start')
  for (const [tool, found] of Object.entries(await versionsOf())) say(tool, found ?? 'not found (needed only to install TensorFlow)')
  return EXIT.done
}
