// How commands read their options; wrong use is a `UsageError`, never a stack trace.

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message)
  }
}

export interface Arguments {
  readonly positionals: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
}

export type RunCommand = (args: Arguments) => Promise<number>

export function text(args: Arguments, name: string): string | undefined {
  const value = args.options[name]
  return typeof value === 'string' ? value : undefined
}

export function flag(args: Arguments, name: string): boolean {
  return args.options[name] === true
}

/** A whole number from 1 on. */
export function count(args: Arguments, name: string): number | undefined {
  const value = text(args, name)
  if (value === undefined) return undefined
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new UsageError(`--${name} wants a whole number from 1 on, found \`${value}\``)
  return Number(value)
}

/** `--backend`, or RLPC_BACKEND, or `auto`. */
export const backendWanted = (args: Arguments): string => text(args, 'backend') ?? process.env['RLPC_BACKEND'] ?? 'auto'

/** `--backend` with a name that no backend has. */
export function noBackend(name: string, names: readonly string[]): UsageError {
  return new UsageError(`there is no backend \`${name}\``, `use ${names.slice(0, -1).map((each) => `\`${each}\``).join(', ')} or \`${names.at(-1)}\``)
}

/** `--format text|json`. */
export function format(args: Arguments): 'text' | 'json' {
  const value = text(args, 'format') ?? 'text'
  if (value !== 'text' && value !== 'json') throw new UsageError(`--format is \`text\` or \`json\`, found \`${value}\``)
  return value
}

/** `--set name=value` in order; the values are expressions of the language. */
export function assignments(args: Arguments): { name: string; text: string }[] {
  const given = (args.options['set'] ?? []) as readonly string[]
  return given.map((one) => {
    const at = one.indexOf('=')
    if (at <= 0) throw new UsageError(`--set wants name=value, found \`${one}\``, 'for example `--set seeds=[0,1,2]`')
    return { name: one.slice(0, at).trim(), text: one.slice(at + 1) }
  })
}
