// What a run looks like: live lines on a terminal, few plain lines elsewhere, and the tables at the end.

import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { RunEvent, RunResult, StageOutcome } from '../scheduler/events.js'
import { progress } from '../scheduler/progress.js'
import { summary } from '../scheduler/summary.js'
import { clock, shortNumber, table } from '../scheduler/text.js'

const done: StageOutcome = { address: 'warm[0]', kind: 'Sft', status: 'done', metrics: { loss: 0.0123456 }, seconds: 75 }

function render(isTTY: boolean, events: readonly (readonly [number, RunEvent])[]): string[] {
  const written: string[] = []
  let time = 0
  const view = progress({ stream: { write: (text: string) => written.push(text), isTTY, columns: 100 }, colour: false, now: () => time })
  for (const [at, event] of events) {
    time = at
    view.report(event)
  }
  view.close()
  return written
}

const step = (number: number): RunEvent => ({ type: 'step', stage: 'warm[0]', step: number, steps: 200, metrics: { loss: 1 / number, reward: 2, lr: 1 }, rate: 12.345, left: 200 - number })

const started: RunEvent = { type: 'started', stage: 'warm[0]', kind: 'Sft', from: 0, completions: 0 }

suite('progress', (test) => {
  test('a terminal shows one live line for the running stage', () => {
    const written = render(true, [[0, started], [50, step(1)], [200, step(50)], [210, step(51)], [300, { type: 'finished', stage: 'warm[0]', outcome: done }]])
    equal(written.filter((text) => text.includes('steps/s')), ['warm[0]  █████░░░░░░░░░░░░░░░  50/200 steps  12 steps/s  2:30 left  loss 0.02  reward 2'])
    ok(written.includes('✓  warm[0]  1:15  loss 0.01235\n'))
  })

  test('progress within a step stands behind the step on a terminal, and nowhere else', () => {
    const tick = (done: number): RunEvent => ({ type: 'tick', stage: 'warm[0]', what: 'rollouts', done, of: 8 })
    const events = [[0, started], [200, tick(1)], [400, step(2)], [600, tick(4)]] as const
    const shown = render(true, events).filter((text) => text.includes('rollouts'))
    equal(shown.map((text) => text.replace(/[█░]+ +/, '')), ['warm[0]  1/8 rollouts', 'warm[0]  2/200 steps  12 steps/s  3:18 left  loss 0.5  reward 2  4/8 rollouts'])
    equal(render(false, events), [])
  })

  test('elsewhere a line comes every ten per cent or few seconds', () => {
    const written = render(false, [[0, started], ...Array.from({ length: 200 }, (_, i): [number, RunEvent] => [i * 10, step(i + 1)])])
    equal(written.map((text) => Number(/ (\d+)\/200/.exec(text)?.[1])), [20, 40, 60, 80, 100, 120, 140, 160, 180, 200])
    ok(written.every((text) => text.endsWith('\n') && !text.includes('\x1b')))
    is(render(false, [[0, started], [4000, step(1)], [5000, step(2)], [9000, step(3)], [10_000, step(4)]]).length, 2)
  })

  test('every end of a stage has its line', () => {
    const outcomes: StageOutcome[] = [
      { ...done, status: 'reused' },
      { ...done, status: 'failed', error: { code: 'RLP8003', message: 'the loss is NaN', help: 'lower it' } },
      { ...done, status: 'skipped', because: 'base' },
      { ...done, status: 'stopped', error: { code: 'RLP8002', message: 'warm[0] was stopped after 3 of 6 steps' } },
    ]
    equal(render(false, outcomes.map((outcome) => [0, { type: 'finished', stage: 'warm[0]', outcome }])), [
      '=  warm[0]  reused  loss 0.01235\n',
      '✗  warm[0]  RLP8003: the loss is NaN\n   help: lower it\n',
      '-  warm[0]  skipped: base was not done\n',
      '-  warm[0]  warm[0] was stopped after 3 of 6 steps\n',
    ])
  })
})

suite('what stops many stages', (test) => {
  const error = { code: 'RLP8101', message: '`d.jsonl` does not exist', help: 'write it' }
  const failed = ['a', 'b', 'c'].map((address): StageOutcome => ({ ...done, address, metrics: {}, status: 'failed', error: address === 'c' ? { ...error, message: '`e.jsonl` does not exist' } : error }))

  test('is said in full once, while it happens and at the end', () => {
    const events = failed.map((outcome) => [0, { type: 'finished', stage: outcome.address, outcome }] as [number, RunEvent])
    equal(render(false, events), ['✗  a  RLP8101: `d.jsonl` does not exist\n   help: write it\n', '✗  b  RLP8101: as a\n', '✗  c  RLP8101: `e.jsonl` does not exist\n   help: write it\n'])
    const text = summary({ id: '0001', folder: '/r', outcome: 'failed', stages: failed, claims: [] }, { colour: false })
    is(text.split('d.jsonl').length, 2)
    ok(text.includes('RLP8101: as a'))
  })
})

suite('summary', (test) => {
  const result: RunResult = {
    id: '0001', folder: '.rlp/runs/0001', outcome: 'failed',
    stages: [done, { address: 'rl', kind: 'Grpo', status: 'failed', metrics: {}, seconds: 1, error: { code: 'RLP8003', message: 'the loss is NaN' } }, { address: 'exam', kind: 'Evaluate', status: 'skipped', metrics: {}, seconds: 0, because: 'rl' }],
    claims: [{ name: 'helps', doc: '', text: 'a > b', holds: false, checks: [{ key: '0', holds: true, left: 0.91, right: 0.2 }, { key: '1', holds: false, left: 0.1, right: 0.2 }, { key: '2', holds: null, left: null, right: null }] }],
  }

  test('stages, their numbers, claims with both sides', () => {
    is(summary(result, { colour: false }), `run 0001: failed  .rlp/runs/0001

warm[0]  done     1:15  loss 0.01235
rl       failed         RLP8003: the loss is NaN
exam     skipped        because of rl

claim helps: does not hold  a > b
  0  holds         0.91 against 0.2
  1  fails         0.1 against 0.2
  2  not measured
`)
  })

  test('a claim on stages that were not done is not measured, which is not the same as failing', () => {
    const checks = [{ key: '0', holds: true, left: 0.9, right: 0.2 }, { key: '1', holds: null, left: null, right: null }]
    const text = summary({ ...result, claims: [{ name: 'helps', doc: '', text: 'a > b', holds: false, checks }] }, { colour: false })
    ok(text.includes('claim helps: not measured  a > b'), text)
  })

  test('a run that could not begin says why', () => {
    const error = { code: 'RLP8206', message: 'process 7 is running in `.rlp`', help: 'wait for it' }
    is(summary({ id: '', folder: '.rlp', outcome: 'failed', stages: [], claims: [], error }, { colour: false }), 'error[RLP8206]: process 7 is running in `.rlp`\n  = help: wait for it\n')
  })

  test('colours change nothing but colour', () => {
    is(summary(result, { colour: true }).replace(/\x1b\[[0-9;]*m/g, ''), summary(result, { colour: false }))
  })
})

suite('text', (test) => {
  test('numbers are short, times are clocks', () => {
    equal([0, 3, 0.123456, 1234.5678, 2e-5, 3e7, NaN].map(shortNumber), ['0', '3', '0.1235', '1235', '2.00e-5', '3.00e+7', 'NaN'])
    equal([0, 7.4, 75, 3725, Infinity].map(clock), ['0:00', '0:07', '1:15', '1:02:05', '?'])
    is(table([['a', 'bb'], ['ccc', '']]), 'a    bb\nccc')
  })
})
