// Compiles the AssemblyScript kernels of the wasm executor into dist: a plain SIMD build and a relaxed-SIMD one.
// Does nothing when the sources have not changed since; the hash of what was compiled lies beside the bytes.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = 'runtime/executors/wasm'
const assembly = join(root, folder, 'assembly')
const out = join(root, 'dist', folder)

const sources = readdirSync(assembly).filter((name) => name.endsWith('.ts')).sort()
const hash = createHash('sha256')
for (const name of [...sources.map((source) => join(assembly, source)), fileURLToPath(import.meta.url)]) hash.update(readFileSync(name))
const stamp = hash.digest('hex')

const read = (file) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

if (read(join(out, 'kernels.sha256')) !== stamp) {
  const { default: asc } = await import('assemblyscript/asc')
  mkdirSync(out, { recursive: true })
  const common = [join(assembly, 'index.ts'), '--runtime', 'stub', '--importMemory', '--noExportMemory', '--noAssert', '-O3', '--converge', '--initialMemory', '1', '--maximumMemory', '65536', '--sharedMemory', '--enable', 'threads', '--enable', 'simd', '--use', 'abort=']
  for (const [name, options] of [['kernels.wasm', []], ['kernels-relaxed.wasm', ['--enable', 'relaxed-simd']]]) {
    const { error, stdout, stderr } = await asc.main([...common, ...options, '--outFile', join(out, name)])
    if (error) {
      console.error(stdout.toString() + stderr.toString())
      console.error(`build-kernels: ${error.message}`)
      process.exit(1)
    }
  }
  writeFileSync(join(out, 'kernels.sha256'), stamp)
}
