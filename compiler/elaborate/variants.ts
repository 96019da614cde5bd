// `variant mini { set { stage.attribute = value, … } }`: other values by path, put in before anything is evaluated.
// Paths and types were checked; here they only find their place.

import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Declaration, Expression, GenericDeclaration } from '../../grammar/ast/ast.js'
import { SourceFile } from '../../grammar/source/source.js'
import { wordOf, type Program } from '../resolve/program.js'
import { report } from './codes.js'
import type { Context } from './context.js'

/** One line of `set`. `path` is relative to the declaration: `rollout.per_step`; empty for the value of a `param` or `const`. */
export interface Patch {
  readonly path: string
  readonly value: Expression
}

export interface Variant {
  readonly patches: ReadonlyMap<Declaration, readonly Patch[]>
  readonly diagnostics: readonly Diagnostic[]
}

/** The patches of the variant with this name; none without a name. */
export function readVariant(program: Program, name: string | undefined): Variant {
  const patches = new Map<Declaration, Patch[]>()
  if (name === undefined) return { patches, diagnostics: [] }
  const symbol = program.entry.declared.get(name)
  if (!symbol || wordOf(symbol) !== 'variant') return { patches, diagnostics: [unknownVariant(program, name)] }
  const variant = symbol.declaration as GenericDeclaration
  for (const item of variant.body?.items ?? []) {
    if (item.node !== 'Section' || item.name.name !== 'set') continue
    for (const line of item.body.items) {
      if (line.node !== 'Attribute') continue
      const [head, ...rest] = line.path.map((part) => part.name)
      const target = head === undefined ? undefined : program.entry.lookup(head)
      if (target?.symbol !== 'declaration') continue
      const known = patches.get(target.declaration) ?? []
      patches.set(target.declaration, [...known, { path: rest.join('.'), value: line.value }])
    }
  }
  return { patches, diagnostics: [] }
}

/** The value that the variant gives to `path` of a declaration. */
export function patchOf(context: Context, declaration: Declaration, path: string): Patch | undefined {
  return context.patches.get(declaration)?.findLast((patch) => patch.path === path)
}

function unknownVariant(program: Program, name: string): Diagnostic {
  const names = [...program.entry.declared.values()].filter((symbol) => wordOf(symbol) === 'variant').map((symbol) => symbol.name)
  const near = suggest(name, names)
  const file = new SourceFile('command line', name)
  return report('RLP7007', file.span(0, name.length), `there is no variant \`${name}\``, {
    label: near === undefined ? 'not declared' : `did you mean \`${near}\`?`,
    notes: [names.length === 0 ? 'this file declares no variant' : `variants are ${names.map((one) => `\`${one}\``).join(', ')}`],
    help: names.length === 0 ? `declare it: \`variant ${name} { set { … } }\`` : `use \`--variant ${near ?? names[0]}\``,
  })
}
