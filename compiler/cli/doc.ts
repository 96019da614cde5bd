// `rlpc doc [MODULE|NAME|WORDS|FILE:LINE:COLUMN]`: the standard library as Markdown, a page for each module into a folder, or one module or name on the terminal.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Module } from '../../grammar/ast/ast.js'
import { parse } from '../../grammar/index.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { SourceFile } from '../../grammar/source/source.js'
import { declarationPage, firstSentence, modulePage, nameOf } from '../doc/page.js'
import { hoverAt } from '../doc/hover.js'
import { searched } from '../doc/search.js'
import { readKinds } from '../kinds/read.js'
import { resolve } from '../resolve/resolve.js'
import { diskHost } from './disk-host.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { text, UsageError, type Arguments } from './options.js'

type Library = ReadonlyMap<string, Module>

export async function run(args: Arguments): Promise<number> {
  const library = readLibrary()
  const folder = text(args, 'output')
  const wanted = args.positionals[0]
  const place = /^(.+\.rlp):(\d+):(\d+)$/.exec(wanted ?? '')
  if (place) process.stdout.write(`${pageAt(place[1] as string, Number(place[2]), Number(place[3]))}\n`)
  else if (folder === undefined) process.stdout.write(wanted === undefined ? contents(library) : pageOf(library, wanted))
  else if (wanted !== undefined) throw new UsageError('`-o` writes all modules', 'leave out the name, or `-o`')
  else writePages(library, folder)
  return EXIT.done
}

/** What an editor shows at a place of a spec, lines and columns from 1. */
function pageAt(file: string, line: number, column: number): string {
  const entry = findEntry(file)
  const { program } = resolve(entry.file, diskHost(entry.folder))
  const page = program && hoverAt(program, readKinds(program).kinds, program.entry.module.file.offset({ line, column }))
  if (page === undefined) throw new UsageError(`nothing is known of what stands at \`${file}:${line}:${column}\``, 'point at a name: a declaration, an import, an attribute, an output of a stage')
  return page
}

/** The trees of all modules, by the path that imports them. */
export function readLibrary(): Library {
  const host = diskHost('.')
  const paths = (host.modules?.() ?? []).filter((path) => path.startsWith('std/'))
  return new Map(paths.map((path) => [path, parse(new SourceFile(path, host.read(path) ?? '')).module]))
}

/** A module (`std/losses`, `losses`), every declaration of a name (`clipped`, `std/losses.clipped`), or the names whose pages have all of some words. */
export function pageOf(library: Library, wanted: string): string {
  const path = [wanted, `std/${wanted}`].find((each) => library.has(each))
  if (path !== undefined) return modulePage(path, library.get(path) as Module)
  const all = [...library].flatMap(([of, { declarations }]) => declarations.map((declaration) => ({ of, declaration, name: nameOf(declaration) })))
  const found = all.filter(({ of, name }) => name === wanted || `${of}.${name}` === wanted || `${of}.${name}` === `std/${wanted}`)
  if (found.length > 0) return `${found.map(({ of, declaration }) => declarationPage(of, declaration)).join('\n\n')}\n`
  const lines = searched(library, wanted.split(/\s+/).filter((word) => word !== ''))
  if (lines !== undefined) return lines
  const near = suggest(wanted, [...all.map(({ name }) => name), ...[...library.keys()].flatMap((each) => [each, each.slice(4)])])
  throw new UsageError(`the standard library has no module or name \`${wanted}\``, near !== undefined ? `did you mean \`${near}\`?` : '`rlpc doc` lists the modules')
}

/** Every module and the first sentence about it. */
function contents(library: Library): string {
  const width = Math.max(...[...library.keys()].map((path) => path.length))
  return `${[...library].map(([path, { doc }]) => `${path.padEnd(width)}  ${firstSentence(doc)}`).join('\n')}\n`
}

function writePages(library: Library, folder: string): void {
  for (const [path, module] of library) {
    const file = join(folder, `${path.slice(4)}.md`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, modulePage(path, module))
  }
  const rows = [...library].map(([path, { doc }]) => `- [${path}](${path.slice(4)}.md): ${firstSentence(doc)}`)
  writeFileSync(join(folder, 'README.md'), `# The standard library\n\n${rows.join('\n')}\n`)
}
