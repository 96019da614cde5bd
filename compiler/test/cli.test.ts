// The command line as a user meets it: commands, messages, exit codes, files written whole or not at all.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { execa } from 'execa'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { equal, is, ok, suite } from '../../spec/test/suite.js'

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const root = fileURLToPath(new URL('../..', import.meta.url))

function rlpc(cwd: string, ...args: string[]) {
  return execa(process.execPath, ['--import', tsx, main, ...args], { cwd, reject: false, env: { NO_COLOR: '1' } })
}

function inFolder(body: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-cli-'))
    try {
      await body(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const SMALL = `rlp 1

import { exact, tagged } from "std/signals"
import { Evaluate, Grpo, Sft } from "std/stages"
import * as chains from "std/tasks/chains"

model small: Transformer {
  layers = 1
  width = 16
  heads = 2
  mlp = 32
  context = 48 tokens
  vocabulary = chains.words
}

dataset problems: Dataset[chains.Chain] for split in ["train", "test"] {
  source = chains.chains(shortest = 1, longest = 2, split = split)
}

reward answer: Reward[chains.Chain] {
  term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct
}

test answer {
  "<answer> 8 </answer>" with { answer = "8" } gives { correct = 1 }
}

stage imitate: Sft {
  policy = small
  data = chains.worked(problems["train"])
  length = 4 steps
  batch = 8 samples
  optimizer { lr = 1e-3 }
}

stage exam: Evaluate {
  policy = imitate.policy
  data = problems["test"]
  score = answer.correct
  max_new = 12 tokens
}

claim perfect {
  require = exam.accuracy >= 100%
}
`.replace(', Grpo', '').replace('data = problems["test"]', 'data = subset(problems["test"], 6 samples)')

suite('command line', (test) => {
  test('help names every command and every exit code', inFolder(async (folder) => {
    const help = await rlpc(folder, '--help')
    is(help.exitCode, 0)
    for (const word of ['new', 'check', 'compile', 'plan', 'run', 'explain', 'Exit codes: 0 done', '4 a claim']) ok(help.stdout.includes(word), word)
    const commands = ['new', 'check', 'compile', 'plan', 'run', 'explain']
    const usages = await Promise.all(commands.map((command) => rlpc(folder, command, '--help')))
    usages.forEach((usage, i) => {
      is(usage.exitCode, 0)
      ok(usage.stdout.includes(`Usage: rlpc ${commands[i]}`), commands[i])
    })
  }))

  test('the version is that of the package', inFolder(async (folder) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const { stdout, stderr } = await rlpc(folder, '--version')
    // Nor does V8 complain of a flag that this version of Node does not know.
    equal([stdout, stderr], [`rlpc ${version}`, ''])
  }))

  test('wrong use exits with 2, says what is wrong and what to do', inFolder(async (folder) => {
    const cases: [args: string[], message: string, help: string][] = [
      [['chekc'], 'there is no command `chekc`', 'did you mean `rlpc check`?'],
      [['check'], 'this folder has no `.rlp` file', 'rlpc new'],
      [['check', 'absent.rlp'], 'there is no file `absent.rlp`', 'path'],
      [['check', 'rows.jsonl'], '`rows.jsonl` is no spec', 'jsonl('],
      [['check', '--fast'], "Unknown option '--fast'", 'rlpc check --help'],
      [['check', 'a.rlp', 'b.rlp'], 'at most 1', 'rlpc check --help'],
      [['compile', '--emit', 'onnx'], '--emit is `graphs`, `kernels` or `torch`', 'onnx'],
      [['run'], 'there is no plan', 'rlpc compile'],
      [['run', '--set', 'a=1'], 'already compiled', '.rlp'],
      [['explain', 'RLP0000'], 'there is no code', 'RLP'],
      [['explain'], 'which code?', 'RLP4001'],
    ]
    writeFileSync(join(folder, 'rows.jsonl'), '{}\n')
    const results = await Promise.all(cases.map(([args]) => rlpc(folder, ...args)))
    for (const [i, [args, message, help]] of cases.entries()) {
      const result = results[i] as (typeof results)[number]
      is(result.exitCode, 2, args.join(' '))
      ok(result.stderr.includes(message), `${args.join(' ')}: ${result.stderr}`)
      ok(result.stderr.includes(help), `${args.join(' ')}: ${result.stderr}`)
      ok(!/\n {4}at /.test(result.stderr), 'no stack trace')
    }
  }))

  test('several files need a name', inFolder(async (folder) => {
    writeFileSync(join(folder, 'a.rlp'), SMALL)
    writeFileSync(join(folder, 'b.rlp'), SMALL)
    const result = await rlpc(folder, 'check')
    is(result.exitCode, 2)
    ok(result.stderr.includes('2 `.rlp` files'))
    is((await rlpc(folder, 'check', 'a.rlp')).exitCode, 0)
  }))

  test('a mistake exits with 1 and leaves no plan', inFolder(async (folder) => {
    writeFileSync(join(folder, 'main.rlp'), SMALL.replace('batch =', 'batch_size ='))
    const result = await rlpc(folder, 'compile')
    is(result.exitCode, 1)
    ok(result.stderr.includes('error[RLP2006]'), result.stderr)
    ok(result.stderr.includes('main.rlp:'), result.stderr)
    ok(!existsSync(join(folder, '.rlp')))
    const json = await rlpc(folder, 'check', '--format', 'json')
    is(json.exitCode, 1)
    const { diagnostics } = JSON.parse(json.stdout) as { diagnostics: { code: string }[] }
    ok(diagnostics.some(({ code }) => code === 'RLP2006'))
  }))

  test('check, plan, compile and run a small spec; run it again and nothing is done twice', inFolder(async (folder) => {
    writeFileSync(join(folder, 'main.rlp'), SMALL)
    is((await rlpc(folder, 'check')).exitCode, 0)
    const shown = await rlpc(folder, 'plan', '--no-probe')
    is(shown.exitCode, 0)
    ok(shown.stdout.includes('imitate'), shown.stdout)
    const emitted = await rlpc(folder, 'compile', '--emit', 'torch')
    ok(/^import torch$/m.test(emitted.stdout) && /^def imitate_loss\(logp, \*, mask\):$/m.test(emitted.stdout), emitted.stdout)
    const kernels = await rlpc(folder, 'compile', '--emit', 'kernels')
    ok(/^  call  attention\(.*\) → #\d+/m.test(kernels.stdout) && /^  loop  .*\n {10}.* = .*mask\[/m.test(kernels.stdout), kernels.stdout.slice(0, 2000))
    ok(!existsSync(join(folder, '.rlp')), 'plan and --emit write nothing')
    const compiled = await rlpc(folder, 'compile')
    is(compiled.exitCode, 0, compiled.stderr)
    const first = await rlpc(folder, 'run', '--backend', 'reference')
    is(first.exitCode, 4, first.stderr)
    ok(first.stdout.includes('perfect: does not hold'), first.stdout)
    const again = await rlpc(folder, 'run', '--backend', 'reference')
    is(again.exitCode, 4)
    ok(again.stdout.includes('reused'), again.stdout)
  }))

  test('run --format json prints what its schema says, done, failed or refused', inFolder(async (folder) => {
    const schema = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(join(root, 'spec', 'schemas', 'result.schema.json'), 'utf8')) as object)
    const run = async (...args: string[]) => {
      const { stdout, exitCode } = await rlpc(folder, 'run', 'main.rlp', '--backend', 'reference', '--format', 'json', ...args)
      const result = JSON.parse(stdout) as { outcome: string; stages: { status: string }[]; error?: { code: string } }
      ok(schema(result), JSON.stringify(schema.errors))
      return { exitCode, result }
    }
    writeFileSync(join(folder, 'main.rlp'), SMALL)
    const first = await run()
    is(first.result.outcome, 'done')
    is(readFileSync(join(folder, '.rlp/runs/0001/result.json'), 'utf8'), `${JSON.stringify(first.result, null, 2)}\n`)
    rmSync(join(folder, '.rlp/locks'), { recursive: true })
    writeFileSync(join(folder, '.rlp/locks'), '')
    const refused = await run()
    equal([refused.exitCode, refused.result.outcome, refused.result.error?.code], [3, 'failed', 'RLP8202'])
  }))

  test('a plan whose spec has changed since runs as it was, and says so', inFolder(async (folder) => {
    writeFileSync(join(folder, 'main.rlp'), SMALL)
    is((await rlpc(folder, 'compile')).exitCode, 0)
    const fresh = await rlpc(folder, 'run')
    ok(!/changed since/.test(fresh.stderr), fresh.stderr)
    writeFileSync(join(folder, 'main.rlp'), SMALL.replace('rlp 1\n', 'rlp 1\n// Said more.\n'))
    const stale = await rlpc(folder, 'run')
    ok(stale.stderr.includes('main.rlp has changed since `.rlp/plan.json` was compiled'), stale.stderr)
    is((await rlpc(folder, 'compile')).exitCode, 0)
    ok(!/changed since/.test((await rlpc(folder, 'run')).stderr))
  }))

  test('compile --format json tells warnings on standard error', inFolder(async (folder) => {
    writeFileSync(join(folder, 'main.rlp'), `${SMALL}\nconst spare = 1\n`)
    const { exitCode, stdout, stderr } = await rlpc(folder, 'compile', '--format', 'json')
    is(exitCode, 0, stderr)
    ok(stderr.includes('warning[RLP2009]'), stderr)
    equal(Object.keys(JSON.parse(stdout) as object), ['plan', 'stages'])
  }))

  test('what a plan is not is said in words', inFolder(async (folder) => {
    mkdirSync(join(folder, '.rlp'))
    for (const text of ['{', '{"format": 2}', '[]']) {
      writeFileSync(join(folder, '.rlp', 'plan.json'), text)
      const result = await rlpc(folder, 'run')
      is(result.exitCode, 2)
      ok(result.stderr.includes('is not a plan'), result.stderr)
      ok(!/\n {4}at /.test(result.stderr))
    }
  }))

  test('new writes a spec that checks, and never overwrites', inFolder(async (folder) => {
    is((await rlpc(folder, 'new', 'demo')).exitCode, 0)
    is((await rlpc(join(folder, 'demo'), 'check')).exitCode, 0)
    const before = readFileSync(join(folder, 'demo', 'main.rlp'), 'utf8')
    is((await rlpc(folder, 'new', 'demo')).exitCode, 2)
    is((await rlpc(folder, 'new', 'a/b')).exitCode, 0)
    // Where nobody can make a folder it ends.
    if (process.platform === 'linux') ok((await rlpc(folder, 'new', '/proc/nowhere')).exitCode !== 0)
    is(readFileSync(join(folder, 'demo', 'main.rlp'), 'utf8'), before)
  }))

  test('explain prints the page of every code', inFolder(async (folder) => {
    const codes = readdirSync(join(root, 'spec', 'errors')).filter((name) => name.startsWith('RLP'))
    const page = await rlpc(folder, 'explain', (codes[0] as string).replace('.md', '').toLowerCase())
    is(page.exitCode, 0)
    ok(page.stdout.includes('How to fix'))
  }))

  test(
    'a place that cannot be written is named, and is no mistake of ours',
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'main.rlp'), SMALL)
      for (const args of [['compile', '-o', 'main.rlp/plan.json'], ['new', 'main.rlp/demo']]) {
        const { exitCode, stderr } = await rlpc(folder, ...args)
        is(exitCode, 3, stderr)
        ok(/^error: `[^`]*main\.rlp[^`]*`: not a folder|^error\[RLP8202\]: cannot use `[^`]*main\.rlp/m.test(stderr), stderr)
        ok(!stderr.includes('RLP9001') && !stderr.includes('    at '), stderr)
      }
    }),
  )

  test(
    'a reader that leaves early, as `head` does, ends the command without a stack trace',
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'main.rlp'), SMALL)
      const command = rlpc(folder, 'compile', '--emit', 'graphs')
      command.stdout.destroy()
      const { exitCode, stderr } = await command
      is(exitCode, 141, stderr)
      ok(!stderr.includes('    at '), stderr)
    }),
  )
})
