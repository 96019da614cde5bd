// Reinforcement learning online: after each step in the environment some updates of the critics, then one of actor and temperature, on batches of a
// replay buffer and, where the stage says so, of recorded transitions.

import type { StoredTensor } from '../../checkpoint/safetensors.js'
import { randomKey } from '../../random.js'
import { Agent, anew, type ActorMetrics, type CriticMetrics } from './agent.js'
import { attribute, number } from './attributes.js'
import { Course, type CourseState } from './course.js'
import { Episodes } from './episodes.js'
import { trainingLoop } from './loop.js'
import type { StageKind } from './stage.js'
import { Replay, transitionOf } from './transitions.js'

/** How often success is measured on the way. */
const EXAMS = 50
/** The share of the steps that is early. */
const EARLY = 0.1

interface Kept {
  readonly added: number
  readonly episodes: unknown
  readonly recorded: CourseState | undefined
  readonly lowest: number
}

export const onlineRl: StageKind = async (run) => {
  const { stage } = run
  const given = await run.openModel(stage.inputs['agent'] ?? null)
  const agent = await Agent.open(run, anew(given, stage, new Set(attribute(stage, 'fresh') as readonly string[])))
  const [length, batch, ratio] = [number(stage, 'length'), number(stage, 'update.batch'), number(stage, 'update.ratio')]
  const replay = new Replay(agent.sizes, number(stage, 'capacity'))
  const first = stage.inputs['buffer'] ?? null
  if (first !== null) {
    const rows = await run.openDataset(first)
    for (let i = 0; i < rows.size; i++) replay.add(transitionOf({ row: rows.row(i), place: `row ${i + 1} of the buffer` }, agent.sizes, agent.rewards))
  }
  const recorded = (stage.inputs['offline'] ?? null) === null ? undefined : await Course.open(run, stage.inputs['offline'] ?? null)
  const fromRecorded = recorded ? Math.round(number(stage, 'offline_share') * batch) : 0
  const episodes = new Episodes(agent.environment, randomKey(stage.seed, stage.fingerprint, 'episodes'))
  const key = randomKey(stage.seed, stage.fingerprint, 'replay')
  const drawn = (update: number): ArrayLike<number>[] => [
    ...replay.draw(batch - fromRecorded, key, update),
    ...(recorded?.take(fromRecorded) ?? []).map((row) => transitionOf(row, agent.sizes, agent.rewards)),
  ]
  const exam = Math.max(1, Math.floor(length / EXAMS))
  let lowest = 1
  let done = 0
  let kept: StoredTensor | undefined

  const trained = {
    get updates() {
      return done
    },
    state: async () => [...(await agent.state()), replay.tensor()],
    restore: (state: ReadonlyMap<string, StoredTensor>, steps: number) => {
      agent.restore(state)
      kept = state.get('replay')
      done = steps
    },
  }
  const walk = {
    phaseName: undefined,
    stepDone: () => undefined,
    save: (): Kept => ({ added: replay.total, episodes: episodes.save(), recorded: recorded?.save(), lowest }),
    restore: (state: unknown) => {
      const standing = state as Kept
      if (kept) replay.restore(kept, standing.added)
      episodes.restore(standing.episodes)
      if (standing.recorded) recorded?.restore(standing.recorded)
      lowest = standing.lowest
    },
  }
  const meanValue = await trainingLoop(run, trained, walk, {
    steps: length,
    outcome: 'value',
    update: async (step) => {
      const [action] = await agent.act([episodes.observation], step)
      const { ends: _, ...transition } = episodes.step(action ?? [])
      replay.add(transitionOf({ row: transition as never, place: 'a step' }, agent.sizes, agent.rewards))
      let critic: CriticMetrics | undefined
      let rows: ArrayLike<number>[] = []
      for (let update = 0; update < ratio; update++) {
        rows = drawn(step * ratio + update)
        critic = await agent.updateCritics(rows, step * ratio + update)
      }
      const actor: ActorMetrics = await agent.updateActor(rows, step)
      done = step + 1
      const looks = done % exam === 0
      const success = looks ? await agent.success() : undefined
      if (success !== undefined && done <= Math.max(exam, EARLY * length)) lowest = Math.min(lowest, success)
      return { ...critic, ...actor, reward: transition.reward, ...(success === undefined ? {} : { success }) }
    },
  })
  const result = { metrics: { success: await agent.success(), lowest_early_success: lowest, mean_value: meanValue }, policies: { agent: await agent.handedOver() } }
  agent.close()
  return result
}
