// Module texts as a revision of git has them: `HEAD~1:main.rlp` with the imports of that revision. The standard library is today's.

import { execaSync } from 'execa'
import { dirname, posix } from 'node:path'
import type { SourceHost } from '../../grammar/source/source.js'
import { joinPath } from '../resolve/host.js'
import { diskHost } from './disk-host.js'
import type { Entry } from './entry.js'
import { UsageError } from './options.js'

export interface Revision extends Entry {
  readonly host: SourceHost
}

/** `revision:path`, the path from this folder; undefined when the argument is not of that form. */
export function revisionOf(argument: string): { readonly revision: string; readonly path: string } | undefined {
  const at = argument.indexOf(':')
  return at > 0 ? { revision: argument.slice(0, at), path: argument.slice(at + 1) } : undefined
}

/** The spec `path` of a revision. Throws a `UsageError` when git does not have it. */
export function openRevision({ revision, path }: { readonly revision: string; readonly path: string }): Revision {
  const folder = posix.normalize(dirname(path).split('\\').join('/'))
  const show = (file: string) => git('show', `${revision}:./${posix.join(folder, file)}`)
  const file = posix.basename(path)
  const first = show(file)
  if (typeof first !== 'string') throw new UsageError(`git has no \`${revision}:${path}\`: ${first.problem}`, 'paths are from this folder, for example `HEAD~1:main.rlp`')
  const texts = new Map<string, string | undefined>([[file, first]])
  const library = diskHost(process.cwd())
  const read = (module: string): string | undefined => {
    if (module.startsWith('std/')) return library.read(module)
    if (!texts.has(module)) {
      const text = show(module)
      texts.set(module, typeof text === 'string' ? text : undefined)
    }
    return texts.get(module)
  }
  return { folder, file, host: { ...library, read, resolve: joinPath, modules: () => [...texts.keys()] } }
}

/** Whether git knows a name as a revision. */
export function isRevision(name: string): boolean {
  return typeof git('rev-parse', '--verify', '--quiet', `${name}^{commit}`) === 'string'
}

function git(...args: string[]): string | { readonly problem: string } {
  const { failed, stdout, stderr, shortMessage } = execaSync('git', args, { reject: false, stripFinalNewline: false })
  return failed ? { problem: stderr.trim().split('\n')[0]?.replace(/^fatal: /, '') || (shortMessage ?? 'git failed') } : stdout
}
