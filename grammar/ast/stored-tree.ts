// A syntax tree as JSON and back, so that the standard library is not parsed at every start.
// Knows one thing about trees: a property whose name ends in `pan` is a span, and `file` is the source file.

import type { SourceFile, Span } from '../source/source.js'
import type { Module } from './ast.js'

const SPAN = /[sS]pan$/

/** The tree with its text; spans become `[start, end]`. */
export function storeTree(module: Module): string {
  const tree = JSON.stringify(module, (key, value: unknown) => (key === 'file' ? undefined : SPAN.test(key) ? [(value as Span).start, (value as Span).end] : value))
  return `{"text":${JSON.stringify(module.file.text)},"tree":${tree}}`
}

/** The module that was stored, over `file`; `undefined` when `file` has another text by now. */
export function restoreTree(stored: string, file: SourceFile): Module | undefined {
  const { text, tree } = JSON.parse(stored) as { text: string; tree: Module }
  if (text !== file.text) return undefined
  const restore = (value: object): void => {
    const fields = value as Record<string, unknown>
    for (const key in fields) {
      const field = fields[key]
      if (typeof field !== 'object' || field === null) continue
      if (SPAN.test(key)) fields[key] = file.span((field as number[])[0] as number, (field as number[])[1] as number)
      else restore(field)
    }
  }
  restore(tree)
  return Object.assign(tree, { file })
}
