// What a run came to, as text: its stages with their numbers, and its claims with theirs.

import type { CheckOutcome, ClaimOutcome, RunError, RunResult, StageOutcome } from './events.js'
import { clock, painter, shortNumber, table, type Painter } from './text.js'

/** Plain text that ends with a newline; colours only when asked for. */
export function summary(result: RunResult, { colour }: { readonly colour: boolean }): string {
  const paint = painter(colour)
  if (result.error) {
    const { code, message, help } = result.error
    return `${paint.bad('error')}[${code}]: ${message}\n${help === undefined ? '' : `  = help: ${help}\n`}`
  }
  const told = new Told()
  const parts = [
    `run ${result.id}: ${result.outcome === 'done' ? paint.good('done') : paint.bad(result.outcome)}  ${paint.dim(result.folder)}`,
    table(result.stages.map((stage) => stageRow(stage, paint, told))),
    ...result.stages.flatMap(({ address, notes = [] }) => notes.map((note) => `${paint.bad('note')}: ${address}: ${note}`)),
    ...result.claims.map((claim) => claimText(claim, paint)),
    ...(result.outcome === 'stopped' ? [`run again to continue, or \`rlpc resume ${result.id}\` if the spec changes meanwhile`] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Errors that were told already: what stops many stages is said in full once. */
export class Told {
  private readonly first = new Map<string, string>()

  /** The error of a stage, or where it was told before; `again` says which. */
  of(address: string, { code, message }: RunError): { readonly text: string; readonly again: boolean } {
    const before = this.first.get(`${code} ${message}`)
    if (before !== undefined && before !== address) return { text: `${code}: as ${before}`, again: true }
    this.first.set(`${code} ${message}`, address)
    return { text: `${code}: ${message}`, again: false }
  }
}

function stageRow({ address, status, seconds, metrics, error, because }: StageOutcome, paint: Painter, told: Told): string[] {
  const colour = status === 'done' ? paint.good : status === 'failed' ? paint.bad : paint.dim
  const numbers = Object.entries(metrics).map(([name, value]) => `${name} ${shortNumber(value)}`).join('  ')
  const why = error ? told.of(address, error).text : because === undefined ? '' : `because of ${because}`
  return [address, colour(status), status === 'done' ? clock(seconds) : '', numbers || why]
}

/** A claim or gate: its verdict, and a line for each instance. */
export function claimText({ name, text, holds, checks, before }: ClaimOutcome, paint: Painter): string {
  // Of stages that were not done nothing is known: that is not the same as a claim that fails.
  const unmeasured = !holds && checks.every((check) => check.holds !== false)
  const verdict = holds ? paint.good('holds') : unmeasured ? paint.dim('not measured') : paint.bad('does not hold')
  const head = `${before ? 'gate' : 'claim'} ${name}: ${verdict}  ${paint.dim(text)}`
  return [head, table(checks.map((check) => [`  ${check.key}`, ...checkCells(check, paint)]))].join('\n')
}

function checkCells({ holds, left, right }: CheckOutcome, paint: Painter): string[] {
  const verdict = holds === null ? paint.dim('not measured') : holds ? paint.good('holds') : paint.bad('fails')
  return left === null || right === null ? [verdict] : [verdict, `${shortNumber(left)} against ${shortNumber(right)}`]
}
