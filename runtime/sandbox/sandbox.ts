// What is asked of a sandbox and what it answers. Programs are written by policies: whatever they do is a result, never an
// exception. How they are contained is in `javascript-worker.ts` and `contain.py`.

/** How a program ended. The compiler's `std/code` has the same list. */
export const ENDINGS = ['done', 'failed', 'timeout', 'memory', 'output', 'forbidden'] as const

/**
 * `done`: by itself, with exit state 0. `failed`: an exception, another exit state, or a crash. `timeout`, `memory`, `output`: it went
 * over that limit. `forbidden`: it tried what no program here may, such as opening a socket.
 */
export type Ending = (typeof ENDINGS)[number]

export interface Limits {
  /** Counted seconds: what they count is said by each language. */
  readonly time: number
  /** Bytes that the program and its interpreter may hold. */
  readonly memory: number
  /** Bytes of UTF-8 that it may print. */
  readonly output: number
}

export interface Program {
  readonly source: string
  /** What it reads from standard input. */
  readonly input: string
  readonly limits: Limits
}

export interface Ran {
  readonly ending: Ending
  /** What it printed, cut at the limit. */
  readonly output: string
  /** Why it did not end well: one line, `''` when it did. */
  readonly message: string
}

/** A language's sandbox. Rejects with a `HostError` only when this machine cannot run or contain programs. */
export type Sandbox = (program: Program) => Promise<Ran>

/** Longest message kept of what a program said about its failure. */
const MESSAGE = 200

/** The first line of a message, cut. */
export function oneLine(message: string): string {
  const [line = ''] = message.split('\n', 1)
  return line.length <= MESSAGE ? line : `${line.slice(0, MESSAGE)}…`
}

/** The longest beginning of a text that has at most so many bytes of UTF-8 and ends between characters. */
export function cutBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  let end = bytes
  while (end > 0 && ((encoded[end] as number) & 0xc0) === 0x80) end--
  return encoded.toString('utf8', 0, end)
}
