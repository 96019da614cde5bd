// The files that a stage reads are found through datasets, curricula, mixtures and models; and every source of the library that reads a file is in the table.

import { readFileSync, readdirSync } from 'node:fs'
import { equal, suite } from '../../test/suite.js'
import { FILE_CALLS, stageFiles } from '../files.js'
import type { Plan, StagePlan, Value } from '../plan.js'

const jsonl = (path: string): Value => ({ call: 'std/prelude.jsonl', args: { path } })
const share = (data: Value): Value => ({ call: 'std/prelude.share', args: { part: 0.5, data } })

const plan = {
  stages: [],
  models: { fresh: { source: { scratch: true } }, loaded: { source: { folder: 'models/start' } } },
  datasets: { lessons: { source: jsonl('lessons.jsonl'), row: {} }, all: { source: { call: 'std/prelude.mixture', args: { parts: [share({ dataset: 'lessons' }), share(jsonl('more.jsonl'))] } }, row: {} } },
  curricula: { school: { phases: [{ name: 'first', data: { dataset: 'lessons' } }, { name: 'second', data: jsonl('hard.jsonl') }] } },
} as unknown as Plan

const reads = (inputs: Readonly<Record<string, Value>>) => stageFiles(plan)({ inputs, attributes: {} } as unknown as StagePlan).map(({ path, what }) => `${what} ${path}`)

suite('files of a stage', (test) => {
  test('are found wherever they are named', () => {
    equal(reads({ policy: { model: 'loaded' }, data: { dataset: 'all' } }), ['data lessons.jsonl', 'model models/start', 'data more.jsonl'])
    equal(reads({ policy: { model: 'fresh' }, data: { curriculum: 'school' } }), ['data hard.jsonl', 'data lessons.jsonl'])
    equal(reads({ data: { dataset: 'school.second' } }), ['data hard.jsonl'])
    equal(reads({ data: [{ record: { prompt: 'a' } }], policy: { stage: 's', output: 'policy' } }), [])
  })

  test('every source that reads a file is in the table', () => {
    const library = new URL('../../../stdlib/', import.meta.url)
    const texts = readdirSync(library, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rlp')).map((name): [string, string] => [name.slice(0, -'.rlp'.length), readFileSync(new URL(name, library), 'utf8')])
    const found = texts.flatMap(([module, text]) => [...text.matchAll(/^extern fn (\w+)(?:\[\w+\])?\((?:.*, )?(\w*path|\w*file|\w*folder): Text\b.*\): Dataset/gm)].map((match): [string, string] => [`std/${module}.${match[1]}`, match[2] as string]))
    equal(Object.fromEntries(found), FILE_CALLS)
  })
})
