// A stored tree comes back as it was parsed, for every module of the standard library.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { restoreTree, storeTree } from '../ast/stored-tree.js'
import { parse } from '../index.js'
import { SourceFile } from '../source/source.js'

const stdlib = fileURLToPath(new URL('../../stdlib', import.meta.url))
const files = readdirSync(stdlib, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rlp'))

/** Absent and `undefined` fields are the same to every reader of a tree. */
function plain(value: unknown): unknown {
  if (value instanceof SourceFile || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined).map(([key, field]) => [key, plain(field)]))
}

suite('stored trees', (test) => {
  test('every module comes back as it was', () => {
    ok(files.length > 5)
    for (const name of files) {
      const file = new SourceFile(name, readFileSync(join(stdlib, name), 'utf8'))
      const { module } = parse(file)
      equal(plain(restoreTree(storeTree(module), file)), plain(module), name)
    }
  })

  test('another text is not answered with an old tree', () => {
    const stored = storeTree(parse(new SourceFile('a.rlp', 'rlp 1\n')).module)
    is(restoreTree(stored, new SourceFile('a.rlp', 'rlp 1\n\n')), undefined)
  })
})
