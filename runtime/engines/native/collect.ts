// A frozen agent acts and fills a buffer: the warm-up of WSRL (arXiv 2412.07762).

import { setImmediate as eventsHandled } from 'node:timers/promises'
import { randomKey } from '../../random.js'
import { Agent } from './agent.js'
import { number } from './attributes.js'
import { Episodes } from './episodes.js'
import { stopped } from './loop.js'
import type { StageKind } from './stage.js'

/** Steps between two looks at the stop signal. */
const LOOK = 50

export const collect: StageKind = async (run) => {
  const { stage } = run
  const agent = await Agent.open(run, await run.openModel(stage.inputs['agent'] ?? null))
  const episodes = new Episodes(agent.environment, randomKey(stage.seed, stage.fingerprint, 'episodes'))
  const length = number(stage, 'length')
  const buffer: Record<string, unknown>[] = []
  const ended: boolean[] = []
  for (let step = 0; step < length; step++) {
    const [action] = await agent.act([episodes.observation], step)
    const { ends, ...transition } = episodes.step(action ?? [])
    buffer.push(transition)
    if (ends) ended.push(transition.done)
    if ((step + 1) % LOOK !== 0) continue
    run.tick('transitions', step + 1, length)
    await eventsHandled()
    if (run.stopping()) throw stopped(stage, step + 1, length)
  }
  agent.close()
  // Of the episodes that came to an end.
  const success = ended.length === 0 ? 0 : ended.filter((done) => done).length / ended.length
  run.step(1, 1, { success, episodes: ended.length, rows: buffer.length })
  return { metrics: { success }, datasets: { buffer } }
}
