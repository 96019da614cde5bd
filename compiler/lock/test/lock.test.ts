// The lock: its text, what it refuses, and its codes, each with a page.

import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { codes } from '../codes.js'
import { lockProblems, lockText, problemText, readLock, type Lock } from '../lock.js'

const LOCK: Lock = {
  versions: { compiler: 'rlpc 0.1.0', 'backend wasm': 'aa' },
  modules: { 'std/sft': 'b1', 'shared.rlp': 'b2' },
  data: { 'data/b.jsonl': 'c1', 'data/a.jsonl': 'c2' },
  models: { 'models/base': 'd1' },
}
const parsed = (text: string): Lock => {
  const read = readLock(text)
  if ('problem' in read) throw new Error(read.problem)
  return read.lock
}
const found = (now: Partial<Lock>) => lockProblems(LOCK, { ...LOCK, ...now }).map(({ code, message }) => `${code} ${message}`)

suite('lock', (test) => {
  test('the text is sorted, a line for each thing, and read back the same', () => {
    const text = lockText(LOCK)
    ok(text.indexOf('data/a.jsonl') < text.indexOf('data/b.jsonl') && text.indexOf('"data"') < text.indexOf('"versions"'))
    is(lockText(parsed(text)), text)
    const [before, after] = [text.split('\n'), lockText({ ...LOCK, data: { ...LOCK.data, 'data/a.jsonl': 'other' } }).split('\n')]
    is(before.filter((line, i) => line !== after[i]).length, 1)
  })

  test('any names and hashes survive', () => {
    const table = fc.dictionary(fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'), fc.string())
    fc.assert(fc.property(fc.record({ versions: table, modules: table, data: table, models: table }), (lock) => is(lockText(parsed(lockText(lock))), lockText(lock))), { numRuns: 50, seed: 1 })
  })

  test('nothing is refused when all is as it was, or something locked is not used', () => {
    equal(found({}), [])
    equal(found({ data: {}, models: {} }), [])
  })

  const refused: readonly (readonly [Partial<Lock>, string])[] = [
    [{ modules: { 'shared.rlp': 'x' } }, 'RLP9102 the module `shared.rlp` is not what was locked'],
    [{ data: { 'data/a.jsonl': 'x' } }, 'RLP9103 the data file `data/a.jsonl` is not what was locked'],
    [{ models: { 'models/base': 'x' } }, 'RLP9104 the model `models/base` is not what was locked'],
    [{ versions: { compiler: 'rlpc 0.2.0' } }, 'RLP9105 the version of `compiler` is not the locked one'],
    [{ data: { 'data/new.jsonl': 'x' } }, 'RLP9106 the data file `data/new.jsonl` is not in `rlp.lock`'],
  ]
  for (const [now, line] of refused) test(line, () => equal(found(now), [line]))

  test('a problem says both hashes and how to accept', () => {
    const [problem] = lockProblems(LOCK, { ...LOCK, data: { 'data/a.jsonl': 'x' } })
    is(
      problemText(problem!),
      'error[RLP9103]: the data file `data/a.jsonl` is not what was locked\n  = note: locked: c2\n  = note: here:   x\n  = help: put the locked file back, or accept what is here with `rlpc lock`, or run `rlpc explain RLP9103`\n',
    )
  })

  test('what is no lock is told why', () => {
    for (const [text, words] of [['', 'not JSON'], ['{"lock": 2}', 'another version'], ['null', 'another version'], ['{"lock": 1}', 'missing or damaged'], ['<<<<<<< HEAD\n{}', 'merge']] as const) {
      const read = readLock(text)
      ok('problem' in read && read.problem.includes(words), text)
    }
  })

  for (const [code, { slug }] of Object.entries(codes))
    test(`${code} has a page`, () => {
      const page = new URL(`../../../spec/errors/${code}.md`, import.meta.url)
      ok(existsSync(page))
      is((readFileSync(page, 'utf8').match(/^#+ .*$/gm) ?? []).join(' / '), `# ${code} ${slug} / ## What it means / ## Example / ## Why the rule exists / ## How to fix`)
    })
})
