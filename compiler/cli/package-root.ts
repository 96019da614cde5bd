// Where this package lives, from source and from `dist`, and its version.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let found: string | undefined

/** The folder that holds `package.json` and `stdlib/`. */
export function packageRoot(): string {
  if (found === undefined) {
    let folder = dirname(fileURLToPath(import.meta.url))
    while (!existsSync(join(folder, 'stdlib', 'prelude.rlp'))) folder = dirname(folder)
    found = folder
  }
  return found
}

export function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version
}
