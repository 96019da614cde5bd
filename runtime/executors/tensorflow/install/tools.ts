// What an installation needs of the machine: Linux, Python with pip, a C++ compiler, room on the disk.
// Says everything that is missing at once, each with what to do about it.

import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { execa } from 'execa'
import type { Refused } from './place.js'

/** The TensorFlow that is fetched; `--from` takes any of `OLDEST` or later. */
export const VERSION = '2.21.0'
export const OLDEST = '2.16'
/** Python versions for which there are wheels. Python itself only runs pip. */
const WHEELS: readonly string[] = ['3.10', '3.11', '3.12', '3.13']
const GIB = 2 ** 30
/** Wheel and unpacked, at their largest; measured 1.4 GB without CUDA. */
const ROOM = { cpu: 2 * GIB, gpu: 9 * GIB }

export interface Tools {
  readonly python: string
  /** What pip is asked for: that of the interpreter, or one that has wheels. */
  readonly pythonVersion: string
  readonly compiler: string
}

/** First lines of what the programs say of themselves, for `rlpc doctor`. */
export async function versionsOf(): Promise<Readonly<Record<string, string | undefined>>> {
  const [python, pip, compiler] = await Promise.all([says(python3(), ['--version']), says(python3(), ['-m', 'pip', '--version']), says(cxx(), ['--version'])])
  return { [python3()]: python?.replace('Python ', ''), pip: pip?.split(' ')[1], [cxx()]: compiler }
}

/** The tools, or what is missing. `wheels` tells whether something is fetched at all. */
export async function findTools(folder: string, { gpu, wheels }: { readonly gpu: boolean; readonly wheels: boolean }): Promise<Tools | Refused> {
  const problems: Refused[] = []
  if (process.platform !== 'linux') problems.push({ problem: `TensorFlow can be used on Linux, and this is ${process.platform}`, help: 'use `--backend wasm`; on Windows, WSL 2 is a Linux' })
  else if (process.arch !== 'x64' && process.arch !== 'arm64') problems.push({ problem: `there is no TensorFlow for ${process.arch}`, help: 'use `--backend wasm`' })
  const python = python3()
  const version = wheels ? await says(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']) : undefined
  if (wheels) {
    if (version === undefined) problems.push({ problem: `\`${python}\` does not run`, help: 'install Python 3 (Debian: `apt install python3 python3-pip`), or name it with RLPC_PYTHON' })
    else if ((await says(python, ['-m', 'pip', '--version'])) === undefined) problems.push({ problem: `\`${python}\` has no pip`, help: 'install it (Debian: `apt install python3-pip`; elsewhere `python3 -m ensurepip`), or name another Python with RLPC_PYTHON' })
    const [needed, free] = [gpu ? ROOM.gpu : ROOM.cpu, room(folder)]
    if (free < needed) problems.push({ problem: `${folder} has room for ${gigabytes(free)}, and TensorFlow needs ${gigabytes(needed)}`, help: 'make room, or name another folder with RLPC_BACKENDS' })
  }
  const compiler = cxx()
  if ((await says(compiler, ['--version'])) === undefined) problems.push({ problem: `there is no C++ compiler: \`${compiler}\` does not run`, help: 'install one (Debian: `apt install g++`; Fedora: `dnf install gcc-c++`), or name it with CXX' })
  if (problems.length > 0) return { problem: problems.map(({ problem }) => problem).join('; '), help: problems.map(({ help }) => help).join('; ') }
  return { python, pythonVersion: version !== undefined && WHEELS.includes(version) ? version : '3.12', compiler }
}

const python3 = (): string => process.env['RLPC_PYTHON'] ?? 'python3'
const cxx = (): string => process.env['CXX'] ?? 'g++'

/** The first line that a program prints; undefined when it fails or is not there. */
async function says(program: string, args: readonly string[]): Promise<string | undefined> {
  const { failed, stdout } = await execa(program, args, { reject: false, stdin: 'ignore', stderr: 'ignore' })
  return failed ? undefined : stdout.split('\n')[0]
}

/** Free bytes where a folder is or will be. */
function room(folder: string): number {
  let there = folder
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  const { bavail, bsize } = statfsSync(there)
  return bavail * bsize
}

const gigabytes = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`

/** Makes a folder; the system's refusal as a problem. */
export function make(folder: string): Refused | undefined {
  try {
    mkdirSync(folder, { recursive: true })
    return undefined
  } catch (error) {
    return { problem: `${folder} cannot be made: ${(error as NodeJS.ErrnoException).code}`, help: 'name another folder with RLPC_BACKENDS' }
  }
}
