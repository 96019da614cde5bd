// Completions of every row of a dataset, several for each, in waves: what evaluation and generation have in common.

import type { Completion } from '../../host.js'
import { randomKey } from '../../random.js'
import { number } from './attributes.js'
import type { Drawn } from './course.js'
import { completionsOf } from './looking.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { everyRow, promptTokens } from './prompts.js'
import type { StageRun } from './stage.js'
import { writeOut } from './written.js'

export interface Completed extends Drawn {
  readonly completion: Completion
}

/** One completion that is wanted: sample `sample` (0, 1, …) of row `row` of the input. */
export interface Wanted {
  readonly row: number
  readonly sample: number
}

/** A policy and the rows of a dataset that it completes. The random numbers of a completion depend on the stage, its row and its sample alone. */
export class Completer {
  private constructor(
    private readonly run: StageRun,
    private readonly rows: readonly Drawn[],
    private readonly policy: Policy,
  ) {}

  static async open(run: StageRun, input: string): Promise<Completer> {
    const rows = await everyRow(run, input)
    return new Completer(run, rows, await Policy.open(run.executor, await run.openPolicy(run.stage.inputs['policy'] ?? null), graphsOf(run.plan, run.stage)))
  }

  get count(): number {
    return this.rows.length
  }

  /** In the order they are wanted. Errors: RLP8002 when stopped, RLP8004 for prompts that are too long. */
  async complete(wanted: readonly Wanted[]): Promise<Completed[]> {
    const { run, policy } = this
    const { stage } = run
    const [maxNew, samples] = [number(stage, 'max_new'), number(stage, 'samples')]
    const key = randomKey(stage.seed, stage.fingerprint, 'rollout')
    const prompts = wanted.map(({ row, sample }) => ({ tokens: promptTokens(policy, this.rows[row] as Drawn, maxNew), row: row * samples + sample }))
    const written = await writeOut(run, policy, prompts, { maxNew, temperature: number(stage, 'temperature') || 1, key, what: 'completions' })
    const rowOf = (i: number) => this.rows[(wanted[i] as Wanted).row] as Drawn
    const completions = await completionsOf(run, policy, written.map((rollout, i) => ({ prompt: (prompts[i] as { tokens: number[] }).tokens, rollout, place: rowOf(i).place })))
    return completions.map((completion, i) => ({ ...rowOf(i), completion }))
  }

  close(): void {
    this.policy.close()
  }
}

/** `samples` completions of each row, grouped by row, in order. */
export async function completeEveryRow(run: StageRun, input: string): Promise<Completed[]> {
  const completer = await Completer.open(run, input)
  const samples = number(run.stage, 'samples')
  const completed = await completer.complete(Array.from({ length: completer.count * samples }, (_, i) => ({ row: Math.floor(i / samples), sample: i % samples })))
  completer.close()
  return completed
}
