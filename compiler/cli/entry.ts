// Which file a command without an argument means: `main.rlp`, or the only `.rlp` of the folder.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from './options.js'

export interface Entry {
  /** Absolute folder of the spec: relative paths in it start here. */
  readonly folder: string
  /** File name within the folder. */
  readonly file: string
}

export function findEntry(argument: string | undefined): Entry {
  if (argument !== undefined) {
    const path = resolve(argument)
    if (!existsSync(path)) throw new UsageError(`there is no file \`${argument}\``, 'give the path of a `.rlp` file')
    if (statSync(path).isDirectory()) return inFolder(path, argument)
    if (!path.endsWith('.rlp')) throw new UsageError(`\`${argument}\` is no spec: the name of one ends in \`.rlp\``, 'give the path of a `.rlp` file; data is read by its datasets, such as `jsonl("rows.jsonl")`')
    return { folder: dirname(path), file: basename(path) }
  }
  return inFolder(process.cwd(), 'this folder')
}

function inFolder(folder: string, shown: string): Entry {
  if (existsSync(join(folder, 'main.rlp'))) return { folder, file: 'main.rlp' }
  const files = readdirSync(folder).filter((name) => name.endsWith('.rlp'))
  if (files.length === 1) return { folder, file: files[0] as string }
  throw new UsageError(
    files.length === 0 ? `${shown} has no \`.rlp\` file` : `${shown} has ${files.length} \`.rlp\` files and no \`main.rlp\``,
    files.length === 0 ? 'make one with `rlpc new`, or give its path' : `name one: ${files.slice(0, 4).map((file) => `\`${file}\``).join(', ')}`,
  )
}
