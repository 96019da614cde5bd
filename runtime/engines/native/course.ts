// The rows a training stage reads, in order: one dataset, or the phases of a curriculum.
// Where the course stands is a small value that is saved with the run.

import type { Expr, Plan, Value } from '../../../spec/plan/plan.js'
import type { Dataset, Row } from '../../data/dataset.js'
import { draws } from '../../data/draws.js'
import { evaluate } from '../../data/expr.js'
import { originOf } from '../../data/origin.js'
import { written } from './attributes.js'
import type { Walk } from './loop.js'
import type { Metrics, StageRun } from './stage.js'

interface Phase {
  /** Absent when the course is a plain dataset. */
  readonly name: string | undefined
  /** What the dataset is called in messages. */
  readonly source: string
  readonly rows: Dataset
  readonly least: number
  readonly most: number | null
  readonly advance: Expr | undefined
}

export interface CourseState {
  readonly phase: number
  /** Steps done in this phase. */
  readonly steps: number
  /** Rows drawn in this phase. */
  readonly drawn: number
}

/** A row, and how messages call it. */
export interface Drawn {
  readonly row: Row
  readonly place: string
}

export class Course implements Walk {
  private state: CourseState = { phase: 0, steps: 0, drawn: 0 }

  private constructor(private readonly phases: readonly Phase[]) {}

  /** Open an input of a stage. Rows are drawn in the order of the stage's seed. */
  static async open(run: StageRun, value: Value): Promise<Course> {
    const seed = run.stage.seed
    const plain = async (source: Value) => draws(await run.openDataset(source), seed)
    if (typeof value === 'object' && value !== null && 'curriculum' in value) {
      const name = value.curriculum
      const phases = phasesOf(run.plan, name)
      const opened = phases.map(async ({ name: phase, least, most, advance }) => {
        const source = `${name}.${phase}`
        return { name: phase, source, rows: await plain({ dataset: source }), least, most, advance }
      })
      return new Course(await Promise.all(opened))
    }
    return new Course([{ name: undefined, source: written(value), rows: await plain(value), least: 0, most: null, advance: undefined }])
  }

  private get phase(): Phase {
    return this.phases[this.state.phase] as Phase
  }

  /** Name of the current phase; undefined without a curriculum. */
  get phaseName(): string | undefined {
    return this.phase.name
  }

  /** The next rows of the current phase. */
  take(count: number): Drawn[] {
    const { drawn } = this.state
    this.state = { ...this.state, drawn: drawn + count }
    return Array.from({ length: count }, (_, i) => {
      const row = this.phase.rows.row(drawn + i)
      return { row, place: placeOf(row, this.phase.source, `row ${drawn + i + 1} drawn from`) }
    })
  }

  /** A step is done: move to the next phase when this one has lasted long enough. The last phase lasts until the stage ends. */
  stepDone(metrics: Metrics): void {
    const steps = this.state.steps + 1
    const { least, most, advance } = this.phase
    const over = (most !== null && steps >= most) || (steps >= least && advance !== undefined && evaluate(advance, { names: { metrics } }) === true)
    this.state = over && this.state.phase + 1 < this.phases.length ? { phase: this.state.phase + 1, steps: 0, drawn: 0 } : { ...this.state, steps }
  }

  save(): CourseState {
    return this.state
  }

  restore(state: unknown): void {
    this.state = state as CourseState
  }
}

/** How messages call a row: the line of its file, else its number, and how its prompt begins. */
export function placeOf(row: Row, source: string, number: string): string {
  const prompt = row['prompt']
  const begin = typeof prompt === 'string' && prompt !== '' ? ` (${JSON.stringify(prompt.length > 40 ? `${prompt.slice(0, 40)}…` : prompt)})` : ''
  const origin = originOf(row)
  return `${origin === undefined ? number : `${origin}, a row of`} \`${source}\`${begin}`
}

function phasesOf(plan: Plan, name: string) {
  const curriculum = plan.curricula[name]
  if (!curriculum) throw new RangeError(`the plan has no curriculum ${name}`)
  return curriculum.phases
}
