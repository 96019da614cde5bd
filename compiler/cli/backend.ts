// `rlpc backend list|install|remove`: what can compute here, and TensorFlow's coming and going.

import { flag, text, UsageError, type Arguments } from './options.js'
import { EXIT } from './exit.js'

export async function run(args: Arguments): Promise<number> {
  const [action = 'list', name = 'tensorflow'] = args.positionals
  const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  if (!act) throw new UsageError(`there is no \`rlpc backend ${action}\``, 'use `list`, `install` or `remove`')
  if (action !== 'install' && (flag(args, 'gpu') || text(args, 'from') !== undefined)) throw new UsageError('`--gpu` and `--from` go with `rlpc backend install`')
  if (action !== 'list' && name !== 'tensorflow') throw new UsageError(`there is nothing to ${action} for \`${name}\``, '`wasm` and `reference` are part of rlpc; `tensorflow` can be installed')
  return act(args)
}

const ACTIONS: Readonly<Record<string, (args: Arguments) => Promise<number>>> = { list, install, remove }

async function list(): Promise<number> {
  const chosen = (await import('../../runtime/backends.js')).automatic()
  const { installed } = await import('../../runtime/executors/tensorflow/install/place.js')
  const place = installed()
  const rows = [
    ['wasm', 'part of rlpc: SIMD kernels, on any machine'],
    ['reference', 'part of rlpc: float64, slow, the meaning of every op'],
    ['tensorflow', 'problem' in place ? `${place.problem}: ${place.help}` : `${place.note.version}${place.note.gpu ? ' with CUDA' : ''} in ${place.note.libraries}`],
  ]
  process.stdout.write(`${rows.map(([name, what]) => `  ${(name as string).padEnd(11)} ${what}`).join('\n')}\n\n  \`--backend auto\`, the default, takes ${chosen.backend}${chosen.because === undefined ? '' : `: ${chosen.because}`}\n`)
  return EXIT.done
}

async function install(args: Arguments): Promise<number> {
  const tensorflow = await import('../../runtime/executors/tensorflow/install/install.js')
  const from = text(args, 'from')
  const place = await tensorflow.install({ gpu: flag(args, 'gpu'), ...(from === undefined ? {} : { from }), report: (what) => process.stderr.write(`${what} …\n`) })
  if ('problem' in place) {
    process.stderr.write(`error: ${place.problem}\n  = help: ${place.help}\n`)
    return EXIT.failed
  }
  process.stdout.write(`TensorFlow ${place.note.version}${place.note.gpu ? ' with CUDA' : ''} is in ${place.folder}; \`rlpc doctor\` says how fast it is\n`)
  return EXIT.done
}

async function remove(): Promise<number> {
  const tensorflow = await import('../../runtime/executors/tensorflow/install/install.js')
  process.stdout.write(tensorflow.remove() ? 'TensorFlow was removed\n' : 'TensorFlow was not installed\n')
  return EXIT.done
}
