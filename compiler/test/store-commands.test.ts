// Runs that are interrupted, resumed, looked at and cleaned up, as a user does it: signals, exit codes, `rlpc resume`, `rlpc store`.

import { execa } from 'execa'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { equal, is, ok, suite } from '../../spec/test/suite.js'

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

function rlpc(cwd: string, ...args: string[]) {
  return execa(process.execPath, ['--import', tsx, main, ...args], { cwd, reject: false, env: { NO_COLOR: '1' } })
}

function inFolder(body: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-store-'))
    try {
      await body(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const spec = (steps: number) => `rlp 1

import { Sft } from "std/stages"
import { jsonl } from "std/prelude"

model small: Transformer {
  layers = 1
  width = 16
  heads = 2
  mlp = 32
  context = 16 tokens
  vocabulary = ["a", "b", "c"]
}

dataset lessons: Dataset[{ prompt: Text, completion: Text }] {
  source = jsonl("rows.jsonl")
}

stage copy: Sft {
  policy = small
  data = lessons
  length = ${steps} steps
  batch = 4 samples
  optimizer { lr = 1e-3 }
}

stage again: Sft {
  policy = copy.policy
  data = lessons
  length = 2 steps
  batch = 4 samples
  optimizer { lr = 1e-3 }
}
`

function write(folder: string, steps: number): void {
  writeFileSync(join(folder, 'main.rlp'), spec(steps))
  writeFileSync(join(folder, 'rows.jsonl'), ['a', 'b', 'c'].map((letter) => `${JSON.stringify({ prompt: letter, completion: `${letter} ${letter}` })}\n`).join(''))
}

/** Resolves when a file is there. */
const appears = (file: string): Promise<void> =>
  new Promise((done) => {
    const watcher = watch(dirname(file), look)
    function look(): void {
      if (!existsSync(file)) return
      watcher.close()
      done()
    }
    look()
  })

suite('interrupted runs on the command line', (test) => {
  test('Ctrl-C keeps the state and exits with 130; resume goes on with the plan that the run had', inFolder(async (folder) => {
    write(folder, 20_000)
    const command = rlpc(folder, 'run', 'main.rlp')
    command.stderr.once('data', () => command.kill('SIGINT'))
    const { exitCode, stdout, stderr } = await command
    is(exitCode, 130, stderr)
    ok(stdout.includes('stopped') && stdout.includes('rlpc resume 0001'), stdout)
    ok(!/[\x00-\x09\x0b-\x1f]/.test(stderr) && stderr.split('\n').every((line) => line.length < 200), JSON.stringify(stderr))
    ok(/copy was stopped after \d+ of 20000 steps/.test(stderr), stderr)

    // The spec goes another way meanwhile: the run does not.
    write(folder, 10)
    const resumed = rlpc(folder, 'resume')
    resumed.stderr.on('data', (text: Buffer) => /continues/.test(text.toString()) && resumed.kill('SIGINT'))
    const again = await resumed
    is(again.exitCode, 130, again.stderr)
    ok(/going on with run 0001\n(.*\n)*copy: continues after step \d+\n/.test(again.stderr), again.stderr)
    is((await rlpc(folder, 'resume', '7')).exitCode, 2)
  }))

  test('a terminal that is closed keeps the state; without a terminal, as behind nohup, the run goes on', inFolder(async (folder) => {
    write(folder, 20_000)
    const behind = rlpc(folder, 'run', 'main.rlp')
    behind.stderr.once('data', () => {
      behind.kill('SIGHUP')
      behind.stderr.once('data', () => behind.kill('SIGINT'))
    })
    const { exitCode, stdout, stderr } = await behind
    is(exitCode, 130, stderr)
    // Had it stopped before, Ctrl-C would have been the second signal and have ended it at once.
    ok(stdout.includes('rlpc resume 0001'), stdout)

    // `script` of util-linux.
    if (process.platform !== 'linux') return
    const terminal = execa('script', ['-qec', `'${process.execPath}' --import '${tsx}' '${main}' resume`, '/dev/null'], { cwd: folder, reject: false })
    terminal.stdout.on('data', (text: Buffer) => /\d\/20000 steps/.test(text.toString()) && terminal.kill('SIGKILL'))
    await terminal
    const result = join(folder, '.rlp/runs/0002/result.json')
    // The run that lost its terminal goes on for a moment, and then writes what it came to.
    await appears(result)
    const again = rlpc(folder, 'resume')
    again.stderr.on('data', (text: Buffer) => /continues/.test(text.toString()) && again.kill('SIGINT'))
    ok(/copy: continues after step \d+\n/.test((await again).stderr))
  }))

  test('ls, show, verify, export and gc', inFolder(async (folder) => {
    is((await rlpc(folder, 'store')).exitCode, 2)
    write(folder, 3)
    is((await rlpc(folder, 'run', 'main.rlp')).exitCode, 0)
    const listed = (await rlpc(folder, 'store', 'ls')).stdout
    ok(/copy +Sft +run 0001, wasm/.test(listed) && /again +Sft/.test(listed), listed)
    const shown = (await rlpc(folder, 'store', 'show', 'again')).stdout
    ok(/from\n {2}copy +[0-9a-f]{12}|from\n {2}rows.jsonl +[0-9a-f]{12}\n {2}copy/.test(shown), shown)
    is((await rlpc(folder, 'store', 'verify')).stdout, '2 sound, 0 damaged')
    is((await rlpc(folder, 'store', 'export', 'again', 'out')).exitCode, 0)
    ok(existsSync(join(folder, 'out', 'model.safetensors')))
    is((await rlpc(folder, 'store', 'export', 'again', 'out')).exitCode, 2)
    ok((await rlpc(folder, 'store', 'show', 'agian')).stderr.includes('did you mean `again`?'))

    const stored = readdirSync(join(folder, '.rlp', 'store'))
    appendFileSync(join(folder, '.rlp', 'store', stored[0] as string, 'policy', 'model.safetensors'), '!')
    const { exitCode, stdout } = await rlpc(folder, 'store', 'verify')
    is(exitCode, 3)
    ok(stdout.includes('.rlp/store/') && stdout.includes('is not what was written') && stdout.includes('1 sound, 1 damaged'), stdout)

    write(folder, 4)
    const changed = await rlpc(folder, 'run', 'main.rlp')
    is(changed.exitCode, 0)
    ok(/made anew.*\n {2}copy: length: 3 steps → 4 steps\n/.test(changed.stderr), changed.stderr)
    ok((await rlpc(folder, 'store', 'gc', '--dry-run')).stdout.includes('would remove 2'))
    equal(readdirSync(join(folder, '.rlp', 'store')).length, 4)
    ok((await rlpc(folder, 'store', 'gc')).stdout.includes('removed 2'))
    equal(readdirSync(join(folder, '.rlp', 'store')).filter((name) => stored.includes(name)), [])
  }))

  test('data that has changed since is noticed, as is a stage before that came out differently', inFolder(async (folder) => {
    write(folder, 3)
    is((await rlpc(folder, 'run', 'main.rlp')).exitCode, 0)
    const rows = readFileSync(join(folder, 'rows.jsonl'), 'utf8')
    writeFileSync(join(folder, 'rows.jsonl'), rows.replace('"a a"', '"a b"'))
    const { stdout, stderr } = await rlpc(folder, 'run', 'main.rlp')
    ok(stderr.includes('copy: `rows.jsonl` has changed since; the stage is made again'), stderr)
    ok(/copy +done/.test(stdout) && /again +done/.test(stdout), stdout)
    ok(/copy +reused(.*\n)+again +reused/.test((await rlpc(folder, 'run', 'main.rlp')).stdout))
  }))
})
