// The pages of our codes: the first example fails with exactly that code, the last is clean, no page without a code.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { equal, is, suite } from '../../spec/test/suite.js'
import { parse } from '../index.js'
import { codes } from '../parser/codes.js'
import { SourceFile } from '../source/source.js'

const folder = new URL('../../spec/errors/', import.meta.url)

suite('pages', (test) => {
  for (const [code, { slug }] of Object.entries(codes))
    test(code, () => {
      const path = new URL(`${code}.md`, folder)
      const page = existsSync(path) ? readFileSync(path, 'utf8') : ''
      is(page.split('\n')[0], `# ${code} ${slug}`)
      equal([...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading), ['What it means', 'Example', 'Why the rule exists', 'How to fix'])
      const [fails = '', clean = ''] = [...page.matchAll(/^```rlp\n([^]*?)^```$/gm)].map(([, text]) => text)
      const found = (text: string): string[] => [...new Set(parse(new SourceFile('example.rlp', text)).diagnostics.map((each) => each.code))]
      equal(found(fails), [code])
      equal(found(clean), [])
    })

  test('no page of our layers without a code', () => {
    equal(readdirSync(folder).filter((name) => /^RLP[01]/.test(name)).map((name) => name.slice(0, -3)).sort(), Object.keys(codes).sort())
  })
})
