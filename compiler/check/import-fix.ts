// The fix that imports a name from the module that declares it.

import type { Fix } from '../../grammar/diagnostics/diagnostic.js'
import type { ModuleScope } from '../resolve/program.js'
import type { Context } from './context.js'

/** Path of a module, other than `scope`, that declares `name`: one of the program, else of the standard library, presets last. */
export function moduleWith(cx: Context, name: string, scope: ModuleScope): string | undefined {
  const known = cx.program.modules.find((module) => module !== scope && module.declared.has(name))
  if (known) return known.path
  const others = (cx.program.exporters?.(name) ?? []).filter((path) => path !== scope.path)
  return others.find((path) => !path.startsWith('std/presets/')) ?? others[0]
}

/** Adds `name` to an import of the same module, or a new import behind the others. */
export function importFix(name: string, from: string, scope: ModuleScope): Fix {
  const { imports, declarations, span } = scope.module
  const last = imports.find((one) => !one.namespace && one.path === from)?.names.at(-1)?.alias
  const title = `import \`${name}\` from "${from}"`
  if (last) return { title, edits: [{ span: { ...last.span, start: last.span.end }, insert: `, ${name}` }], safe: true }
  const text = `import { ${name} } from "${from}"`
  const behind = imports.at(-1)
  if (behind) return { title, edits: [{ span: { ...behind.span, start: behind.span.end }, insert: `\n${text}` }], safe: true }
  const before = declarations[0]?.span ?? { ...span, start: span.end }
  return { title, edits: [{ span: { ...before, end: before.start }, insert: `${text}\n\n` }], safe: true }
}
