// Ctrl-C on an executor that can give up a step: the run ends in the middle of it, and goes on from the last saved state with the same bytes.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { Executor, Program, Session } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { failure } from '../codes.js'
import { copyRows, inHome, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const model = tinyModel(LETTERS)
const plan = new PlanBuilder({ m: model }).sft('copy', model, { model: 'm' }, copyRows, { steps: 6, every: 2 }).plan()

/** `reference`, whose update number `at` never ends by itself. */
function stuck(at: number, begun: () => void): Executor {
  let updates = 0
  let giveUp = (_: Error) => {}
  const slow = (program: Program): Program => ({ run: (feeds) => (++updates < at ? program.run(feeds) : (begun(), new Promise((_, reject) => (giveUp = reject)))) })
  return {
    name: reference.name,
    abandon: () => giveUp(failure('RLP8002', 'stopped in the middle of a step', 'run again')),
    open: async () => {
      const session = await reference.open()
      const load: Session['load'] = (graph, bindings) => (graph.name === 'apply' ? slow(session.load(graph, bindings)) : session.load(graph, bindings))
      return new Proxy(session, { get: (of, name) => (name === 'load' ? load : typeof Reflect.get(of, name) === 'function' ? (Reflect.get(of, name) as () => unknown).bind(of) : Reflect.get(of, name)) })
    },
  }
}

suite('giving up a step', (test) => {
  test('the run is stopped, and ends with the bytes of one that was not', () =>
    inHome(async (home, run) => {
      const bytesOf = (place: string): string => readFileSync(join(place, '.rlp', 'store', plan.stages[0]?.fingerprint as string, 'policy', 'model.safetensors')).toString('base64')
      const stop = new AbortController()
      const { result } = await run(plan, { executor: stuck(4, () => stop.abort()), signal: stop.signal, grace: 0 })
      is(result.outcome, 'stopped')
      const [stage] = result.stages
      is(stage?.status, 'stopped')
      ok(stage?.error?.message.includes('in the middle of a step'), stage?.error?.message)
      is((await run(plan)).result.outcome, 'done')
      await inHome(async (other, undisturbed) => {
        await undisturbed(plan)
        equal(bytesOf(home), bytesOf(other))
      })
    }))
})
