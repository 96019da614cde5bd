// Shows how a run goes: one live line for the running stage on a terminal, a plain line now and then elsewhere.
// Only renders events; the tables at the end are in `summary.ts`.

import type { RunEvent, StageOutcome } from './events.js'
import { claimText, Told } from './summary.js'
import { clock, painter, shortNumber, type Painter } from './text.js'

export interface ProgressOptions {
  readonly stream: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
  readonly colour: boolean
  /** Milliseconds; the default is the system's clock. */
  readonly now?: () => number
}

export interface ProgressView {
  report(event: RunEvent): void
  /** Remove the live line. */
  close(): void
}

/** A live line is redrawn at most this often, a plain one printed at most this often (unless 10 % were done). Milliseconds. */
const REDRAW = 100
const PLAIN = 5000
/** Numbers that matter most, of those that a stage has. */
const SHOWN = ['loss', 'reward'] as const
const BAR = 20

export function progress({ stream, colour, now = () => performance.now() }: ProgressOptions): ProgressView {
  const paint = painter(colour)
  const live = stream.isTTY === true
  const told = new Told()
  let shownAt = -Infinity
  let shownTenths = 0
  /** What the live line of the running stage said after its last step. */
  let lastStep = ''
  const clear = () => live && stream.write('\r\x1b[2K')
  const print = (text: string) => {
    clear()
    stream.write(`${text}\n`)
  }
  /** `share` of the stage that is done, 0..1. */
  const update = (text: string, share: number) => {
    const due = now() - shownAt >= (live ? REDRAW : PLAIN) || (!live && tenths(share) > shownTenths)
    if (!due) return
    shownAt = now()
    shownTenths = tenths(share)
    if (!live) return print(text)
    clear()
    stream.write(text.slice(0, (stream.columns ?? 100) - 1))
  }

  return {
    report(event) {
      if (event.type === 'started') {
        shownAt = now()
        shownTenths = 0
        lastStep = ''
        if (event.from > 0) print(`${event.stage}: continues after step ${event.from}`)
        else if (event.completions > 0) print(`${event.stage}: continues after ${counted(event.completions)}`)
      } else if (event.type === 'step') {
        const { stage, step, steps, rate, left } = event
        if (steps <= 1) return
        const numbers = SHOWN.flatMap((name) => (typeof event.metrics[name] === 'number' ? [`${name} ${shortNumber(event.metrics[name])}`] : []))
        lastStep = [stage, ...(live ? [bar(step / steps, paint)] : []), `${step}/${steps} steps`, `${shortNumber(Number(rate.toPrecision(2)))} steps/s`, `${clock(left)} left`, ...numbers].join('  ')
        update(lastStep, step / steps)
      } else if (event.type === 'tick') {
        const { stage, what, done, of } = event
        // Within a step they would only fill the page.
        if (lastStep !== '' && live) update(`${lastStep}  ${done}/${of} ${what}`, 0)
        else if (lastStep === '' && (live || what.startsWith('completions'))) update([stage, ...(live ? [bar(done / of, paint)] : []), `${done}/${of} ${what}`].join('  '), done / of)
      } else if (event.type === 'compiling') {
        const { what, seconds } = event
        if (live || seconds !== undefined) update([lastStep, `compiling ${what}${seconds === undefined ? '' : `: ${shortNumber(Number(seconds.toPrecision(2)))} s`}`].filter(Boolean).join('  '), 0)
      } else if (event.type === 'note') {
        print(`${event.stage}: ${event.message} (${event.code})`)
      } else if (event.type === 'gate') {
        print(claimText(event.gate, paint))
      } else if (event.type === 'finished') {
        print(finished(event.outcome, paint, told))
      }
    },
    close: () => void clear(),
  }
}

const counted = (completions: number): string => `${completions} ${completions === 1 ? 'completion' : 'completions'}`

const tenths = (share: number): number => Math.floor(share * 10 + 1e-9)

function bar(share: number, paint: Painter): string {
  const full = Math.round(Math.min(1, share) * BAR)
  return `${'█'.repeat(full)}${paint.dim('░'.repeat(BAR - full))}`
}

function finished({ address, status, seconds, metrics, error, because }: StageOutcome, paint: Painter, told: Told): string {
  const numbers = Object.entries(metrics).map(([name, value]) => `${name} ${shortNumber(value)}`)
  if (status === 'done') return [paint.good('✓'), address, clock(seconds), ...numbers].join('  ')
  if (status === 'reused') return [paint.dim('='), address, 'reused', ...numbers].join('  ')
  if (status === 'gated') return [paint.dim('-'), address, `gated: ${because} does not hold`].join('  ')
  if (status === 'skipped') return [paint.dim('-'), address, `skipped: ${because} was not done`].join('  ')
  if (status === 'stopped') return [paint.dim('-'), address, error?.message ?? 'not started'].join('  ')
  const line = (text: string): string => [paint.bad('✗'), address, text].join('  ')
  if (!error) return line('failed')
  const { text, again } = told.of(address, error)
  return `${line(text)}${again || error.help === undefined ? '' : `\n   help: ${error.help}`}`
}
