// Which folder may import which: data flows one way, and only the command line joins compiler and runtime.

import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { is, suite } from './suite.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Row {
  /** `compiler/check`, or `compiler/*.ts` for the files of a folder itself. */
  readonly folder: string
  readonly imports: readonly string[]
}

const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)

/** The rows of the code map in ARCHITECTURE.md. */
const rows: readonly Row[] = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, folders = '', , imports = ''] = line.split(' | ').length === 3 ? ['', ...line.slice(2).split(' | ')] : []
    return /^`(grammar|spec|compiler|runtime)\//.test(folders) ? names(folders).map((folder) => ({ folder, imports: names(imports) })) : []
  })

/** Whether a file lies in a folder, or for `x/*.ts` in it directly. */
const liesIn = (file: string, folder: string): boolean => (folder.endsWith('/*.ts') ? dirname(file) === dirname(folder) : file.startsWith(`${folder}/`))

/** Packages that only one folder may know. */
const owners: Readonly<Record<string, string>> = {
  chevrotain: 'grammar/parser',
  uvu: 'spec/test',
  hyparquet: 'runtime/data',
}

const sources = ['grammar', 'compiler', 'runtime', 'spec'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('assembly'))
    .map((name) => join(folder, name)),
)

function importsOf(file: string): { specifier: string; lazy: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found: { specifier: string; lazy: boolean }[] = []
  for (const match of text.matchAll(/^\s*(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm)) found.push({ specifier: (match[1] ?? match[2]) as string, lazy: /^\s*import\s+type/.test(match[0]) })
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g)) found.push({ specifier: match[1] as string, lazy: true })
  return found
}

const isTest = (file: string) => /\/(test|bench|tools)\//.test(file)

suite('imports', (test) => {
  test('folders import only what the table allows', () => {
    const wrong: string[] = []
    for (const file of sources) {
      if (isTest(file)) continue
      const row = rows.find(({ folder }) => liesIn(file, folder))
      if (!row) wrong.push(`${file} is in no row of the table`)
      for (const { specifier } of importsOf(file)) {
        const target = relative(root, resolve(root, dirname(file), specifier))
        if (row && specifier.startsWith('.') && ![row.folder, ...row.imports].some((folder) => liesIn(target, folder))) wrong.push(`${file} imports ${target}`)
      }
    }
    is(wrong.join('\n'), '')
  })

  test('every folder of the table is there', () => {
    is(rows.filter(({ folder }) => !sources.some((file) => liesIn(file, folder))).map(({ folder }) => folder).join(), '')
  })

  test('the command line loads the runtime lazily', () => {
    const eager = sources
      .filter((file) => file.startsWith('compiler/cli/'))
      .flatMap((file) => importsOf(file).filter(({ specifier, lazy }) => specifier.includes('/runtime/') && !lazy && !isTest(file)).map(({ specifier }) => `${file} imports ${specifier}`))
    is(eager.join('\n'), '')
  })

  test('packages stay in the folder that owns them', () => {
    const wrong = sources
      .filter((file) => !isTest(file) || file.startsWith('grammar/'))
      .flatMap((file) => importsOf(file).filter(({ specifier }) => owners[specifier] !== undefined && !file.startsWith(owners[specifier] as string) && !isTest(file)).map(({ specifier }) => `${file} imports ${specifier}`))
    is(wrong.join('\n'), '')
  })

  test('no file is longer than 600 lines or lacks its header', () => {
    const wrong = sources.flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n')
      return [...(lines.length > 601 ? [`${file}: ${lines.length} lines`] : []), ...(lines[0]?.startsWith('//') || lines[0]?.startsWith('#!') ? [] : [`${file}: no header comment`])]
    })
    is(wrong.join('\n'), '')
  })
})
