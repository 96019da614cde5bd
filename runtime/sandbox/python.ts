// Python programs, each in a process of its own that contains itself before it starts (`contain.py`) and is watched by another
// (`watch.py`). Only the standard library can be imported. Here are the interpreter, limits on output and on time by the clock, and what an end means.

import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { failure } from '../codes.js'
import { atMost } from './at-most.js'
import { ProgramFolder } from './program-folder.js'
import { cutBytes, oneLine, type Program, type Ran, type Sandbox } from './sandbox.js'

/** Seconds by the clock after which a process is ended, for one that waits without using the processor. */
const backstop = (time: number): number => 5 + 10 * time

/** All that a program may have beyond what a reward says, with what is said of one that had more. A file: bytes. */
const HOLDINGS = { file: 4 * 2 ** 20, bytes: 16 * 2 ** 20, files: 1000, threads: 64 } as const
const TOO_MUCH = {
  files: { ending: 'output', message: `it wrote more than ${HOLDINGS.bytes} bytes or ${HOLDINGS.files} files` },
  threads: { ending: 'forbidden', message: `it had more than ${HOLDINGS.threads} threads` },
} as const

/** What `watch.py` says of a program that has ended. */
interface Report {
  readonly uncontained: string | null
  readonly over: keyof typeof TOO_MUCH | null
  readonly state: number | null
  readonly signal: string | null
}
/** Descriptor of the report, and the exit state of a program that ran out of memory. */
const [REPORT, OUT_OF_MEMORY] = [3, 86]
/** The file is not compiled: it stays with the sources in the package too. */
const WATCH = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './watch.py' : '../../../runtime/sandbox/watch.py', import.meta.url))
/** Hashes of texts, and so the order of sets, are the same in every run. */
const ENVIRONMENT = { PYTHONHASHSEED: '0', PYTHONIOENCODING: 'utf-8' }
const HELP = 'run on Linux 5.13 or later, or set RLPC_CONTAINMENT=partial to run programs with limits on processor time and memory only'

const inTurn = atMost(availableParallelism())
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
  const child = execa(command, ['-S', '-s', '-B', WATCH, JSON.stringify({ ...HOLDINGS, time: limits.time, memory: limits.memory, partial: partial(), folder: folder.path })], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    input: Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes, Buffer.from(input)]),
    env: { ...ENVIRONMENT, HOME: folder.path, TMPDIR: folder.path },
    extendEnv: false,
    cwd: folder.path,
    // A group of its own, so that the program ends with its watcher, and in partial containment with its children.
    detached: true,
    encoding: 'buffer',
    maxBuffer: limits.output + 1,
    timeout: backstop(limits.time) * 1000,
    killSignal: 'SIGKILL',
    stripFinalNewline: false,
    reject: false,
  })
  child.once('exit', () => {
    endGroup(child.pid)
    // In partial containment a descendant in a group of its own may hold the pipes open for ever.
    setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()), LINGER).unref()
  })
  const result = await child
  const [output, said] = [cutBytes(textOf(result.stdout), limits.output), textOf(result.stderr)]
  const ended = (ending: Ran['ending'], message: string): Ran => ({ ending, output, message: oneLine(message) })
  if (result.isMaxBuffer || Buffer.byteLength(output) < result.stdout.length) return ended('output', `it printed more than ${limits.output} bytes`)
  if (result.timedOut) return ended('timeout', `it ran for ${backstop(limits.time)} s by the clock`)
  const report = textOf(result.stdio[REPORT] ?? new Uint8Array())
  // No program reaches its watcher, so this is the machine's doing: no process or memory is left.
  if (report === '') throw failure('RLP8111', `Python programs cannot be watched here: ${lastLine(said) || `the watcher ended with ${result.signal ?? `state ${result.exitCode}`}`}`, HELP)
  const { uncontained, over, state, signal } = JSON.parse(report) as Report
  if (uncontained !== null) throw failure('RLP8111', `Python programs cannot be contained here: ${oneLine(uncontained)}`, HELP)
  if (over !== null) return ended(TOO_MUCH[over].ending, TOO_MUCH[over].message)
  if (signal === 'SIGXCPU' || signal === 'SIGKILL') return ended('timeout', `it took more than ${Math.ceil(limits.time)} s of the processor`)
  if (signal === 'SIGSYS') return ended('forbidden', 'it asked the system for something that programs may not have: a connection, a process, to wait')
  if (state === OUT_OF_MEMORY) return ended('memory', `it needed more than ${limits.memory} bytes`)
  if (signal !== null) return ended('failed', `it ended with ${signal}`)
  if (state !== 0) return ended('failed', said.trim() === '' ? `its exit state is ${state}` : lastLine(said))
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
