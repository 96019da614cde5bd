// The table of run-time codes: each has a page, and each is raised in some test of the runtime.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { runtimeCodes } from '../codes.js'
import { is, ok, suite } from '../../spec/test/suite.js'

const codes = Object.entries(runtimeCodes)
const page = (code: string) => new URL(`../../spec/errors/${code}.md`, import.meta.url)

suite('codes of the runtime', (test) => {
  test('each has a page with all its parts', () => {
    for (const [code, { slug }] of codes) {
      ok(existsSync(page(code)), `${code} has no page`)
      const headings = readFileSync(page(code), 'utf8').match(/^#+ .*$/gm) ?? []
      is(headings.join(' / '), `# ${code} ${slug} / ## What it means / ## Example / ## Why the rule exists / ## How to fix`)
    }
  })

  test('each is raised by a test', () => {
    const folder = new URL('.', import.meta.url)
    const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts')).map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n')
    is(codes.filter(([code]) => !tests.includes(code)).map(([code]) => code).join(), '')
  })
})
