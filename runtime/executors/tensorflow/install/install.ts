// `rlpc backend install tensorflow`: TensorFlow's libraries by pip into a cache folder of ours, the addon compiled against them.
// Made beside the place and moved there at the end: what is half done is never taken for an installation.

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { Host } from '../host.js'
import { ADDON, ADDON_SOURCE, backendsFolder, installed, LIBRARIES, NOTE, sourceHash, tensorflowFolder, type Note, type Place, type Refused } from './place.js'
import { findTools, make, OLDEST, VERSION, type Tools } from './tools.js'

export interface InstallOptions {
  /** The TensorFlow with CUDA. */
  readonly gpu?: boolean
  /** Use the TensorFlow in this folder (or in the virtual environment there) and fetch none. */
  readonly from?: string
  /** Called at the beginning of each step. */
  readonly report?: (what: string) => void
}

/** Install, or say why not. What was installed before stays until the new one works. */
export async function install({ gpu = false, from, report = () => undefined }: InstallOptions = {}): Promise<Place> {
  const folder = tensorflowFolder()
  const there = installed(folder)
  if (from === undefined && !('problem' in there) && there.note.gpu === gpu) return there
  const kept = from === undefined ? librariesOf(folder, gpu) : undefined
  const existing = from === undefined ? kept : libraries(resolve(from))
  if (from !== undefined && existing === undefined) return { problem: `there is no TensorFlow in ${from}`, help: `give the folder that holds ${LIBRARIES[0]}, its site-packages, or its virtual environment` }
  const tools = await findTools(folder, { gpu, wheels: existing === undefined })
  if ('problem' in tools) return tools

  const draft = join(backendsFolder(), `tensorflow.${process.pid}`)
  const unmakeable = make(draft)
  if (unmakeable) return unmakeable
  try {
    const found = existing ?? (await fetch(tools, draft, gpu, report))
    if (typeof found !== 'string') return found
    report('compiling the addon')
    const refused = (await compile(tools.compiler, found, join(draft, ADDON))) ?? (await check(draft, found, report))
    if (refused) return refused
    // The libraries that are there already move to the new place, where the addon looks for them first.
    if (found === kept) renameSync(join(folder, 'python'), join(draft, 'python'))
    rmSync(folder, { recursive: true, force: true })
    renameSync(draft, folder)
    return installed(folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Remove what was installed; whether there was anything. */
export function remove(): boolean {
  const folder = tensorflowFolder()
  const there = existsSync(folder)
  rmSync(folder, { recursive: true, force: true })
  return there
}

/** The libraries of an installation that only needs its addon. */
function librariesOf(folder: string, gpu: boolean): string | undefined {
  const own = libraries(join(folder, 'python'))
  return own !== undefined && isGpu(own) === gpu ? own : undefined
}

/** Where TensorFlow's libraries and headers are, in a folder that a person named. */
function libraries(folder: string): string | undefined {
  const packages = existsSync(join(folder, 'lib')) ? readdirSync(join(folder, 'lib')).map((name) => join(folder, 'lib', name, 'site-packages', 'tensorflow')) : []
  return [folder, join(folder, 'tensorflow'), ...packages].find((place) => [...LIBRARIES, 'include'].every((name) => existsSync(join(place, name))))
}

/** Whether a TensorFlow was built for CUDA, as it says of itself. */
function isGpu(libraries: string): boolean {
  const info = join(libraries, 'python', 'platform', 'build_info.py')
  return existsSync(info) && /'is_cuda_build', True/.test(readFileSync(info, 'utf8'))
}

async function fetch({ python, pythonVersion }: Tools, draft: string, gpu: boolean, report: (what: string) => void): Promise<string | Refused> {
  const wanted = gpu ? [`tensorflow[and-cuda]==${VERSION}`] : ['--no-deps', `tensorflow-cpu==${VERSION}`]
  report(`fetching TensorFlow ${VERSION}${gpu ? ' with CUDA (about 4 GB)' : ' (274 MB)'}`)
  const target = join(draft, 'python')
  const { failed, all } = await execa(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-compile', '--no-warn-conflicts', '--only-binary=:all:', '--python-version', pythonVersion, '--target', target, ...wanted], { reject: false, all: true, stdin: 'ignore', env: { PIP_REQUIRE_VIRTUALENV: '0', PIP_USER: '0' } })
  const found = libraries(target)
  if (failed || found === undefined) return { problem: `pip could not fetch TensorFlow: ${lastLine(all, /error|no matching|no space/i)}`, help: 'see that the package index can be reached, or give an existing TensorFlow with `--from DIR`' }
  return found
}

/** Compiles and links the addon. It looks for the libraries beside itself, then where they are now. */
async function compile(compiler: string, libraries: string, addon: string): Promise<Refused | undefined> {
  const headers = (createRequire(import.meta.url)('node-api-headers') as { include_dir: string }).include_dir
  const rpaths = ['$ORIGIN/python/tensorflow', libraries]
  const { failed, all } = await execa(
    compiler,
    ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-I', join(libraries, 'include'), '-I', headers, ADDON_SOURCE, '-o', addon, '-L', libraries, ...LIBRARIES.map((name) => `-l:${name}`), ...rpaths.map((path) => `-Wl,-rpath,${path}`)],
    { reject: false, all: true, stdin: 'ignore' },
  )
  return failed ? { problem: `\`${compiler}\` could not compile the addon: ${lastLine(all, /error|undefined reference|cannot find/i)}`, help: 'a compiler of C++17 is needed (g++ 9 or clang 10, or later)' } : undefined
}

/** Loads what was made, and notes it when it works. */
async function check(draft: string, libraries: string, report: (what: string) => void): Promise<Refused | undefined> {
  report('loading it')
  let version: string
  try {
    const host = await Host.start(join(draft, ADDON))
    version = (await host.ask('about')).version
    host.close()
  } catch (error) {
    return { problem: `TensorFlow was fetched but does not start: ${(error as Error).message}`, help: 'the machine may be too old for this build (it needs glibc 2.27 and AVX): give another one with `--from DIR`' }
  }
  if (number(version) < number(OLDEST)) return { problem: `the TensorFlow in ${libraries} is ${version}, and ${OLDEST} or later is needed`, help: 'install a newer one, or leave out `--from`' }
  const own = libraries.startsWith(draft) || libraries.startsWith(tensorflowFolder())
  const note: Note = { version, gpu: isGpu(libraries), libraries: own ? join(tensorflowFolder(), 'python', 'tensorflow') : libraries, source: sourceHash() }
  writeFileSync(join(draft, NOTE), `${JSON.stringify(note, null, 2)}\n`)
  return undefined
}

const number = (version: string): number => {
  const [major, minor] = version.split('.').map(Number)
  return (major as number) * 1000 + (minor as number)
}

function lastLine(output: string | undefined, telling: RegExp): string {
  const lines = (output ?? '').split('\n').filter((line) => line.trim() !== '')
  return (lines.find((line) => telling.test(line)) ?? lines.at(-1) ?? 'it says nothing').trim()
}
