// Installing TensorFlow where something is missing: each lack in a sentence, with what to do about it, and nothing half done is left.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { is, ok, suite } from '../../spec/test/suite.js'
import { install, type InstallOptions } from '../executors/tensorflow/install/install.js'
import { ADDON, LIBRARIES, tensorflowFolder } from '../executors/tensorflow/install/place.js'

/** A program that prints a line, or fails; in a folder of its own. */
function program(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'rlpc-program-')), 'program')
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

const CXX = program('echo g++ 12')
const PYTHON = program('echo 3.11')

interface Machine {
  readonly python?: string
  readonly cxx?: string
  readonly backends?: string
}

/** What installing says on a machine; afterwards nothing may lie in its folder. */
async function told({ python = PYTHON, cxx = CXX, backends = mkdtempSync(join(tmpdir(), 'rlpc-backends-')) }: Machine, options: InstallOptions = {}): Promise<string> {
  const before = { ...process.env }
  Object.assign(process.env, { RLPC_PYTHON: python, CXX: cxx, RLPC_BACKENDS: backends })
  try {
    const place = await install(options)
    if (existsSync(backends)) is(readdirSync(backends).join(), '')
    return 'problem' in place ? `${place.problem}. ${place.help}` : 'installed'
  } finally {
    for (const name of ['RLPC_PYTHON', 'CXX', 'RLPC_BACKENDS']) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

/** A folder that looks like TensorFlow's. */
function lookalike(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rlpc-tensorflow-'))
  mkdirSync(join(folder, 'include'))
  for (const name of LIBRARIES) writeFileSync(join(folder, name), '')
  return folder
}

suite('installing tensorflow', (test) => {
  test('no Python', async () => {
    const text = await told({ python: '/nowhere/python3' })
    ok(text.includes('`/nowhere/python3` does not run') && text.includes('RLPC_PYTHON'), text)
  })

  test('Python without pip', async () => {
    const text = await told({ python: program('[ "$1" = -c ] && echo 3.11') })
    ok(text.includes('has no pip') && text.includes('apt install python3-pip'), text)
  })

  test('no compiler; several lacks are said at once', async () => {
    const text = await told({ cxx: '/nowhere/g++', python: '/nowhere/python3' })
    ok(text.includes('there is no C++ compiler: `/nowhere/g++` does not run') && text.includes('`/nowhere/python3` does not run'), text)
  })

  test('a folder that cannot be made', async () => {
    // Below a file there are no folders, not even for root.
    const text = await told({ backends: join(CXX, 'backends') }, { from: lookalike() })
    ok(text.includes('cannot be made') && text.includes('RLPC_BACKENDS'), text)
  })

  test('what pip says when it fails', async () => {
    const text = await told({ python: program('case "$*" in *install*) echo "ERROR: No matching distribution found for tensorflow-cpu" >&2; exit 1;; *) echo 3.11;; esac') })
    ok(text.includes('pip could not fetch TensorFlow: ERROR: No matching distribution found'), text)
  })

  test('--from a folder without TensorFlow, and one that does not link', async () => {
    ok((await told({}, { from: tmpdir() })).includes(`there is no TensorFlow in ${tmpdir()}`))
    const text = await told({ cxx: program('[ "$1" = --version ] || { echo "ld: error: file not recognized" >&2; exit 1; }') }, { from: lookalike() })
    ok(text.includes('could not compile the addon: ld: error: file not recognized'), text)
  })

  test('an addon that does not load is not installed', async () => {
    const text = await told({ cxx: program(`[ "$1" = --version ] || for word; do case "$word" in *${ADDON}) : > "$word";; esac; done`) }, { from: lookalike() })
    ok(text.includes('does not start: ') && text.includes('file too short'), text)
  })

  test('the folder is named by RLPC_BACKENDS', () => {
    const before = process.env['RLPC_BACKENDS']
    process.env['RLPC_BACKENDS'] = '/some/where'
    is(tensorflowFolder(), '/some/where/tensorflow')
    if (before === undefined) delete process.env['RLPC_BACKENDS']
    else process.env['RLPC_BACKENDS'] = before
  })
})
