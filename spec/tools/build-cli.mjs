// Packs the command line after `tsc`: everything of ours that it uses, a file for each command and for what commands share.
// Loading two hundred modules one by one took longer than `rlpc check` itself. Threads and processes of their own still start
// from the files that `tsc` left, and so do those who import the package.

import { readdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'dist/compiler/cli')

/** A packed module finds the files beside it where it was, not where the pack is. */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const url = relative(folder, path).split('\\').join('/')
      return { contents: text.replaceAll('import.meta.url', `new URL(${JSON.stringify(url)}, import.meta.url).href`), loader: 'js' }
    })
  },
}

for (const name of readdirSync(folder)) if (name.startsWith('chunk-')) rmSync(join(folder, name))
await build({
  entryPoints: { rlpc: join(folder, 'main.js') },
  outdir: folder,
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  plugins: [places],
  logLevel: 'warning',
})
