// Python programs, each in a process of its own that contains itself before it starts (`contain.py`). Only the standard library
// can be imported. Here are the interpreter, the limits on output, files and time by the clock, and what an exit means.

import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { failure } from '../codes.js'
import { atMost } from './at-most.js'
import { FILE, FILES, ProgramFolder } from './program-folder.js'
import { cutBytes, oneLine, type Program, type Ran, type Sandbox } from './sandbox.js'

/** Seconds by the clock after which a process is ended, for one that waits without using the processor. */
const backstop = (time: number): number => 5 + 10 * time

/** Exit states of `contain.py`. */
const [NOT_CONTAINED, OUT_OF_MEMORY] = [87, 86]
/** The file is not compiled: it stays with the sources in the package too. */
const CONTAIN = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './contain.py' : '../../../runtime/sandbox/contain.py', import.meta.url))
/** Hashes of texts, and so the order of sets, are the same in every run. */
const ENVIRONMENT = { PYTHONHASHSEED: '0', PYTHONIOENCODING: 'utf-8' }
const HELP = 'run on Linux 5.13 or later, or set RLPC_CONTAINMENT=partial to run programs with limits on processor time and memory only'

const inTurn = atMost(availableParallelism())
/** Milliseconds between looks at the files that a program writes. */
const LOOK = 50
/** Milliseconds to read what is left in the pipes of a process that has ended. */
const LINGER = 1000
/** Command → the interpreter behind it. */
const interpreters = new Map<string, Promise<string>>()

/** Whether the user accepts programs that can read files, open sockets and start processes. */
const partial = (): boolean => process.env['RLPC_CONTAINMENT'] === 'partial'

/**
 * Runs a program with the interpreter of RLPC_PYTHON, else `python3`. Time is processor time, in whole seconds.
 * Rejects with HostError RLP8110 when there is no Python, RLP8111 when this machine cannot contain it.
 */
export const python: Sandbox = (program) => inTurn(async () => run(await interpreterOf(process.env['RLPC_PYTHON'] ?? 'python3'), program))

function interpreterOf(command: string): Promise<string> {
  const known = interpreters.get(command) ?? findInterpreter(command)
  interpreters.set(command, known)
  return known
}

/** The interpreter itself: `python3` may be a script that looks for it, at every start. */
async function findInterpreter(command: string): Promise<string> {
  const found = await execa(command, ['-S', '-c', 'import sys; print(sys.executable)'], { reject: false })
  if (found.failed || found.stdout === '') throw failure('RLP8110', `\`${command}\` does not run: ${oneLine(found.shortMessage ?? 'it says nothing')}`, 'install Python 3.8 or later, or name it with RLPC_PYTHON')
  return found.stdout
}

async function run(command: string, program: Program): Promise<Ran> {
  const folder = ProgramFolder.open()
  try {
    return await runIn(folder, command, program)
  } finally {
    folder.close()
  }
}

async function runIn(folder: ProgramFolder, command: string, { source, input, limits }: Program): Promise<Ran> {
  const bytes = Buffer.from(source)
  const child = execa(command, ['-S', '-s', '-B', CONTAIN, JSON.stringify({ time: limits.time, memory: limits.memory, partial: partial(), folder: folder.path, file: FILE })], {
    input: Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes, Buffer.from(input)]),
    env: { ...ENVIRONMENT, HOME: folder.path, TMPDIR: folder.path },
    extendEnv: false,
    cwd: folder.path,
    // A group of its own, so that in partial containment its children end with it.
    detached: true,
    encoding: 'buffer',
    maxBuffer: limits.output + 1,
    timeout: backstop(limits.time) * 1000,
    killSignal: 'SIGKILL',
    stripFinalNewline: false,
    reject: false,
  })
  const looks = setInterval(() => folder.isFull() && endGroup(child.pid), LOOK)
  child.once('exit', () => {
    clearInterval(looks)
    endGroup(child.pid)
    // In partial containment a descendant in a group of its own may hold the pipes open for ever.
    setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()), LINGER).unref()
  })
  const result = await child
  clearInterval(looks)
  const [output, said] = [cutBytes(textOf(result.stdout), limits.output), textOf(result.stderr)]
  const ended = (ending: Ran['ending'], message: string): Ran => ({ ending, output, message: oneLine(message) })
  if (result.exitCode === NOT_CONTAINED) throw failure('RLP8111', `Python programs cannot be contained here: ${oneLine(said)}`, HELP)
  if (result.isMaxBuffer || Buffer.byteLength(output) < result.stdout.length) return ended('output', `it printed more than ${limits.output} bytes`)
  if (folder.isFull()) return ended('output', `it wrote more than ${FILES.bytes} bytes or ${FILES.count} files`)
  if (result.timedOut) return ended('timeout', `it ran for ${backstop(limits.time)} s by the clock`)
  if (result.signal === 'SIGXCPU' || result.signal === 'SIGKILL') return ended('timeout', `it took more than ${Math.ceil(limits.time)} s of the processor`)
  if (result.signal === 'SIGSYS') return ended('forbidden', 'it asked the system for something that programs may not have: a connection, a process, to wait')
  if (result.exitCode === OUT_OF_MEMORY) return ended('memory', `it needed more than ${limits.memory} bytes`)
  if (result.signal !== undefined) return ended('failed', `it ended with ${result.signal}`)
  if (result.exitCode !== 0) return ended('failed', said.trim() === '' ? `its exit state is ${result.exitCode}` : lastLine(said))
  return ended('done', '')
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/** Whatever is left of a process group. A descendant that made a group of its own is not reached: only seccomp prevents it. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left, which is how it should be.
  }
}
