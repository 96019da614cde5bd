// What the operating system refused, in words: errors of the place where a command reads or writes, not of rlpc or a spec.
// The runtime words its own (82xx), as a run goes on where it can.

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no room left',
  EDQUOT: 'there is no room left',
  EEXIST: 'not a folder',
  ENOTDIR: 'not a folder',
  EISDIR: 'a folder, not a file',
}

/** `path`: reason; undefined when `error` is anything else. */
export function systemError(error: unknown): string | undefined {
  const { code, path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const reason = REASONS[code ?? '']
  return reason === undefined || path === undefined ? undefined : `\`${path}\`: ${reason}`
}
