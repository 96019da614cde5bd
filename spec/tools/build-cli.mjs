// Packs the command line after `tsc`: grammar, compiler and the parts of spec they use, a file for each command and for
// what commands share. Loading a hundred modules one by one was a quarter of `rlpc check`. The runtime stays as `tsc` left it.

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'dist/compiler/cli')

for (const name of readdirSync(folder)) if (name.startsWith('chunk-')) rmSync(join(folder, name))
await build({
  entryPoints: { rlpc: join(folder, 'main.js') },
  outdir: folder,
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[hash]', // beside `main.js`, so that paths relative to the folder of the commands stay true
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  external: ['../../runtime/*'],
  logLevel: 'warning',
})
