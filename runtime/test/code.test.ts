// Rewards that run programs: what is a program, what its tests are worth, how calls wait, and a policy trained on code that it writes.
// That programs are contained is tested in `sandbox.test.ts`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, suite, throws } from '../../spec/test/suite.js'
import type { Expr } from '../../spec/plan/plan.js'
import { callNow, HostCalls } from '../host-calls.js'
import { HostError, type HostValue } from '../host.js'
import { inHome, PlanBuilder, rows, tinyModel } from './plans.js'

const limits = { time: 1, memory: 32 * 2 ** 20, output: 1000 }

/** The value of one call, and how its programs ended. */
async function call(name: string, args: Record<string, HostValue>): Promise<{ value: HostValue | undefined; endings: readonly string[] }> {
  const calls = new HostCalls({ root: '.' })
  const seen = new Set<string>()
  const [value] = await calls.each([args], (given) => calls.call(`std/code.${name}`, { ...limits, ...given }, seen))
  return { value, endings: calls.endings(seen) }
}

suite('code', (test) => {
  test('fenced: the last closed block', () => {
    const table: [string, string | null, string | null][] = [
      ['so\n```js\nprint(1)\n```\n', null, 'print(1)\n'],
      ['```\na\n```', null, 'a\n'],
      ['```js\na\n```\n```python\nb\n```', null, 'b\n'],
      ['```js\na\n```\n```python\nb\n```', 'JS', 'a\n'],
      ['```js\na\n```', 'python', null],
      ['```js\na\n``', null, null],
      ['```js\na\n```\n```js\nb', null, 'a\n'],
      ['````\n```\na\n```\n````', null, '```\na\n```\n'],
      ['   ```js  x\r\na\r\n   ```  ', 'js', 'a\n'],
      ['    ```js\na\n```', null, null],
      ['```js\n```', null, ''],
      ['``` a`b\n```', null, null],
      ['no code', null, null],
    ]
    for (const [text, language, expected] of table) is(callNow('std/code.fenced', { text, language }, { root: '.' }), expected, JSON.stringify(text))
    is(callNow('std/code.fenced', { text: null, language: null }, { root: '.' }), null)
    is(callNow('std/code.fenced', { text: '```x\n'.repeat(50_000), language: null }, { root: '.' }), null)
  })

  test('run: what was printed, and how it ended', async () => {
    equal(await call('run', { program: 'print(readline())', language: 'javascript', input: 'a' }), { value: { ending: 'done', output: 'a\n', message: '' }, endings: ['done'] })
    equal(await call('run', { program: 'throw new Error("no")', language: 'javascript', input: '' }), { value: { ending: 'failed', output: '', message: 'Error: no' }, endings: ['failed'] })
    equal(await call('run', { program: null, language: 'javascript', input: '' }), { value: { ending: 'failed', output: '', message: 'there is no program' }, endings: [] })
  })

  test('passed: the share of tests', async () => {
    const double = { program: { text: 'print(2 * readline())', tokens: 3, finished: true }, language: 'javascript' }
    const tests = (...pairs: [string, string][]) => pairs.map(([input, output]) => ({ input, output }))
    const table: [Record<string, HostValue>, number, string[]][] = [
      [{ ...double, tests: tests(['1', '2'], ['4', '8']) }, 1, ['done', 'done']],
      [{ ...double, tests: tests(['1', '2 \n\n'], ['4', '9']) }, 0.5, ['done', 'done']],
      [{ ...double, tests: tests(['1', ' 2']) }, 0, ['done']],
      [{ ...double, program: 'print(2); for (;;);', time: 0.01, tests: tests(['1', '2']) }, 0, ['timeout']],
      [{ ...double, program: 'print(2); throw 1', tests: tests(['1', '2']) }, 0, ['failed']],
      [{ ...double, program: null, tests: tests(['1', '2']) }, 0, []],
    ]
    for (const [args, value, endings] of table) equal(await call('passed', args), { value, endings })
  })

  test('arguments that no program can be run with are errors with a code', async () => {
    for (const args of [{ tests: [] }, { tests: [{ input: 'a' }] }, { tests: [{ input: '', output: '' }], language: 'perl' }]) {
      const code = await call('passed', { program: '1', language: 'javascript', ...args }).catch((error: unknown) => (error instanceof HostError ? error.code : error))
      is(code, 'RLP8105')
    }
  })

  test('calls are made once, wait inside each other, and cannot be made where nothing waits', async () => {
    const calls = new HostCalls({ root: '.' })
    const run = (program: string) => calls.call('std/code.run', { program, language: 'javascript', input: '', ...limits }) as { output: string }
    let rounds = 0
    const outputs = await calls.each(['1', '1', '2'], (x) => {
      rounds++
      return run(`print(${run(`print(${x} + 1)`).output} * 10)`).output
    })
    equal(outputs, ['20\n', '20\n', '30\n'])
    is(rounds, 9)
    is(await calls.settle(), false)
    throws(() => callNow('std/code.run', { program: '1', language: 'javascript', input: '', ...limits }, { root: '.' }), (error: unknown) => error instanceof HostError && error.code === 'RLP8105')
  })
})

suite('code: a policy that writes programs', (test) => {
  const model = tinyModel(['<pad>', '<bos>', '<eos>', 'print(1);', 'print(2);', 'for(;;);', 'fetch();', '?'])
  const passed: Expr = {
    call: 'std/code.passed',
    args: {
      program: { field: 'text', of: { name: 'completion' } },
      tests: { field: 'tests', of: { name: 'row' } },
      language: { const: 'javascript' },
      time: { const: { value: 0.01, unit: 'seconds' } },
      memory: { const: { value: 32 * 2 ** 20, unit: 'bytes' } },
      output: { const: { value: 1000, unit: 'bytes' } },
    },
  }
  const prompts = rows([{ prompt: '?', tests: [{ record: { input: '', output: '1' } }] }])

  test('is trained on what they print; how they ended is counted; the same numbers again', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model })
        .reward('works', passed)
        .grpo('practice', model, { policy: { model: 'm' }, prompts, reward: { reward: 'works' } }, { steps: 12, prompts: 1, size: 16, maxNew: 2, lr: 0.05 })
        .plan()
      const lines = async () => {
        const { result } = await run(plan, { fresh: true })
        is(result.outcome, 'done', JSON.stringify(result.stages))
        return readFileSync(join(home, '.rlp', 'runs', result.id, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line): Record<string, unknown> => ({ ...(JSON.parse(line) as Record<string, unknown>), time: null }))
      }
      const [first, again] = [await lines(), await lines()]
      equal(again, first)
      const programs = first.map((line) => line['programs'] as Record<string, number>)
      for (const counts of programs) is(Object.values(counts).reduce((a, b) => a + b), 16)
      ok((programs[0]?.['timeout'] as number) > 0 && (programs[0]?.['failed'] as number) > 0, JSON.stringify(programs[0]))
      const reward = (from: number, to: number) => first.slice(from, to).reduce((sum, line) => sum + (line['reward'] as number), 0) / (to - from)
      ok(reward(8, 12) > reward(0, 4) + 0.2, `${reward(0, 4)} → ${reward(8, 12)}`)
    }))
})
