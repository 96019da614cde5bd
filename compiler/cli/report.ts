// How every command prints diagnostics: rendered on stderr, or as JSON on stdout.

import { renderAll, toJson } from '../../grammar/diagnostics/render.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'

/** Colour only on a terminal, and never against `NO_COLOR`. */
export function useColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR']
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((one) => one.severity === 'error')
}

export function print(diagnostics: readonly Diagnostic[], format: 'text' | 'json'): void {
  if (format === 'json') {
    process.stdout.write(`${JSON.stringify({ diagnostics: diagnostics.map(toJson) }, null, 2)}\n`)
  } else if (diagnostics.length > 0) {
    process.stderr.write(renderAll(diagnostics, { colour: useColour(process.stderr), width: process.stderr.columns ?? 100 }))
  }
}
