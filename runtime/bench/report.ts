// What was measured, as a table for people and as JSON.

import { cpus } from 'node:os'
import type { Outcome, Times } from './contest.js'

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`

/** Our time to theirs; by processor time, which others on the machine disturb less, with one thread only: idle ones wait in different ways. */
export function ratios({ ours, theirs, threads }: Outcome): { readonly clock: number; readonly processor: number | undefined } | undefined {
  if (typeof theirs === 'string') return undefined
  return { clock: ours.ms / theirs.ms, processor: threads === 1 ? ours.cpu / theirs.cpu : undefined }
}

function cells(outcome: Outcome): string[] {
  const { row, threads, ours, theirs } = outcome
  const goal = row.goals?.[row.threads.indexOf(threads)]
  const found = ratios(outcome)
  const other = (text: (times: Times) => string): string => (typeof theirs === 'string' ? '' : text(theirs))
  return [
    row.name,
    row.what,
    String(threads),
    ms(ours.ms),
    typeof theirs === 'string' ? (row.against ? `${row.against}: ${theirs}` : '') : ms(theirs.ms),
    found ? found.clock.toFixed(2) : '',
    found?.processor?.toFixed(2) ?? '',
    goal === undefined || !found ? '' : `${goal} ${found.clock <= goal ? 'met' : 'missed'}`,
    `${ours.mib.toFixed(0)} MiB`,
    other(({ mib }) => `${mib.toFixed(0)} MiB`),
  ]
}

const HEAD = ['row', 'what', 'threads', 'ours', 'theirs', 'ratio', 'of processor time', 'goal', 'our memory', 'their memory']

/** Columns are as wide as their longest cell. */
export function table(outcomes: readonly Outcome[]): string {
  const lines = [HEAD, ...outcomes.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)))
  return lines.map((line) => line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join('  ').trimEnd()).join('\n')
}

export function json(outcomes: readonly Outcome[], rounds: number): string {
  const found = outcomes.map((outcome) => ({ row: outcome.row.name, what: outcome.row.what, against: outcome.row.against ?? null, threads: outcome.threads, ours: outcome.ours, theirs: outcome.theirs, ratio: ratios(outcome)?.clock ?? null, processor_ratio: ratios(outcome)?.processor ?? null, goal: outcome.row.goals?.[outcome.row.threads.indexOf(outcome.threads)] ?? null }))
  return `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, rounds, rows: found }, null, 2)}\n`
}
