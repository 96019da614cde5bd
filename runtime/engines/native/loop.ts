// The loop of every training stage: continue or start, step, log, save, stop when asked.
// What a step does is the kind's.

import { setImmediate as eventsHandled } from 'node:timers/promises'
import type { StagePlan } from '../../../spec/plan/plan.js'
import { failure } from '../../codes.js'
import { optionalNumber } from './attributes.js'
import { meanOf } from './reward.js'
import type { Metrics, StageRun } from './stage.js'
import type { StoredTensor } from '../../checkpoint/safetensors.js'

/** Where a stage stands in its data: saved with the run, so that it goes on with the next row. */
export interface Walk {
  /** Name of the current phase; undefined without a curriculum. */
  readonly phaseName: string | undefined
  stepDone(metrics: Metrics): void
  save(): unknown
  restore(state: unknown): void
}

/** What is trained: how often it was updated, and the state to continue from. */
export interface Trained {
  readonly updates: number
  state(): Promise<StoredTensor[]>
  restore(state: ReadonlyMap<string, StoredTensor>, updates: number): void
}

export interface LoopOptions {
  /** Updates of the whole stage. */
  readonly steps: number
  /** Updates that belong together: state is saved only between such bundles. */
  readonly bundle?: number
  /** Make update `step` (0, 1, …) and say what to log. */
  readonly update: (step: number) => Promise<Metrics>
  /** The metric that sums up the stage. */
  readonly outcome: string
  /** Whether the stage may end after an update, before its length. */
  readonly enough?: (metrics: Metrics) => boolean
}

/**
 * Run the updates that are left, or until there is enough; returns the mean of the outcome over the last tenth of the stage.
 * Errors: RLP8002 when stopped, and those of `update`.
 */
export async function trainingLoop(run: StageRun, trainer: Trained, walk: Walk, { steps, bundle = 1, update, outcome, enough = () => false }: LoopOptions): Promise<number> {
  const saved = run.saved()
  if (saved) {
    trainer.restore(saved.tensors, saved.progress.updates)
    walk.restore(saved.progress.course)
  }
  const every = optionalNumber(run.stage, 'save.every')
  let recent = saved?.progress.recent ?? []
  let learned = saved?.progress.learned ?? false
  while (trainer.updates < steps) {
    const step = trainer.updates
    const phase = walk.phaseName
    const metrics: Metrics = { ...(await update(step)), ...(phase === undefined ? {} : { phase }) }
    walk.stepDone(metrics)
    run.step(step + 1, steps, metrics)
    recent = [...recent, Number(metrics[outcome])].slice(-Math.ceil(steps / 10))
    learned ||= metrics['grad_norm'] !== 0
    const done = step + 1
    if (enough(metrics)) break
    if (done >= steps || done % bundle !== 0) continue
    // The executor computes without giving way: here is where a signal is heard.
    await eventsHandled()
    const stopping = run.stopping()
    const wanted = every !== undefined && Math.floor(done / every) > Math.floor((done - bundle) / every)
    if (stopping || wanted || run.saveDue()) run.save(await trainer.state(), { updates: done, course: walk.save(), learned, recent }, wanted)
    if (stopping) throw stopped(run.stage, done, steps)
  }
  if (steps > 0 && !learned) run.note('RLP8013', nothingLearned(trainer.updates, outcome))
  return meanOf(recent)
}

function nothingLearned(updates: number, outcome: string): string {
  const why = outcome === 'reward' ? 'every group of rollouts scored alike' : 'no example had any weight'
  return `nothing was learned: the gradient was 0 in all ${updates} updates, since ${why}`
}

export function stopped(stage: StagePlan, done: number, of: number, what = 'steps'): Error {
  return failure('RLP8002', `${stage.address} was stopped after ${done} of ${of} ${what}`, 'run again to continue')
}
