// Where an installed TensorFlow lies: a folder of ours in the user's cache, with a note of what is in it.
// Does not install anything, and does not load it.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Written when an installation is complete. */
export interface Note {
  /** Of TensorFlow. */
  readonly version: string
  /** Whether this TensorFlow was built for CUDA. */
  readonly gpu: boolean
  /** Folder of TensorFlow's libraries. */
  readonly libraries: string
  /** Hash of the addon's source: an addon of another version of rlpc is compiled again. */
  readonly source: string
}

/** What to load, or why there is nothing to load and what to do about it. */
export type Place = { readonly folder: string; readonly addon: string; readonly note: Note } | Refused
export interface Refused {
  readonly problem: string
  readonly help: string
}

/** `RLPC_BACKENDS`, or `rlpc/backends` in the user's cache. */
export function backendsFolder(): string {
  return process.env['RLPC_BACKENDS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rlpc', 'backends')
}

export const tensorflowFolder = (): string => join(backendsFolder(), 'tensorflow')
export const NOTE = 'installed.json'
export const ADDON = 'tensorflow.node'
export const LIBRARIES: readonly string[] = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

/** The addon's source; it is not compiled to `dist`. */
export const ADDON_SOURCE = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../addon.cc' : '../../../../../runtime/executors/tensorflow/addon.cc', import.meta.url))

export const sourceHash = (): string => createHash('sha256').update(readFileSync(ADDON_SOURCE)).digest('hex')

const INSTALL = 'install it with `rlpc backend install tensorflow` (`--gpu` for CUDA), or use `--backend wasm`'

/** The installation, if it is complete and made for this rlpc. */
export function installed(folder = tensorflowFolder()): Place {
  const note = join(folder, NOTE)
  if (!existsSync(note)) return { problem: 'TensorFlow is not installed', help: INSTALL }
  let read: Note
  try {
    read = JSON.parse(readFileSync(note, 'utf8')) as Note
  } catch {
    return { problem: `${note} is damaged`, help: 'remove it with `rlpc backend remove tensorflow`, then install again' }
  }
  const addon = join(folder, ADDON)
  if (!existsSync(addon)) return { problem: `${addon} is missing`, help: INSTALL }
  const lost = LIBRARIES.find((name) => !existsSync(join(read.libraries, name)))
  if (lost !== undefined) return { problem: `${lost} is no longer in ${read.libraries}`, help: INSTALL }
  if (read.source !== sourceHash()) return { problem: 'the addon for TensorFlow was compiled for another version of rlpc', help: '`rlpc backend install tensorflow` compiles it again, and fetches nothing' }
  return { folder, addon, note: read }
}
