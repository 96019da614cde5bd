// Finds declarations of the standard library by words of their names and texts.

import type { Module } from '../../grammar/ast/ast.js'
import { declarationPage, firstSentence, nameOf } from './page.js'

/** So many are told; more say too little. */
const MOST = 30

/** Declarations whose pages have all of `words` (case does not count), a line each: those with one in the name first, then those with one in their first sentence. Undefined when there is none. */
export function searched(library: ReadonlyMap<string, Module>, words: readonly string[]): string | undefined {
  const has = (text: string): ((word: string) => boolean) => (word) => text.toLowerCase().includes(word.toLowerCase())
  const found = [...library].flatMap(([of, { declarations }]) =>
    declarations
      .filter((declaration) => declaration.node !== 'Test' && words.every(has(declarationPage(of, declaration))))
      .map((declaration) => {
        const [name, summary] = [nameOf(declaration), firstSentence(declaration.doc)]
        return { name: `${of}.${name}`, summary, rank: words.some(has(name)) ? 0 : words.some(has(summary)) ? 1 : 2 }
      }),
  )
  if (found.length === 0) return undefined
  const told = found.sort((a, b) => a.rank - b.rank).slice(0, MOST)
  const width = Math.max(...told.map(({ name }) => name.length))
  const more = found.length - told.length
  return `${told.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`.trimEnd()).join('\n')}\n${more > 0 ? `and ${more} more: give more words\n` : ''}`
}
