// The lines that a stage writes while it runs, metrics and samples: into its own folder and into the run's, one JSON object each.
// Everything in a line depends on the plan alone, except what is under `time`.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { guarded, syncFile, writeDurably } from '../checkpoint/atomic.js'
import type { Metrics } from '../engines/native/stage.js'

const FILES = ['metrics.jsonl', 'samples.jsonl'] as const
type File = (typeof FILES)[number]

export class Journal {
  private step = 0

  /** `work` is the stage's folder, `run` the run's. Lines of an interrupted run up to `from` steps are kept, the rest is cut. */
  constructor(
    private readonly stage: string,
    private readonly work: string,
    private readonly run: string,
    from: number,
  ) {
    this.step = from
    guarded(work, () => {
      mkdirSync(work, { recursive: true })
      for (const file of FILES) {
        const kept = linesOf(join(work, file)).filter((line) => line.step <= from)
        const text = kept.map((line) => `${line.text}\n`).join('')
        writeDurably(join(work, file), text)
        appendFileSync(join(run, file), text)
      }
    })
  }

  metrics(step: number, metrics: Metrics, time: Readonly<Record<string, number>>): void {
    this.step = step
    this.append('metrics.jsonl', { stage: this.stage, step, ...metrics, time })
  }

  /** A sample belongs to the step that comes next. */
  sample(line: Readonly<Record<string, unknown>>): void {
    this.append('samples.jsonl', { stage: this.stage, step: this.step + 1, ...line })
  }

  /** Make the lines so far durable: before a state that counts on them is saved. */
  sync(): void {
    for (const file of FILES) guarded(join(this.work, file), () => syncFile(join(this.work, file)))
  }

  private append(file: File, line: object): void {
    const text = `${JSON.stringify(line)}\n`
    for (const folder of [this.work, this.run]) guarded(join(folder, file), () => appendFileSync(join(folder, file), text))
  }
}

/** Copy the lines of a stored stage into the run, so that a run's files are complete by themselves. */
export function copyLines(stored: string, run: string, stage: string): void {
  for (const file of FILES) {
    const text = linesOf(join(stored, file)).map((line) => `${JSON.stringify({ ...line.value, stage })}\n`).join('')
    guarded(run, () => appendFileSync(join(run, file), text))
  }
}

/** Whole lines of a file; a torn last line is left out. */
function linesOf(path: string): { text: string; step: number; value: object }[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        const value = JSON.parse(text) as { step?: number }
        return [{ text, step: value.step ?? 0, value }]
      } catch {
        return []
      }
    })
}
