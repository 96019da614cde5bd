// A `SourceHost` without a disk: modules from memory, for tests, editors and the browser.

import type { SourceHost } from '../../grammar/source/source.js'

/**
 * Serves `files` (by path, such as `main.rlp` or `shared/rows.rlp`) and, as `std/…`, what `library` reads.
 * @param library text of `std/x` by its canonical path, or `undefined`.
 * @param libraryPaths what `library` has, for suggestions.
 */
export function memoryHost(files: Readonly<Record<string, string>>, library: (path: string) => string | undefined = () => undefined, libraryPaths: readonly string[] = []): SourceHost {
  return {
    read: (path) => (Object.hasOwn(files, path) ? files[path] : path.startsWith('std/') ? library(path) : undefined),
    resolve: joinPath,
    modules: () => [...libraryPaths, ...Object.keys(files)],
  }
}

/** Canonical path of `specifier` in module `from`: `std/…` is itself, the rest is relative to the folder of `from`. */
export function joinPath(specifier: string, from: string): string {
  if (specifier.startsWith('std/')) return specifier
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/')
}
