// Signals that run programs: what is a program in a text, and what its results are worth. How programs are contained is in `../sandbox`.

import { numberArgument, textArgument, writtenArgument, type Arguments } from '../arguments.js'
import { failure } from '../codes.js'
import { HostError, Later, type HostValue } from '../host.js'
import type { Limits, Ran, Sandbox } from '../sandbox/sandbox.js'

/** Language → its sandbox, loaded when a program asks for it. */
const sandboxes: Readonly<Record<string, () => Promise<Sandbox>>> = {
  javascript: async () => (await import('../sandbox/javascript.js')).javascript,
  python: async () => (await import('../sandbox/python.js')).python,
}

/** Why programs in this language cannot run here: an error RLP8110 or RLP8111; nothing when they can. */
export async function problemWith(language: string): Promise<HostError | undefined> {
  try {
    const sandbox = await sandboxes[language]?.()
    await sandbox?.({ source: '', input: '', limits: { time: 1, memory: 2 ** 27, output: 1 } })
    return undefined
  } catch (cause) {
    if (cause instanceof HostError) return cause
    throw cause
  }
}

/** Fences start a line, with at most three spaces before them (CommonMark 0.31, 4.5). */
const FENCE = /^ {0,3}(`{3,})/

/** The last closed fenced block, of this language if one is given; `null` when there is none. One pass over the lines, whatever they hold. */
export function fenced(text: string, language: string | null): string | null {
  let found: string | null = null
  let open: { readonly ticks: number; readonly wanted: boolean; readonly lines: string[] } | undefined
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    const ticks = FENCE.exec(line)?.[1]?.length ?? 0
    const rest = line.trim().slice(ticks)
    if (open === undefined) {
      if (ticks === 0 || rest.includes('`')) continue
      const [word = ''] = rest.trim().split(/\s/, 1)
      open = { ticks, wanted: language === null || word.toLowerCase() === language.toLowerCase(), lines: [] }
    } else if (ticks >= open.ticks && rest === '') {
      if (open.wanted) found = open.lines.map((each) => `${each}\n`).join('')
      open = undefined
    } else open.lines.push(line)
  }
  return found
}

/** `std/code.run`. */
export function run(args: Arguments): HostValue | Later {
  const source = writtenArgument(args, 'program')
  if (source === null) return { ending: 'failed', output: '', message: 'there is no program' } satisfies Ran
  return programs(args, source, [textArgument(args, 'input')], ([ran]) => ({ ...(ran as Ran) }))
}

/** `std/code.passed`. */
export function passed(args: Arguments): HostValue | Later {
  const source = writtenArgument(args, 'program')
  if (source === null) return 0
  const tests = casesArgument(args)
  if (tests.length === 0) throw failure('RLP8105', '`tests` is empty: there is nothing to pass', 'filter out rows without tests')
  return programs(args, source, tests.map(({ input }) => input), (ran) => {
    const right = ran.filter(({ ending, output }, i) => ending === 'done' && printed(output) === printed((tests[i] as Case).output))
    return right.length / tests.length
  })
}

/** One program on several inputs. */
function programs(args: Arguments, source: string, inputs: readonly string[], judge: (ran: readonly Ran[]) => HostValue): Later {
  const language = textArgument(args, 'language')
  const open = Object.hasOwn(sandboxes, language) ? sandboxes[language] : undefined
  if (!open) throw failure('RLP8105', `there is no sandbox for programs in \`${language}\``, 'use `javascript` or `python`')
  const limits: Limits = { time: numberArgument(args, 'time'), memory: numberArgument(args, 'memory'), output: numberArgument(args, 'output') }
  return new Later(async () => {
    const sandbox = await open()
    const ran = await Promise.all(inputs.map((input) => sandbox({ source, input, limits })))
    return { value: judge(ran), endings: ran.map(({ ending }) => ending) }
  })
}

interface Case {
  readonly input: string
  readonly output: string
}

function casesArgument(args: Arguments): readonly Case[] {
  const value = args['tests']
  const isCase = (item: unknown): item is Case => typeof item === 'object' && item !== null && 'input' in item && 'output' in item && typeof item.input === 'string' && typeof item.output === 'string'
  if (!Array.isArray(value) || !value.every(isCase)) throw failure('RLP8105', 'argument `tests` is not a list of tests, each with the texts `input` and `output`')
  return value
}

/** Without white space at ends of lines and without empty lines at the end. */
const printed = (text: string): string => text.split('\n').map((line) => line.trimEnd()).join('\n').trimEnd()
