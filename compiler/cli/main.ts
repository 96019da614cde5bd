#!/usr/bin/env node
// `rlpc`: reads the command line, runs one command, turns its outcome into an exit code.
// The only place that ends the process; everything heavy is loaded by the command that needs it.

import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { COMMANDS, HELP, usage } from './commands.js'
import { EXIT } from './exit.js'
import { UsageError } from './options.js'
import { systemError } from './system-error.js'

// Most commands end within seconds: V8 spent a third of their processor time on optimising functions that were about to be done.
// With thirty times its usual budget only what goes on running is optimised, hundredths of a second later. The budget has another name from Node 22 on.
setFlagsFromString(Number(process.versions.node.split('.')[0]) < 22 ? '--interrupt-budget=2000000' : '--invocation-count-for-turbofan=90000')

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const command = name === undefined || rest[0] === undefined ? undefined : COMMANDS[rest[0]]
    process.stdout.write(command ? usage(rest[0] as string, command) : HELP())
    return name === undefined ? EXIT.usage : EXIT.done
  }
  if (name === '--version' || name === '-V') {
    const { version } = await import('./package-root.js')
    process.stdout.write(`rlpc ${version()}\n`)
    return EXIT.done
  }
  const command = COMMANDS[name]
  if (!command) {
    const near = suggest(name, Object.keys(COMMANDS))
    throw new UsageError(`there is no command \`${name}\``, near !== undefined ? `did you mean \`rlpc ${near}\`?` : 'run `rlpc --help` for the commands')
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(usage(name, command))
    return EXIT.done
  }
  const options = Object.fromEntries(Object.entries(command.options).map(([key, { short, type, multiple }]) => [key, { type, ...(short ? { short } : {}), ...(multiple ? { multiple } : {}) }]))
  let parsed
  try {
    parsed = parseArgs({ args: rest, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0] as string, `run \`rlpc ${name} --help\` for its options`)
  }
  if (parsed.positionals.length > command.positionals.length) {
    throw new UsageError(`\`rlpc ${name}\` takes ${command.positionals.length === 0 ? 'no argument' : `at most ${command.positionals.length}`}, found \`${parsed.positionals.join(' ')}\``, `run \`rlpc ${name} --help\``)
  }
  const run = await command.load()
  return run({ positionals: parsed.positionals, options: parsed.values })
}

// A reader that leaves early (`| head`) ends the command as SIGPIPE would; a terminal that was closed (EIO) ends nothing, so that a run keeps its state.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.pipe)
    if (error.code !== 'EIO') throw error
  })
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  async (error: unknown) => {
    if (error instanceof UsageError) {
      process.stderr.write(`error: ${error.message}\n${error.help ? `  = help: ${error.help}\n` : ''}`)
      process.exitCode = EXIT.usage
      return
    }
    const refused = systemError(error)
    if (refused !== undefined) {
      process.stderr.write(`${refused}\n`)
      process.exitCode = EXIT.failed
      return
    }
    const { version } = await import('./package-root.js')
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`error[RLP9001]: this is a mistake in rlpc itself, not in your file\n  = note: rlpc ${version()}, Node ${process.version}, ${process.platform}\n  = help: please report it with the lines below and the smallest file that shows it\n\n${detail}\n`)
    process.exitCode = EXIT.failed
  },
)
