// Runs every test file in a process of its own, as many at once as there are cores, and ends with `N passed, N failed`.
// A file in which no suite ran is a failure: a forgotten `.run()` cannot pass.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folders = ['grammar', 'compiler', 'runtime', 'spec']

interface Outcome { readonly passed: number; readonly failed: number; readonly output: string; readonly seconds: number }

function testFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
}

function runFile(file: string, log: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const started = performance.now()
    const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1', RLPC_SUITE_LOG: log }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('close', (code) => {
      const sum = (pattern: RegExp) => [...output.matchAll(pattern)].reduce((n, match) => n + Number(match[1]), 0)
      const total = sum(/^ {2}Total: +(\d+)$/gm)
      const passed = sum(/^ {2}Passed: +(\d+)$/gm)
      let defined = 0
      try {
        defined = readFileSync(log, 'utf8').split('\n').reduce((n, line) => n + (Number(line.split('\t')[2]) || 0), 0)
      } catch {
        output += '\n(no suite ran in this file)\n'
      }
      const failed = Math.max(total, defined) - passed + ((code !== 0 && total === passed) || defined === 0 ? 1 : 0)
      resolve({ passed, failed, output, seconds: (performance.now() - started) / 1000 })
    })
  })
}

const wanted = process.argv.slice(2)
const files = folders
  .flatMap((folder) => testFiles(join(root, folder)))
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)))
  .sort((a, b) => statSync(b).size - statSync(a).size)
const logs = mkdtempSync(join(tmpdir(), 'rlpc-test-'))
let passed = 0
let failed = 0
let next = 0

async function worker(): Promise<void> {
  while (next < files.length) {
    const index = next++
    const file = files[index] as string
    const outcome = await runFile(file, join(logs, String(index)))
    passed += outcome.passed
    failed += outcome.failed
    const verdict = outcome.failed > 0 ? 'FAIL' : 'ok  '
    console.log(`${verdict} ${relative(root, file)}  ${outcome.passed} passed${outcome.failed > 0 ? `, ${outcome.failed} failed` : ''}  ${outcome.seconds.toFixed(1)} s`)
    if (outcome.failed > 0) console.log(outcome.output)
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, worker))
rmSync(logs, { recursive: true, force: true })
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
