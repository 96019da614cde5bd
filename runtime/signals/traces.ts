// Does a trace of a chain say what its prompt asks? Once for the layout alone, once for every digit in it.
// Mistakes are not graded: a trace has the layout or not.

import type { Wording } from '../tasks/chains-lessons.js'
import { fill } from '../tasks/chains-lessons.js'
import { answerTo, apply, problemOf } from '../tasks/chains.js'

/** Whether the text is `<think> … </think> <answer> d </answer>` with the prompt's operations in this wording; `exact` asks for the right digits, else any will do. */
export function followsWording(text: string, prompt: string, wording: Wording, exact: boolean): boolean {
  const problem = problemOf(prompt)
  let value = problem.start
  const steps = problem.steps.map(({ operation, letter }, at) => {
    const result = apply(value, operation)
    const digits = exact ? { value, result } : { value: ANY, result: ANY }
    value = result
    return wording.steps.map((way) => pattern(fill(way.text, { start: problem.start, number: at + 1, letter, operation, ...digits })))
  })
  const start = fill(wording.start, { start: problem.start })
  const thought = [...(start === '' ? [] : [pattern(start)]), ...steps.map((ways) => `(?:${ways.join('|')})`)]
  const answer = exact ? String(answerTo(problem)) : '\\d'
  return new RegExp(`^${['<think>', ...thought, '</think>', '<answer>', answer, '</answer>'].join('\\s+')}$`).test(text.trim())
}

/** Stands for a digit until the text is made a pattern. */
const ANY = '\u0000'

const pattern = (text: string): string =>
  text
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(ANY, '\\d'))
    .join('\\s+')
