// Exit codes of `rlpc`, as documented by `rlpc --help`.

export const EXIT = {
  done: 0,
  /** Mistakes in the spec. */
  mistakes: 1,
  /** Wrong use of the command line. */
  usage: 2,
  /** A run failed; `plan`: it would stop before its first step. */
  failed: 3,
  /** A claim or gate failed. */
  claim: 4,
  /** `diff`: the two differ; `plan --detailed-exitcode`: something would run. */
  differs: 5,
  /** A run was interrupted and can be continued: 128 + SIGINT. */
  interrupted: 130,
  /** Nobody reads what is printed: 128 + SIGPIPE. */
  pipe: 141,
} as const
