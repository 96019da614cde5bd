// The part of the WebAssembly JavaScript interface (core specification 2.0) that we use: neither ES2023 nor Node's types declare it.
// Does not replace lib.dom: a project that includes that gets the same names from there.

declare namespace WebAssembly {
  type Exports = Record<string, unknown>
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean })
    readonly buffer: ArrayBufferLike
    grow(pages: number): number
  }
  class Module {
    constructor(bytes: Uint8Array)
    static exports(module: Module): { name: string; kind: string }[]
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Exports | Record<string, Memory>>)
    readonly exports: Exports
  }
  class RuntimeError extends Error {}
  function validate(bytes: Uint8Array): boolean
}
