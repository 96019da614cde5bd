// The standard library and all examples have no mistake: each file is checked as an entry of its own.

import { readFileSync, readdirSync } from 'node:fs'
import { is, suite } from '../../../spec/test/suite.js'
import { readKinds } from '../../kinds/read.js'
import { memoryHost } from '../../resolve/host.js'
import { resolve, type ParseCache } from '../../resolve/resolve.js'
import { check } from '../check.js'
import { CHAINS } from '../levels.js'
import { diagnose, library, words } from './harness.js'

const root = new URL('../../../', import.meta.url)
const files = (folder: string) => readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rlp'))
const trees: ParseCache = new Map()

suite('check: library', (test) => {
  for (const name of files('stdlib')) {
    const path = `std/${name.slice(0, -4).replaceAll('\\', '/')}`
    test(path, () => {
      const { program, diagnostics } = resolve(path, memoryHost({}, library), trees)
      if (!program) throw new Error(`no ${path}`)
      const { kinds, diagnostics: reading } = readKinds(program)
      const { diagnostics: checking } = check(program, kinds)
      is([...diagnostics, ...reading, ...checking].map(words).join('\n\n'), '')
      for (const { name: kind, levels } of kinds.all.values()) if (levels.length > 0) is(CHAINS.some((chain) => chain.filter((level) => levels.includes(level)).join() === levels.join()), true, `the chain of ${kind} is in the table, perhaps with more levels`)
      for (const { name: kind, sections, outputs, aliases } of kinds.all.values()) {
        if (!sections.has('optimizer')) continue
        is([...(sections.get('save')?.members.keys() ?? [])].join(), 'every,keep,best', `${kind} trains, so it says which states are kept`)
        is(outputs.has('best') && aliases.get('save_total_limit') === 'save.keep' && aliases.get('metric_for_best_model') === 'save.best', true, `${kind} has the output \`best\`, and the names of other tools for it`)
      }
    })
  }

  for (const name of files('examples')) {
    test(`examples/${name}`, () => {
      const folder = new URL(`examples/${name}`, root)
      const others = Object.fromEntries(readdirSync(new URL('.', folder)).filter((each) => each.endsWith('.rlp')).map((each) => [each, readFileSync(new URL(each, folder), 'utf8')]))
      is(diagnose(readFileSync(folder, 'utf8'), others).map(words).join('\n\n'), '')
    })
  }
})
