// What the operating system refused, in words: errors of the place where a command reads or writes, not of rlpc or a spec.
// The runtime words its own (82xx), with their codes.

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

/** The message to print; undefined when `error` is neither of the system nor one of the runtime that has a code. */
export function systemError(error: unknown): string | undefined {
  const { code = '', path, message, help } = error instanceof Error ? (error as NodeJS.ErrnoException & { readonly help?: string }) : ({} as NodeJS.ErrnoException & { help?: string })
  if (/^RLP8\d{3}$/.test(code)) return `error[${code}]: ${message}${help === undefined ? '' : `\n  = help: ${help}`}`
  const reason = REASONS[code]
  // Reading and writing a file that is open says no path.
  return reason === undefined ? undefined : `error: ${path === undefined ? '' : `\`${path}\`: `}${reason}`
}
