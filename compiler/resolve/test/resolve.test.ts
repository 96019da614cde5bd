// Modules and names: loading, order, imports, prelude, shadowing, paths, the cache.

import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { joinPath, memoryHost } from '../host.js'
import { qualifiedName, wordOf } from '../program.js'
import { resolve, type ParseCache } from '../resolve.js'

const prelude = 'rlp 1\nextern fn jsonl(path: Text): Any\nkind Pipeline: Pipeline {}'
const library: Readonly<Record<string, string>> = {
  'std/prelude': prelude,
  'std/a': 'rlp 1\nimport { deep } from "std/b"\nfn shallow(): Int = deep()',
  'std/b': 'rlp 1\nfn deep(): Int = 1\ntype Row = { a: Int }',
}
const host = (files: Readonly<Record<string, string>>) => memoryHost(files, (path) => library[path])
const codes = (files: Readonly<Record<string, string>>) => resolve('main.rlp', host(files)).diagnostics.map(({ code }) => code).join(' ')

suite('resolve', (test) => {
  test('loads what is imported once, dependencies first, the prelude first of all', () => {
    const { program, diagnostics } = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nimport { shallow } from "std/a"\nimport * as b from "std/b"\nconst x = shallow() + b.deep()' }))
    equal(program?.modules.map(({ path }) => path), ['std/prelude', 'std/b', 'std/a', 'main.rlp'])
    is(program?.entry.path, 'main.rlp')
    is(diagnostics.length, 0)
  })

  test('a name is one of the module, of an import, or of the prelude, in this order', () => {
    const { program } = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nimport { shallow as plain } from "std/a"\nfn jsonl(): Int = 1' }))
    const entry = program?.entry
    const found = (name: string) => {
      const symbol = entry?.lookup(name)
      return symbol?.symbol === 'declaration' ? qualifiedName(symbol) : symbol?.symbol
    }
    is(found('jsonl'), 'main.rlp.jsonl')
    is(found('plain'), 'std/a.shallow')
    is(found('Pipeline'), 'std/prelude.Pipeline')
    is(found('shallow'), undefined)
    ok(entry?.names().includes('plain') && entry.names().includes('Pipeline'))
  })

  test('a namespace is a name of its own', () => {
    const { program } = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nimport * as b from "std/b"' }))
    const symbol = program?.entry.lookup('b')
    ok(symbol?.symbol === 'namespace' && symbol.target.declared.has('Row'))
  })

  test('a name from where it is not is lost, so that its uses are silent', () => {
    const { program, diagnostics } = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nimport { nothing } from "std/b"\nimport * as gone from "std/gone"' }))
    is(diagnostics.map(({ code }) => code).join(' '), 'RLP2004 RLP2003')
    is(program?.entry.lookup('nothing')?.symbol, 'lost')
    is(program?.entry.lookup('gone')?.symbol, 'lost')
  })

  test('what a module imports it does not hand on', () => {
    const { diagnostics } = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nimport { deep } from "std/a"' }))
    is(diagnostics[0]?.code, 'RLP2004')
    is(diagnostics[0]?.help, 'import it from "std/b", where it is declared')
  })

  test('of two declarations the first counts, and tests have no names', () => {
    const { program } = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nconst a = 1\nfn a(): Int = 2\ntest a { "x" gives { total = 1 } }' }))
    const symbol = program?.entry.declared.get('a')
    is(symbol && wordOf(symbol), 'const')
    is(program?.entry.tests.length, 1)
  })

  test('a file that imports itself, and a circle of three', () => {
    is(codes({ 'main.rlp': 'rlp 1\nimport { a } from "./main.rlp"\nconst a = 1' }), 'RLP2005 RLP2002')
    is(codes({ 'main.rlp': 'rlp 1\nimport { a } from "a.rlp"', 'a.rlp': 'rlp 1\nimport { b } from "b.rlp"\nconst a = 1', 'b.rlp': 'rlp 1\nimport { c } from "main.rlp"\nconst b = 1' }), 'RLP2005')
  })

  test('an entry that is not there', () => {
    const { program, diagnostics } = resolve('nowhere.rlp', host({}))
    is(program, undefined)
    is(diagnostics.map(({ code }) => code).join(' '), 'RLP2003')
  })

  test('paths are relative to the importing module', () => {
    is(joinPath('std/losses', 'deep/down/x.rlp'), 'std/losses')
    is(joinPath('./rows.rlp', 'main.rlp'), 'rows.rlp')
    is(joinPath('./rows.rlp', 'deep/main.rlp'), 'deep/rows.rlp')
    is(joinPath('../rows.rlp', 'deep/main.rlp'), 'rows.rlp')
    is(joinPath('../../rows.rlp', 'deep/main.rlp'), '../rows.rlp')
  })

  test('trees are read again only when the text has changed', () => {
    const cache: ParseCache = new Map()
    const once = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nconst a = 1' }), cache).program
    const twice = resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nconst a = 2' }), cache).program
    is(once?.prelude.module, twice?.prelude.module)
    ok(once?.entry.module !== twice?.entry.module)
  })

  test('places that the parser could not read are kept', () => {
    is(resolve('main.rlp', host({ 'main.rlp': 'rlp 1\nconst a =\nconst b = 1' })).program?.damaged?.length, 1)
  })
})
