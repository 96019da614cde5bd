// Makes one stage: its work folder, what it is given while it runs, and the publication of what it made.
// What the stage does is the engine's; whether it needs to be made at all is decided in `run.ts`.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { versionOf } from '../backends.js'
import { guarded, writeDurably } from '../checkpoint/atomic.js'
import { kinds } from '../engines/native/kinds.js'
import type { Progress, StageResult, StageRun } from '../engines/native/stage.js'
import type { Executor } from '../executors/executor.js'
import { HostError } from '../host.js'
import type { Manifest, Origins } from '../store/manifest.js'
import type { Store } from '../store/store.js'
import { Work, type LineFile } from '../store/work.js'
import type { Artefacts } from './artefacts.js'
import { savingOf, Score, writeBest, type Saving } from './best.js'
import type { RunEvent } from './events.js'
import type { RunFolder } from './run-folder.js'

/** A running stage keeps its state at least this often, so that a kill costs little. Milliseconds. */
const SAVE_EVERY = 60_000

export interface Surroundings {
  readonly plan: Plan
  readonly root: string
  readonly executor: Executor
  readonly store: Store
  readonly artefacts: Artefacts
  readonly folder: RunFolder
  readonly metric: (stage: string, metric: string) => number
  readonly tell: (event: RunEvent) => void
  readonly signal: AbortSignal | undefined
  readonly now: () => number
}

/** Run a stage, from where it was left if it was interrupted, and publish its result. Errors: those of the kind, RLP8201, RLP8202, RLP8207. */
export async function execute(stage: StagePlan, from: Origins, around: Surroundings): Promise<Manifest> {
  const { address, kind, fingerprint } = stage
  const { store, executor, tell, folder, artefacts } = around
  const run = kinds[kind]
  if (!run) throw new RangeError(`the native engine cannot run the kind ${kind}`)
  const home = store.work(fingerprint)
  const saving = savingOf(stage)
  const version = versionOf(executor.name)
  const work = Work.open(home, { fingerprint, executor: executor.name, version, from }, saving?.keep.best)
  let manifest: Manifest
  try {
    for (const problem of work.problems) tell({ type: 'note', stage: address, code: 'RLP8207', message: `${problem}; the stage ${work.start ? `goes on after step ${work.steps}` : work.completions > 0 ? `goes on after ${work.completions} ${work.completions === 1 ? 'completion' : 'completions'}` : 'begins anew'}` })
    tell({ type: 'started', stage: address, kind, from: work.steps, completions: work.completions })
    const score = new Score(saving)
    const notes: string[] = []
    const result = await run(stageRun(stage, work, { saving, score, notes }, around))
    const made = join(home, 'result')
    guarded(made, () => {
      rmSync(made, { recursive: true, force: true })
      mkdirSync(made)
    })
    for (const [file, text] of Object.entries(work.texts({ stage: address }))) writeDurably(join(made, file), text)
    const outputs = { ...writeOutputs(made, stage, artefacts, { ...result, datasets: artefacts.secrets.redact(result.datasets) }), ...(saving ? writeBest(made, stage, artefacts, result, saving, work, score.value) : {}) }
    manifest = store.publish(made, { fingerprint, kind, madeBy: { stage: address, run: folder.id }, executor: executor.name, ...(version === undefined ? {} : { version }), from, metrics: result.metrics, ...(notes.length > 0 ? { notes } : {}), outputs })
  } catch (cause) {
    // What is damaged would be met again: next time the stage begins anew.
    if (cause instanceof HostError && cause.code === 'RLP8207') store.clear(fingerprint)
    throw cause
  } finally {
    work.close()
  }
  store.clear(fingerprint)
  return manifest
}

function stageRun(stage: StagePlan, work: Work, { saving, score, notes }: { readonly saving: Saving | undefined; readonly score: Score; readonly notes: string[] }, { plan, root, executor, artefacts, folder, metric, tell, signal, now }: Surroundings): StageRun {
  const { address } = stage
  const start = now()
  const from = work.steps
  let savedAt = start
  let step = from
  const line = (file: LineFile, content: Readonly<Record<string, unknown>>) => {
    const kept = artefacts.secrets.redact(content)
    work.append(file, kept)
    folder.lines(file, address, [kept])
  }
  for (const { file, line } of work.takeWritten()) {
    folder.lines(file, address, [line])
    if (file === 'metrics.jsonl') score.add(line)
  }
  return {
    plan,
    stage,
    executor,
    root,
    openDataset: (value) => artefacts.dataset(value),
    openPolicy: (value) => artefacts.policy(value),
    openModel: (value) => artefacts.model(value),
    metric,
    step: (number, steps, metrics) => {
      step = number
      const seconds = (now() - start) / 1000
      line('metrics.jsonl', { step, ...metrics, time: { seconds } })
      score.add(metrics)
      const rate = (step - from) / Math.max(seconds, 1e-9)
      tell({ type: 'step', stage: address, step, steps, metrics, rate, left: (steps - step) / rate })
    },
    tick: (what, done, of) => tell({ type: 'tick', stage: address, what, done, of }),
    note: (code, message) => {
      notes.push(message)
      tell({ type: 'note', stage: address, code, message })
    },
    // A sample belongs to the step that comes next.
    sample: (content) => line('samples.jsonl', { step: step + 1, ...content }),
    stopping: () => signal?.aborted === true,
    saveDue: () => now() - savedAt >= SAVE_EVERY,
    save: (tensors, progress, planned) => {
      savedAt = now()
      work.save(progress.updates, tensors, progress, planned ? score.value : null, saving?.keep ?? { last: 1 })
    },
    kept: (name) => work.takePart(name),
    keep: (name, completions, value) => work.keepPart(name, completions, value),
    saved: () => work.start && { tensors: work.start.tensors, progress: work.start.progress as Progress },
  }
}

function writeOutputs(folder: string, stage: StagePlan, artefacts: Artefacts, { policies = {}, datasets = {} }: StageResult): Record<string, string> {
  const outputs: Record<string, string> = {}
  for (const [name, { at, weights }] of Object.entries(policies)) {
    artefacts.write(join(folder, name), stage, at, weights)
    outputs[name] = name
  }
  for (const [name, rows] of Object.entries(datasets)) {
    outputs[name] = `${name}.jsonl`
    writeDurably(join(folder, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }
  return outputs
}
