// Finds declarations of the standard library by words of their names and texts.

import type { Module } from '../../grammar/ast/ast.js'
import { declarationPage, firstSentence, nameOf } from './page.js'

/** So many are told; more say too little. */
const MOST = 30

/** Whether a word of the text begins so; `AsyncGrpo` is two words, too. */
const beginsIn = (text: string): ((begin: RegExp) => boolean) => {
  const apart = `${text} ${text.replace(/(?<=[a-z])(?=[A-Z])/g, ' ')}`
  return (begin) => begin.test(apart)
}

/** Declarations whose pages have all of `words`, or words that begin so (case does not count), a line each: those with one in the name first, then those with one in their first sentence. Undefined when there is none. */
export function searched(library: ReadonlyMap<string, Module>, words: readonly string[]): string | undefined {
  const begins = words.map((word) => new RegExp(`(?<![a-z])${word.replace(/[^\w\s]/g, '\\$&')}`, 'i'))
  const found = [...library].flatMap(([of, { declarations }]) =>
    declarations
      .filter((declaration) => declaration.node !== 'Test' && begins.every(beginsIn(declarationPage(of, declaration))))
      .map((declaration) => {
        const [name, summary] = [nameOf(declaration), firstSentence(declaration.doc)]
        return { name: `${of}.${name}`, summary, rank: begins.some(beginsIn(name)) ? 0 : begins.some(beginsIn(summary)) ? 1 : 2 }
      }),
  )
  if (found.length === 0) return undefined
  const told = found.sort((a, b) => a.rank - b.rank).slice(0, MOST)
  const width = Math.max(...told.map(({ name }) => name.length))
  const more = found.length - told.length
  return `${told.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`.trimEnd()).join('\n')}\n${more > 0 ? `and ${more} more: give more words\n` : ''}`
}
