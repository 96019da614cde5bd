// Where an installed TensorFlow lies: a folder of ours in the user's cache, with a note of what is in it.
// Does not install anything, and does not load it.

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Written when an installation is complete. */
export interface Note {
  /** Of TensorFlow. */
  readonly version: string
  readonly gpu: boolean
  /** Folder of TensorFlow's libraries. */
  readonly libraries: string
  /** Hash of the addon's source: an addon of another version of rlpc is compiled again. */
  readonly source: string
  readonly date: string
}

/** What to load, or why there is nothing to load and what to do about it. */
export type Place = { readonly folder: string; readonly addon: string; readonly note: Note } | { readonly problem: string; readonly help: string }

/** `RLPC_BACKENDS`, or `rlpc/backends` in the user's cache. */
export function backendsFolder(): string {
  return process.env['RLPC_BACKENDS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rlpc', 'backends')
}

export const tensorflowFolder = (): string => join(backendsFolder(), 'tensorflow')
export const NOTE = 'installed.json'
export const ADDON = 'tensorflow.node'

const INSTALL = 'install it with `rlpc backend install tensorflow` (`--gpu` for CUDA), or use `--backend wasm`'

/** The installation, if it is complete. */
export function installed(folder = tensorflowFolder()): Place {
  const note = join(folder, NOTE)
  if (!existsSync(note)) return { problem: existsSync(folder) ? `the installation of TensorFlow in ${folder} is not complete` : 'TensorFlow is not installed', help: INSTALL }
  let read: Note
  try {
    read = JSON.parse(readFileSync(note, 'utf8')) as Note
  } catch {
    return { problem: `${note} is damaged`, help: 'remove it with `rlpc backend remove tensorflow` and install again' }
  }
  const addon = join(folder, ADDON)
  if (!existsSync(addon)) return { problem: `${addon} is missing`, help: INSTALL }
  if (!existsSync(join(read.libraries, 'libtensorflow_cc.so.2'))) return { problem: `the libraries of TensorFlow are no longer in ${read.libraries}`, help: INSTALL }
  return { folder, addon, note: read }
}
