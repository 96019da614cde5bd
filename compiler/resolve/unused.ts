// Warnings about imports and declarations that nothing uses. Asked for only when all else is well: a misspelt use is no unused name.

import type { Diagnostic, Fix } from '../../grammar/diagnostics/diagnostic.js'
import type { Import } from '../../grammar/ast/ast.js'
import { report } from './codes.js'
import { wordOf, type ModuleScope } from './program.js'
import { namesUsed } from './uses.js'

/** Words whose declarations are there for themselves. */
const ROOTS: ReadonlySet<string> = new Set(['param', 'stage', 'claim', 'pipeline', 'variant'])
/** Words that make a file more than a library of names for others. */
const PURPOSES: ReadonlySet<string> = new Set(['stage', 'claim', 'pipeline'])

/** Unused imports, and, when the module is an entry that does something, unused declarations. Names that begin with `_` are exempt. */
export function unused(scope: ModuleScope, entry: boolean): Diagnostic[] {
  const used = namesUsed(scope.module)
  const found: Diagnostic[] = []
  for (const one of scope.module.imports) found.push(...unusedImports(one, used))
  const symbols = [...scope.declared.values()]
  if (!entry || !symbols.some((symbol) => PURPOSES.has(wordOf(symbol)))) return found
  for (const symbol of symbols) {
    const word = wordOf(symbol)
    if (ROOTS.has(word) || used.has(symbol.name) || symbol.name.startsWith('_')) continue
    found.push(report('RLP2009', symbol.declaration.name.span, `${word} \`${symbol.name}\` is never used`, { label: 'declared here', help: 'remove the declaration, or use it' }))
  }
  return found
}

function unusedImports(one: Import, used: ReadonlySet<string>): Diagnostic[] {
  const whole: Fix = { title: 'remove the import', edits: [{ span: one.span, insert: '' }], safe: true }
  const help = 'remove it from the import'
  if (one.namespace) {
    if (used.has(one.namespace.name)) return []
    return [report('RLP2010', one.namespace.span, `\`${one.namespace.name}\` is imported and never used`, { help: 'remove the import', fixes: [whole] })]
  }
  return one.names.flatMap(({ name, alias }, i) => {
    if (used.has(alias.name) || alias.name.startsWith('_')) return []
    const next = one.names[i + 1]
    const previous = one.names[i - 1]
    const span = next ? { ...name.span, end: next.name.span.start } : previous ? { ...alias.span, start: previous.alias.span.end } : undefined
    const fix: Fix = span ? { title: `remove \`${alias.name}\``, edits: [{ span, insert: '' }], safe: true } : whole
    return [report('RLP2010', alias.span, `\`${alias.name}\` is imported and never used`, { help, fixes: [fix] })]
  })
}
