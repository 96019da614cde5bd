// Parses the standard library once, after `tsc`: one tree for each module in dist/stdlib, which `rlpc` reads instead of parsing.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { parse } = await import(join(root, 'dist/grammar/index.js'))
const { SourceFile } = await import(join(root, 'dist/grammar/source/source.js'))
const { storeTree } = await import(join(root, 'dist/grammar/ast/stored-tree.js'))

for (const name of readdirSync(join(root, 'stdlib'), { recursive: true }).filter((file) => file.endsWith('.rlp'))) {
  const path = `std/${name.slice(0, -4).split('\\').join('/')}`
  const { module, diagnostics } = parse(new SourceFile(path, readFileSync(join(root, 'stdlib', name), 'utf8')))
  if (diagnostics.length > 0) throw new Error(`stdlib/${name}: ${diagnostics[0].title}`)
  const target = join(root, 'dist/stdlib', `${name.slice(0, -4)}.json`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, storeTree(module))
}
