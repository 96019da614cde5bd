// All codes of all layers together: no code and no slug is two things, and each has its page.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { codes as parserCodes } from '../../grammar/parser/codes.js'
import { codes as checkCodes } from '../../compiler/check/codes.js'
import { codes as elaborateCodes } from '../../compiler/elaborate/codes.js'
import { codes as lockCodes } from '../../compiler/lock/codes.js'
import { lowerCodes } from '../../compiler/lower/codes.js'
import { modelCodes } from '../../compiler/model/codes.js'
import { codes as resolveCodes } from '../../compiler/resolve/codes.js'
import { runtimeCodes } from '../../runtime/codes.js'
import { equal, is, ok, suite } from './suite.js'

const tables = [parserCodes, resolveCodes, checkCodes, elaborateCodes, modelCodes, lowerCodes, runtimeCodes, lockCodes]
const entries = tables.flatMap((table) => Object.entries(table).map(([code, { slug }]): [code: string, slug: string] => [code, slug]))
const pages = new URL('../errors/', import.meta.url)

const twice = (names: readonly string[]): readonly string[] => names.filter((name, i) => names.indexOf(name) < i)

suite('codes of all layers', (test) => {
  test('no code is in two tables', () => equal(twice(entries.map(([code]) => code)), []))

  test('no slug means two things', () => equal(twice(entries.map(([, slug]) => slug)), []))

  test('each has a page, whose title is its code and slug', () => {
    for (const [code, slug] of entries) {
      const page = new URL(`${code}.md`, pages)
      ok(existsSync(page), `${code} has no page`)
      is(readFileSync(page, 'utf8').split('\n', 1)[0], `# ${code} ${slug}`)
    }
  })

  test('no page is of a code that is in no table', () => {
    const known = new Set([...entries.map(([code]) => code), 'RLP9001'])
    equal(readdirSync(pages).filter((file) => /^RLP\d+\.md$/.test(file) && !known.has(file.slice(0, -3))), [])
  })
})
