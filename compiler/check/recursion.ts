// Functions, constants and parameters that need themselves, directly or through others.

import type { Declaration } from '../../grammar/ast/ast.js'
import { wordOf } from '../resolve/program.js'
import type { Context, Reference } from './context.js'

const DEFINITIONS: ReadonlySet<string> = new Set(['fn', 'const', 'param'])

/** Reports each circle once, at the use that closes it. */
export function checkRecursion(cx: Context): void {
  const done = new Set<Declaration>()
  const open: { readonly declaration: Declaration; readonly by: Reference | undefined }[] = []

  const visit = (declaration: Declaration, by: Reference | undefined): void => {
    const start = open.findIndex((entry) => entry.declaration === declaration)
    if (start >= 0 && by) return circle(cx, open.slice(start), by)
    if (done.has(declaration)) return
    done.add(declaration)
    open.push({ declaration, by })
    for (const reference of cx.references.get(declaration) ?? []) if (DEFINITIONS.has(wordOf(reference.to))) visit(reference.to.declaration, reference)
    open.pop()
  }

  for (const declaration of cx.references.keys()) if (isDefinition(declaration)) visit(declaration, undefined)
}

function isDefinition(declaration: Declaration): boolean {
  return declaration.node === 'Function' || (declaration.node === 'Declaration' && DEFINITIONS.has(declaration.word.name))
}

function circle(cx: Context, chain: readonly { readonly declaration: Declaration; readonly by: Reference | undefined }[], last: Reference): void {
  const names = chain.map(({ declaration }) => nameOf(declaration))
  const [first = ''] = names
  const word = wordOf(last.to)
  cx.report('RLP2008', last.span, chain.length === 1 ? `\`${first}\` is defined by itself` : `${names.map((name) => `\`${name}\``).join(' and ')} are defined by each other`, {
    label: word === 'fn' ? 'functions do not call themselves' : 'needs its own value',
    related: chain.slice(1).flatMap(({ by }, i) => (by ? [{ span: by.span, text: `${names[i]} needs ${names[i + 1]}` }] : [])),
    notes: [[...names, first].join(' -> ')],
    help: word === 'fn' ? 'write a fixed number of steps; repetition over stages is `for round in 1..n`' : 'give one of them a value of its own',
  })
}

function nameOf(declaration: Declaration): string {
  return declaration.node === 'Test' ? 'test' : declaration.name.name
}
