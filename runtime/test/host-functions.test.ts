// The registries of host functions against the standard library, both ways.
// Only names are compared; what the functions do is tested beside.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sources } from '../data/sources.js'
import { callHost, hostFunctions } from '../host-functions.js'
import { HostError } from '../host.js'
import { is, ok, suite, throws } from '../../spec/test/suite.js'

const stdlib = fileURLToPath(new URL('../../stdlib', import.meta.url))

/** Names the compiler takes for itself: they become entries of the plan's secrets. */
const compiled = ['std/prelude.env', 'std/prelude.file']

const declared = readdirSync(stdlib, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.rlp'))
  .flatMap((name) => [...readFileSync(join(stdlib, name), 'utf8').matchAll(/^extern fn (\w+)/gm)].map((match) => `std/${name.replace(/\.rlp$/, '')}.${match[1]}`))

suite('host functions', (test) => {
  test('every extern fn of the standard library has a host function, and the reverse', () => {
    const registered = [...Object.keys(hostFunctions), ...Object.keys(sources), ...compiled]
    is(registered.sort().join('\n'), [...declared].sort().join('\n'))
    ok(declared.length > 20)
  })

  test('a name that is not there is an error with a code', () => {
    throws(() => callHost('std/signals.toString', {}, { root: '.' }), (error: unknown) => error instanceof HostError && error.code === 'RLP8108')
    throws(() => callHost('toString', {}, { root: '.' }), (error: unknown) => error instanceof HostError && error.code === 'RLP8108')
  })
})
