// Module texts from disk: `std/…` from the package, everything else relative to the spec.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceHost } from '../../grammar/source/source.js'
import { packageRoot } from './package-root.js'

/** Canonical paths are relative to the folder of the entry file, with `/`, so that plans and messages do not depend on the machine. */
export function diskHost(folder: string): SourceHost {
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return undefined
    }
  }
  const fileOf = (path: string) => (path.startsWith('std/') ? join(packageRoot(), 'stdlib', `${path.slice(4)}.rlp`) : resolve(folder, path))
  return {
    read: (path) => read(fileOf(path)),
    modules: () => [...libraryModules(), ...specsIn(folder)],
    // The build puts trees beside the compiled code; from source there are none.
    tree: (path) => (path.startsWith('std/') ? read(fileURLToPath(new URL(`../../stdlib/${path.slice(4)}.json`, import.meta.url))) : undefined),
    resolve(specifier, from) {
      if (specifier.startsWith('std/')) return specifier
      const base = from.startsWith('std/') ? from : resolve(folder, dirname(from))
      return relative(folder, resolve(base, specifier)).split('\\').join('/')
    },
  }
}

/** `std/…` of every file of the standard library. Read only for suggestions. */
function libraryModules(): string[] {
  const files = readdirSync(join(packageRoot(), 'stdlib'), { recursive: true, encoding: 'utf8' })
  return files.filter((file) => file.endsWith('.rlp')).map((file) => `std/${file.slice(0, -4).split('\\').join('/')}`).toSorted()
}

/** The specs beside the entry file, as an import names them. */
function specsIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.rlp')).map(({ name }) => `./${name}`)
  } catch {
    return []
  }
}
