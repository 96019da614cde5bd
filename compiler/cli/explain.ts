// `rlpc explain RLP4001`: prints the page of a code.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from './exit.js'
import { UsageError, type Arguments } from './options.js'
import { packageRoot } from './package-root.js'

export async function run(args: Arguments): Promise<number> {
  const folder = join(packageRoot(), 'spec', 'errors')
  const code = args.positionals[0]?.toUpperCase()
  if (code === undefined) throw new UsageError('which code?', 'for example `rlpc explain RLP4001`')
  try {
    process.stdout.write(readFileSync(join(folder, `${code}.md`), 'utf8'))
    return EXIT.done
  } catch {
    const codes = readdirSync(folder).map((name) => name.replace('.md', ''))
    throw new UsageError(`there is no code \`${code}\``, `codes go from ${codes[0]} to ${codes[codes.length - 1]}`)
  }
}
