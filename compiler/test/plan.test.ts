// `rlpc plan`, `lock` and `diff` as commands: JSON that fits its schema, exit codes, revisions of git.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { execaSync } from 'execa'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { COMMON } from '../elaborate/test/harness.js'
import { COMMANDS } from '../cli/commands.js'
import type { Arguments } from '../cli/options.js'

const SPEC = `${COMMON}
stage learn: Sft { policy = tiny, data = chains.worked(problems["train"]), length = 2 steps, batch = 2 samples, optimizer { lr = 1e-3 } }
stage exam: Evaluate { policy = learn.policy, data = subset(problems["test"], 4 samples), score = answer.correct, max_new = 2 tokens }
`

/** Runs a command within this process, in a folder; what it printed and its exit code. */
async function rlpc(folder: string, name: string, positionals: readonly string[] = [], options: Arguments['options'] = {}): Promise<{ code: number; out: string; err: string }> {
  const printed = { stdout: '', stderr: '' }
  const [before, out, err] = [process.cwd(), process.stdout.write, process.stderr.write]
  process.chdir(folder)
  process.stdout.write = ((text: string) => ((printed.stdout += text), true)) as typeof process.stdout.write
  process.stderr.write = ((text: string) => ((printed.stderr += text), true)) as typeof process.stderr.write
  try {
    const code = await (await COMMANDS[name]!.load())({ positionals, options })
    return { code, out: printed.stdout, err: printed.stderr }
  } finally {
    process.chdir(before)
    Object.assign(process.stdout, { write: out })
    Object.assign(process.stderr, { write: err })
  }
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rlpc-plan-'))
  try {
    await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

suite('rlpc plan, lock and diff', (test) => {
  test('plan: JSON fits its schema before and after a run; exit codes', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'main.rlp'), SPEC)
      const schema = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(new URL('../../spec/schemas/review.schema.json', import.meta.url), 'utf8')) as object)
      const review = async () => {
        const { out, code } = await rlpc(folder, 'plan', [], { format: 'json', 'detailed-exitcode': true, backend: 'reference' })
        const json = JSON.parse(out) as { stages: { address: string; action: string; why: string; differences: string[]; seconds: number | null; work: object }[] }
        ok(schema(json), JSON.stringify(schema.errors))
        return { code, stages: json.stages }
      }
      const first = await review()
      equal([first.code, first.stages.map(({ action, why }) => `${action} ${why}`)], [5, ['run never run', 'run never run']])
      equal(first.stages[1]?.work, { prompts: 4, completions: 4, tokens: 8 })
      is((await rlpc(folder, 'plan')).code, 0)
      is((await rlpc(folder, 'run', ['main.rlp'], { backend: 'reference' })).code, 0)
      const second = await review()
      equal([second.code, second.stages.map(({ action }) => action)], [0, ['reuse', 'reuse']])
      writeFileSync(join(folder, 'main.rlp'), SPEC.replace('lr = 1e-3', 'lr = 2e-3'))
      const third = await review()
      equal([third.code, third.stages[0]?.differences, third.stages[1]?.why], [5, ['optimizer.lr'], 'changed'])
      ok(third.stages.every(({ seconds }) => seconds !== null && seconds > 0), 'at the pace of the run')
      const { out } = await rlpc(folder, 'plan', [], { backend: 'reference' })
      ok(out.includes('run: optimizer.lr: 0.001 → 0.002') && out.includes('run: follows learn') && out.includes('at the pace of run 0001'), out)
      // Runs and plans are sides of a diff too.
      equal([(await rlpc(folder, 'diff', ['1', 'main.rlp'])).code, (await rlpc(folder, 'diff', ['1', '.rlp/runs/0001'])).code], [5, 0])
    }))

  test('plan: says what a run would stop at before its first step', () =>
    inFolder(async (folder) => {
      const plan = async (from: string, to: string) => {
        writeFileSync(join(folder, 'main.rlp'), SPEC.replace(from, to))
        return rlpc(folder, 'plan', [], { 'no-probe': true, backend: 'reference' })
      }
      const cases: readonly (readonly [string, string, string])[] = [
        ['subset(problems["test"], 4 samples)', 'problems["test"]', 'exam  RLP8007: `problems["test"]` has no end, and exam reads every row'],
        ['length = 2 steps', 'length = 2 epochs', 'learn  RLP8007: `worked(…)` has no end, so an epoch of learn has no length'],
        ['chains.worked(problems["train"])', 'jsonl("nowhere.jsonl")', 'learn  RLP8101: `nowhere.jsonl` does not exist'],
        ['max_new = 2 tokens', 'max_new = 2 tokens }\nstage again: Sft { policy = tiny, data = mixture([share(100%, twice.rollouts)]), length = 1 epoch, batch = 2 samples, optimizer { lr = 1e-3 } }\nstage twice: Generate { policy = learn.policy, prompts = subset(problems["test"], 4 samples), max_new = 2 tokens', 'again  RLP8007: `mixture(…)` has no end'],
      ]
      for (const [from, to, says] of cases) {
        const { out, code } = await plan(from, to)
        ok(out.includes(says), out)
        is(code, 3)
      }
      is((await plan('', '')).code, 0)
    }))

  test('plan: a compiled plan says what its spec says; what is no plan is refused', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'main.rlp'), SPEC)
      is((await rlpc(folder, 'compile')).code, 0)
      const options = { backend: 'wasm', 'no-probe': true }
      const [ofSpec, ofPlan] = [await rlpc(folder, 'plan', [], options), await rlpc(folder, 'plan', ['.rlp/plan.json'], options)]
      // A compiled plan has its attributes in alphabetical order.
      const words = ({ out }: { out: string }) => out.split(/[\s,(){}]+/).sort().join(' ')
      is(words(ofPlan), words(ofSpec))
      is(ofPlan.code, 0)
      writeFileSync(join(folder, 'notes.txt'), 'no plan')
      const refused = await rlpc(folder, 'plan', ['notes.txt'], options).catch((error: Error) => error.message)
      ok(/^`notes.txt` is not a plan: it is not JSON/.test(String(refused)), String(refused))
    }))

  test('lock: written once, refuses a changed module and data file, accepts them again', () =>
    inFolder(async (folder) => {
      const spec = `${COMMON.replace('rlp 1\n', 'rlp 1\nimport { batch } from "./sizes.rlp"\n')}
dataset notes: Dataset[Example] { source = jsonl("notes.jsonl") }
stage learn: Sft { policy = tiny, data = notes, length = 2 steps, batch = batch, optimizer { lr = 1e-3 } }
`
      writeFileSync(join(folder, 'main.rlp'), spec)
      writeFileSync(join(folder, 'sizes.rlp'), 'rlp 1\nconst batch = 2 samples\n')
      writeFileSync(join(folder, 'notes.jsonl'), '{"prompt": "1 +2", "completion": "3"}\n')
      const locked = (command: string) => rlpc(folder, command, command === 'run' ? ['main.rlp'] : [], { locked: true, backend: 'reference' })
      for (const command of ['check', 'compile', 'plan', 'run']) {
        const { code, err } = await locked(command)
        ok(code === 1 && err.includes('RLP9101'), `${command}: ${err}`)
      }
      is((await rlpc(folder, 'lock')).code, 0)
      const text = readFileSync(join(folder, 'rlp.lock'), 'utf8')
      ok(text.includes('"notes.jsonl": "') && text.includes('"sizes.rlp": "') && text.includes('"std/stages": "') && !text.includes('main.rlp'), text)
      ok((await rlpc(folder, 'lock')).err.includes('nothing has changed'))
      for (const command of ['check', 'compile', 'plan']) is((await locked(command)).code, 0, command)
      // The spec itself may change.
      writeFileSync(join(folder, 'main.rlp'), spec.replace('1e-3', '2e-3'))
      is((await locked('check')).code, 0)
      writeFileSync(join(folder, 'notes.jsonl'), '{"prompt": "2 +2", "completion": "4"}\n')
      writeFileSync(join(folder, 'sizes.rlp'), 'rlp 1\nconst batch = 3 samples\n')
      for (const command of ['check', 'compile', 'plan', 'run']) {
        const { code, err } = await locked(command)
        ok(code === 1 && err.includes('error[RLP9103]: the data file `notes.jsonl`') && err.includes('error[RLP9102]: the module `sizes.rlp`'), `${command}: ${err}`)
      }
      const { err } = await rlpc(folder, 'lock')
      ok(err.includes('changed data notes.jsonl') && err.includes('changed modules sizes.rlp'), err)
      is((await locked('check')).code, 0)
    }))

  test('why: the chain of a metric, names of things, and what is not there', () =>
    inFolder(async (folder) => {
      const keyed = SPEC.replace('stage learn: Sft {', 'stage learn: Sft for seed in [0, 1] { seed = seed,').replace('stage exam: Evaluate {', 'stage exam: Evaluate for seed in [0, 1] {').replace('learn.policy', 'learn[seed].policy')
      // Not the only spec of its folder: the run knows which it was.
      writeFileSync(join(folder, 'seeds.rlp'), keyed)
      writeFileSync(join(folder, 'another.rlp'), SPEC)
      is((await rlpc(folder, 'run', ['seeds.rlp'], { backend: 'reference' })).code, 0)
      const { out } = await rlpc(folder, 'why', ['exam@seed1.accuracy'])
      const line = (text: string) => keyed.slice(0, keyed.indexOf(text)).split('\n').length
      for (const part of ['exam[1].accuracy = 0', '← exam[1]  Evaluate', '  ← learn[1]  Sft', 'made by run 0001 with reference', 'drawn from seed', `seeds.rlp:${line('stage learn')}  learn[1]`, `seeds.rlp:${line('model tiny')}  tiny`, 'rlpc 0.1.0'])
        ok(out.includes(part), `${part} is not in\n${out}`)
      ok(!out.includes('learn[0]'), 'the other seed is no part of it')
      const policy = (await rlpc(folder, 'why', ['learn[1].policy'])).out
      ok(/^learn\[1\]\.policy = \.rlp\/store\/[0-9a-f]{64}\/policy\n← learn\[1\]  Sft/.test(policy), policy)
      const fingerprint = /learn\[1\] {2}Sft {2}([0-9a-f]{12})/.exec(out)?.[1] as string
      for (const name of ['learn[1]', 'learn@1', fingerprint]) ok((await rlpc(folder, 'why', [name])).out.startsWith('learn[1]  Sft'), name)
      is([...(await rlpc(folder, 'why', ['exam'])).out.matchAll(/^exam/gm)].length, 2)
      writeFileSync(join(folder, 'seeds.rlp'), keyed.replace('1e-3', '2e-3'))
      ok((await rlpc(folder, 'why', ['learn@0'])).out.includes('learn[0] is no longer in the spec with this meaning'))
      for (const wrong of ['lern', 'exam[0].accurracy']) {
        const refused = await rlpc(folder, 'why', [wrong]).catch((error: Error) => error)
        ok(refused instanceof Error && refused.constructor.name === 'UsageError', wrong)
      }
    }))

  test('a gate: the verdict of each instance, what it holds back and why; the plan foresees it', () =>
    inFolder(async (folder) => {
      const gated = (limit: string) => `${SPEC.replace('stage learn: Sft {', 'stage learn: Sft for seed in [0, 1] { seed = seed,').replace('stage exam: Evaluate {', 'stage exam: Evaluate for seed in [0, 1] {').replace('learn.policy', 'learn[seed].policy')}
stage more: Sft { policy = learn[0].policy, data = chains.worked(problems["train"]), length = 1 step, batch = 2 samples, optimizer { lr = 1e-3 } }
claim ready: Gate { require = exam[*].tokens >= ${limit}, before = more }
`
      writeFileSync(join(folder, 'main.rlp'), gated('99'))
      is((await rlpc(folder, 'run', ['main.rlp'], { backend: 'reference' })).code, 4)
      const why = (await rlpc(folder, 'why', ['ready'])).out
      ok(/^gate ready: does not hold .*\n {2}0 {2}fails {2}\S+ against 99\n {2}1 {2}fails {2}\S+ against 99\nheld back: more\n/.test(why), why)
      for (const part of ['exam[0].tokens = ', 'exam[1].tokens = ', '  ← learn[1]  Sft']) ok(why.includes(part), why)
      ok(/^more {2}Sft {2}[0-9a-f]{12} {2}gated in run 0001: the gate `ready` does not hold \(0: \S+ against 99; 1: \S+ against 99\)/.test((await rlpc(folder, 'why', ['more'])).out))
      const plan = await rlpc(folder, 'plan', [], { backend: 'reference', 'detailed-exitcode': true })
      ok(plan.code === 0 && /! more .* skip: the gate `ready` does not hold: 0: /.test(plan.out) && plan.out.includes('gate ready:'), plan.out)
      writeFileSync(join(folder, 'main.rlp'), gated('0'))
      const open = await rlpc(folder, 'plan', [], { backend: 'reference', 'detailed-exitcode': true })
      ok(open.code === 5 && /\+ more .* run: held back by the gate `ready` in run 0001/.test(open.out), open.out)
      is((await rlpc(folder, 'run', ['main.rlp'], { backend: 'reference' })).code, 0)
      ok((await rlpc(folder, 'why', ['ready'])).out.includes('let through: more'))
    }))

  test('diff: JSON fits its schema; formulas as both sides write them', () =>
    inFolder(async (folder) => {
      const schemas = ['plan', 'comparison'].map((name) => JSON.parse(readFileSync(new URL(`../../spec/schemas/${name}.schema.json`, import.meta.url), 'utf8')) as object)
      const fits = new Ajv2020({ allowUnionTypes: true }).addSchema(schemas[0] as object).compile(schemas[1] as object)
      const spec = (bound: string) => `${COMMON}
fn mine(logp: Real per token, old_logp: Real per token, advantage: Real per rollout): Real per token {
  let ratio = exp(logp - old_logp)
  0 - min(ratio * advantage, clamp(ratio, ${bound}) * advantage)
}
stage learn: Grpo { policy = tiny, prompts = problems["train"], reward = answer, length = 2 steps, group_size = 2 rollouts, loss = mine, rollout { per_step = 2 prompts, max_new = 2 tokens }, optimizer { lr = 1e-3 } }
stage exam: Evaluate { policy = learn.policy, data = subset(problems["test"], 4 samples), score = answer.correct, max_new = 2 tokens }
claim better { require = exam.accuracy > 10% }
`
      writeFileSync(join(folder, 'a.rlp'), spec('0.8, 1.2'))
      writeFileSync(join(folder, 'b.rlp'), spec('0.8, 1.3').replace('length = 2 steps', 'length = 3 steps').replace('10%', '20%').replace('stage exam', 'stage test').replace('exam.accuracy', 'test.accuracy'))
      const json = await rlpc(folder, 'diff', ['a.rlp', 'b.rlp'], { format: 'json' })
      ok(json.code === 5 && fits(JSON.parse(json.out)), json.out + json.err + JSON.stringify(fits.errors))
      const text = await rlpc(folder, 'diff', ['a.rlp', 'b.rlp'])
      ok(/- .*0\.8.*1\.2.*\n +\+ .*0\.8.*1\.3/.test(text.out), text.out)
    }))

  test('diff: a revision of git with the imports of that revision', () =>
    inFolder(async (folder) => {
      const git = (...args: string[]) => execaSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args], { cwd: folder })
      writeFileSync(join(folder, 'sizes.rlp'), 'rlp 1\nconst batch = 2 samples\n')
      writeFileSync(join(folder, 'main.rlp'), SPEC.replace('import * as chains', 'import { batch } from "./sizes.rlp"\nimport * as chains').replace('batch = 2 samples', 'batch = batch'))
      git('init', '-q')
      git('add', '.')
      git('commit', '-qm', 'first')
      is((await rlpc(folder, 'diff')).code, 0)
      writeFileSync(join(folder, 'sizes.rlp'), 'rlp 1\nconst batch = 3 samples\n')
      const { code, out } = await rlpc(folder, 'diff', ['HEAD:main.rlp', 'main.rlp'])
      is(code, 5)
      ok(out.includes('~ learn: Sft\n    batch  2 samples → 3 samples\n~ follows: exam (from learn)'), out)
      const json = JSON.parse((await rlpc(folder, 'diff', ['HEAD'], { format: 'json' })).out) as { same: boolean }
      is(json.same, false)
      writeFileSync(join(folder, 'torn.rlp'), 'rlp 1\nstage a: Sft {\n')
      const torn = await rlpc(folder, 'diff', ['torn.rlp', 'main.rlp'])
      ok(torn.code === 1 && torn.err.startsWith('torn.rlp has mistakes:\nerror[RLP0006]'), torn.err)
      for (const wrong of ['HEAD:nothing.rlp', 'nowhere.rlp', '7']) {
        const refused = await rlpc(folder, 'diff', [wrong]).catch((error: Error) => error)
        ok(refused instanceof Error && refused.constructor.name === 'UsageError', `${wrong} is refused`)
      }
    }))
})
