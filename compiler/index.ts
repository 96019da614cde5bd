// The compiler as a library: what the command line and other programs use.

export { checkOnly, compile, COMPILER, type Checked, type Compiled, type CompileOptions } from './compile.js'
export type { HostCall, HostCalls } from './lower/reward-tests.js'
export { memoryHost } from './resolve/host.js'
