// The grammar's front door: text → syntax tree and diagnostics.
// Everything else of this folder is either data (codes, tokens, tree types) or behind these two functions.

import type { Expression, Module } from './ast/ast.js'
import { lowerLoneExpression, lowerModule } from './ast/lower.js'
import type { Diagnostic } from './diagnostics/diagnostic.js'
import { parseCst } from './parser/parse-cst.js'
import type { SourceFile } from './source/source.js'

/** The syntax tree of a file. Never throws: whatever the text, there is a tree, and diagnostics in the order of the text. */
export function parse(file: SourceFile): { module: Module; diagnostics: Diagnostic[] } {
  const parsed = parseCst(file, 'module')
  const module = lowerModule(file, parsed)
  return { module, diagnostics: withoutEchoes(parsed.diagnostics) }
}

/** The tree of one expression alone, such as the value in `--set name=value`. Never throws. */
export function parseExpression(file: SourceFile): { expression: Expression; diagnostics: Diagnostic[] } {
  const parsed = parseCst(file, 'expression')
  const expression = lowerLoneExpression(file, parsed)
  return { expression, diagnostics: withoutEchoes(parsed.diagnostics) }
}

/** One mistake often trips the parser again on the same line: there "expected X, found Y" gives way to what says more. */
function withoutEchoes(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const sorted = diagnostics.toSorted((a, b) => a.primary.span.start - b.primary.span.start)
  const line = ({ primary }: Diagnostic): number => primary.span.file.position(primary.span.start).line
  const isEcho = (each: Diagnostic): boolean => each.code === 'RLP1007'
  const explained = new Set(sorted.filter((each) => !isEcho(each) && each.severity === 'error').map(line))
  return sorted.filter((each) => {
    if (!isEcho(each)) return true
    const at = line(each)
    if (explained.has(at)) return false
    explained.add(at)
    return true
  })
}
