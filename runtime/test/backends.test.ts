// Backends by name on a machine without TensorFlow, and on one where it cannot start.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../../spec/plan/plan.js'
import { equal, is, ok, suite, unreachable } from '../../spec/test/suite.js'
import { automatic, backendNamed, BACKENDS, executorNamed, WIDE } from '../backends.js'
import { ADDON, LIBRARIES, NOTE, sourceHash } from '../executors/tensorflow/install/place.js'

/** A folder of backends for the time of a test. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const before = process.env['RLPC_BACKENDS']
  const folder = mkdtempSync(join(tmpdir(), 'rlpc-backends-'))
  process.env['RLPC_BACKENDS'] = folder
  try {
    await body(folder)
  } finally {
    if (before === undefined) delete process.env['RLPC_BACKENDS']
    else process.env['RLPC_BACKENDS'] = before
  }
}

/** An installation whose files are there and hold nothing. */
function hollow(backends: string): void {
  const folder = join(backends, 'tensorflow')
  mkdirSync(folder)
  for (const name of [ADDON, ...LIBRARIES]) writeFileSync(join(folder, name), '')
  writeFileSync(join(folder, NOTE), JSON.stringify({ version: '2.21.0', gpu: false, libraries: folder, source: sourceHash() }))
}

const codeOf = (name: string): Promise<string | undefined> =>
  executorNamed(name).then(
    () => unreachable(`${name} could be had`) as never,
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  )

suite('backends', (test) => {
  test('without TensorFlow, auto is wasm', () =>
    inFolder(async () => {
      is(BACKENDS.join(), 'auto,wasm,tensorflow,tensorflow-bf16,reference')
      is(backendNamed('auto'), 'wasm')
      is((await executorNamed('auto'))?.name, 'wasm')
      is(await executorNamed('cuda'), undefined)
    }))

  test('RLP8015: TensorFlow that was asked for by name is not replaced in silence', () =>
    inFolder(async (folder) => {
      is(await codeOf('tensorflow'), 'RLP8015: TensorFlow is not installed')
      hollow(folder)
      ok(/^RLP8015: TensorFlow 2.21.0 in .* does not start: .*file too short/.test((await codeOf('tensorflow')) ?? ''))
    }))

  test('auto takes TensorFlow where a model is wide, and says why', () =>
    inFolder(async (folder) => {
      const models = (width: number) => ({ models: { m: { weights: [{ shape: [32_000, width] }, { shape: [width] }] } } }) as unknown as Pick<Plan, 'models'>
      is(automatic(models(4096)).because, undefined)
      hollow(folder)
      equal([backendNamed('auto', models(WIDE)), backendNamed('auto', models(WIDE - 1)), backendNamed('auto')], ['tensorflow', 'wasm', 'tensorflow'])
      is(backendNamed('tensorflow', models(16)), 'tensorflow')
      ok(automatic(models(64)).because?.includes('the widest model is 64'))
    }))

  test('auto falls back where TensorFlow does not start, and says why', () =>
    inFolder(async (folder) => {
      hollow(folder)
      let why = ''
      is((await executorNamed('auto', { fallback: (reason) => (why = reason) }))?.name, 'wasm')
      ok(why.includes('does not start'), why)
    }))
})
